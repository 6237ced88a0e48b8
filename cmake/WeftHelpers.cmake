# SPDX-License-Identifier: Apache-2.0
#
# The two calls of which the tree is made: weft_add_floor in every floor's folder, and
# weft_add_test_suite in every folder of tests.

# What these offer is compiled into our objects: whoever links an installed weft needs none of it.
set(weft_header_only nlohmann_json::nlohmann_json xxhash::headers)

# weft_add_floor(<name> SOURCES ... HEADERS ... [PUBLIC_LINKS ...] [PRIVATE_LINKS ...]
#                [PRECOMPILED header...])
# makes the static library weft_<name>, alias weft::<name>. HEADERS, relative to the folder, are
# those that are installed; each must compile alone. The preset tidy precompiles nothing, and so
# sees whether each source includes what it uses.
function(weft_add_floor name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" ""
    "SOURCES;HEADERS;PUBLIC_LINKS;PRIVATE_LINKS;PRECOMPILED")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weft_add_floor(${name}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(target weft_${name})
  add_library(${target} STATIC ${arg_SOURCES} ${arg_HEADERS})
  add_library(weft::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  weft_build_options(${target})

  # g++ 12 warns of its own <string> where that was precompiled and optimised (its bug 105651).
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_precompile_headers(${target} PRIVATE ${arg_PRECOMPILED})
  endif()

  weft_link_into_includes("${CMAKE_CURRENT_SOURCE_DIR}" ${name})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  foreach(library IN LISTS arg_PRIVATE_LINKS)
    if(library IN_LIST weft_header_only)
      set(library $<BUILD_INTERFACE:${library}>)
    endif()
    target_link_libraries(${target} PRIVATE ${library})
  endforeach()
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC_LINKS})

  install(TARGETS ${target} EXPORT weftTargets)
  foreach(header IN LISTS arg_HEADERS)
    cmake_path(GET header PARENT_PATH folder)
    install(FILES ${header} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weft/${name}/${folder}")
    set_property(GLOBAL APPEND PROPERTY WEFT_HEADERS "weft/${name}/${header}")
  endforeach()
  set_property(GLOBAL APPEND PROPERTY WEFT_FLOORS ${name})
endfunction()

# Offers `path` to every include as "weft/<name>/...": a link, so that an edit needs no copy.
function(weft_link_into_includes path name)
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/include/weft")
  file(CREATE_LINK "${path}" "${PROJECT_BINARY_DIR}/include/weft/${name}" SYMBOLIC)
endfunction()

# weft::weft: all floors, and the one header that includes them.
function(weft_add_umbrella)
  get_property(floors GLOBAL PROPERTY WEFT_FLOORS)
  add_library(weft INTERFACE)
  add_library(weft::weft ALIAS weft)
  list(TRANSFORM floors PREPEND weft_ OUTPUT_VARIABLE libraries)
  target_link_libraries(weft INTERFACE ${libraries})
  install(TARGETS weft EXPORT weftTargets)
  weft_link_into_includes("${PROJECT_SOURCE_DIR}/weft.h" weft.h)
  install(FILES "${PROJECT_SOURCE_DIR}/weft.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weft")
  set_property(GLOBAL APPEND PROPERTY WEFT_HEADERS "weft/weft.h")
endfunction()

# weft_add_test_suite(<name> SOURCES ... LINKS ... [LABELS ...] [ENVIRONMENT VAR=value ...]
#                     [TIMEOUT seconds] [OPTIMISED source...] [PRECOMPILED header...])
# makes one gtest executable whose cases are tests of their own, named <name>.<Suite>.<Case>. The
# cases themselves are optimised little, but for the sources that are OPTIMISED as the library is.
function(weft_add_test_suite name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT"
    "SOURCES;LINKS;LABELS;ENVIRONMENT;OPTIMISED;PRECOMPILED")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weft_add_test_suite(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(timeout 120)
  if(arg_TIMEOUT)
    set(timeout ${arg_TIMEOUT})
  endif()
  if(WEFT_SANITIZE)
    math(EXPR timeout "${timeout} * 5")
  endif()
  add_executable(${name} ${arg_SOURCES} ${arg_OPTIMISED})
  weft_build_options(${name})
  set_target_properties(${name} PROPERTIES WEFT_QUICK ON)
  set_source_files_properties(${arg_OPTIMISED} PROPERTIES
    COMPILE_OPTIONS "${weft_full_optimisation}" SKIP_PRECOMPILE_HEADERS ON)
  target_precompile_headers(${name} PRIVATE ${arg_PRECOMPILED})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} GTest::gmock GTest::gtest_main)
  # Ten times slower: a test may take a smaller size of the same thing.
  target_compile_definitions(${name} PRIVATE WEFT_SANITIZED=$<BOOL:${WEFT_SANITIZE}>)
  set(environment ${weft_test_environment} ${arg_ENVIRONMENT})
  if(WEFT_SANITIZE)
    # A sanitizer takes longer to start than most cases to run: several share a process.
    set(shards 8)
    foreach(shard RANGE 1 ${shards})
      math(EXPR index "${shard} - 1")
      add_test(NAME ${name}.${shard} COMMAND ${name})
      set_tests_properties(${name}.${shard} PROPERTIES TIMEOUT ${timeout} LABELS "${arg_LABELS}"
        ENVIRONMENT "${environment};GTEST_TOTAL_SHARDS=${shards};GTEST_SHARD_INDEX=${index}")
    endforeach()
    return()
  endif()
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES)

  # gtest_discover_tests tears lists apart, so labels and environment are set when ctest starts.
  set(properties "${CMAKE_CURRENT_BINARY_DIR}/${name}_properties.cmake")
  file(CONFIGURE OUTPUT "${properties}" @ONLY CONTENT [[
if(@name@_TESTS)
  set_tests_properties(${@name@_TESTS} PROPERTIES
    TIMEOUT "@timeout@" LABELS "@arg_LABELS@" ENVIRONMENT "@environment@")
endif()
]])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${properties}")
endfunction()
