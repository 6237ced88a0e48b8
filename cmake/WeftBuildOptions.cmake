# SPDX-License-Identifier: Apache-2.0
#
# Warnings and sanitizers as interface targets. They are linked as $<BUILD_INTERFACE:...>, so that
# neither an installed weft nor a project that adds it as a folder inherits a flag.

if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12) OR
   (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14))
  message(FATAL_ERROR "weft needs g++ 12 or clang 14 or newer; CMAKE_CXX_COMPILER is "
    "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
endif()

add_library(weft_warnings INTERFACE)
target_compile_options(weft_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  $<$<BOOL:${WEFT_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 sees overlap in every `"text" + std::string()` (its bug 105651).
  target_compile_options(weft_warnings INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(weft_warnings INTERFACE
    -Wthread-safety -Wthread-safety-beta -Werror=thread-safety)
endif()

# Bodies of tests are instantiated by the thousand and run for moments: with WEFT_QUICK a target is
# optimised less than what it tests, which halves the time of a whole build.
set(weft_quick $<BOOL:$<TARGET_PROPERTY:WEFT_QUICK>>)
target_compile_options(weft_warnings INTERFACE $<$<AND:$<CONFIG:Release>,${weft_quick}>:-O1>)
set(weft_full_optimisation $<$<CONFIG:Release>:-O3>$<$<BOOL:${WEFT_SANITIZE}>:-O1>)

add_library(weft_sanitizers INTERFACE)
set(weft_test_environment "")
if(WEFT_SANITIZE STREQUAL "address")
  # The vptr check opens a pipe of its own; where a test leaves no descriptor it reports an error.
  set(flags -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all)
  set(weft_test_environment
    "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
    "UBSAN_OPTIONS=print_stacktrace=1")
elseif(WEFT_SANITIZE STREQUAL "thread")
  set(flags -fsanitize=thread)
  set(weft_test_environment "TSAN_OPTIONS=second_deadlock_stack=1:detect_deadlocks=1")
elseif(WEFT_SANITIZE)
  message(FATAL_ERROR "WEFT_SANITIZE is '${WEFT_SANITIZE}'; expected address, thread or nothing")
endif()
# Optimising what both of its sanitizers have added takes longer than the tests save by it.
set(weft_slow_to_compile $<STREQUAL:${WEFT_SANITIZE},address>)
if(WEFT_SANITIZE)
  # The only C is the grammars: most of the time of a run, and nobody steps through it.
  target_compile_options(weft_sanitizers INTERFACE ${flags} -g1 -fno-omit-frame-pointer
    $<IF:$<COMPILE_LANGUAGE:C>,-O2,$<IF:$<OR:${weft_quick},${weft_slow_to_compile}>,-O0,-O1>>)
  target_link_options(weft_sanitizers INTERFACE ${flags})
endif()

# Gives `target` the project's own flags, and nothing to those who link it.
function(weft_build_options target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PRIVATE
    $<BUILD_INTERFACE:weft_warnings> $<BUILD_INTERFACE:weft_sanitizers>)
endfunction()

# A launcher that the caller chose stays; otherwise ccache is used where it exists.
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(WEFT_CCACHE ccache)
  mark_as_advanced(WEFT_CCACHE)
  if(WEFT_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER "${WEFT_CCACHE}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${WEFT_CCACHE}")
  endif()
endif()
