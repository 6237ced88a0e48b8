# SPDX-License-Identifier: Apache-2.0
#
# The tree-sitter runtime and nine grammars as one static library, compiled from the C sources of
# the packages that integrations/codebase/grammars/package-lock.json pins.

set(WEFT_GRAMMARS_DIR "${PROJECT_SOURCE_DIR}/build/deps/grammars/node_modules"
  CACHE PATH "Folder with the tree-sitter packages")

set(runtime "${WEFT_GRAMMARS_DIR}/tree-sitter/vendor/tree-sitter/lib")
set(grammars
  tree-sitter-c tree-sitter-cpp tree-sitter-go tree-sitter-java tree-sitter-javascript
  tree-sitter-python tree-sitter-rust tree-sitter-typescript/tsx tree-sitter-typescript/typescript)

foreach(file "${runtime}/src/lib.c" ${grammars})
  if(NOT EXISTS "${file}" AND NOT EXISTS "${WEFT_GRAMMARS_DIR}/${file}/src/parser.c")
    message(FATAL_ERROR
      "No tree-sitter sources for '${file}' in WEFT_GRAMMARS_DIR, ${WEFT_GRAMMARS_DIR}.\n"
      "'./dev build' in the source tree of weft brings them; or set WEFT_GRAMMARS_DIR to a folder "
      "that has them, or switch the codebase analysis off with -DWEFT_CODEBASE=OFF.")
  endif()
endforeach()

add_library(weft_grammars STATIC "${runtime}/src/lib.c"
  "${CMAKE_CURRENT_LIST_DIR}/../integrations/codebase/grammars/scanner_memory.c")
add_library(weft::grammars ALIAS weft_grammars)
set_target_properties(weft_grammars PROPERTIES EXPORT_NAME grammars C_STANDARD 11)
target_compile_definitions(weft_grammars PRIVATE _DEFAULT_SOURCE _POSIX_C_SOURCE=200809L)
target_compile_options(weft_grammars PRIVATE -w)
target_link_libraries(weft_grammars PRIVATE $<BUILD_INTERFACE:weft_sanitizers>)
target_include_directories(weft_grammars SYSTEM PUBLIC $<BUILD_INTERFACE:${runtime}/include>)
target_include_directories(weft_grammars PRIVATE "${runtime}/src")

# The tree_sitter/parser.h beside each parser differs with its ABI: each sees only its own.
foreach(grammar IN LISTS grammars)
  set(folder "${WEFT_GRAMMARS_DIR}/${grammar}/src")
  foreach(source parser.c scanner.c)
    if(EXISTS "${folder}/${source}")
      target_sources(weft_grammars PRIVATE "${folder}/${source}")
      set_property(SOURCE "${folder}/${source}" PROPERTY INCLUDE_DIRECTORIES "${folder}")
    endif()
    if(source STREQUAL "scanner.c")  # see scanner_memory.c
      set_property(SOURCE "${folder}/${source}" PROPERTY COMPILE_DEFINITIONS
        malloc=weft_scanner_malloc calloc=weft_scanner_calloc
        realloc=weft_scanner_realloc free=weft_scanner_free)
    endif()
  endforeach()
endforeach()

install(TARGETS weft_grammars EXPORT weftTargets)
set(licenses "${CMAKE_INSTALL_DOCDIR}/licenses")
foreach(grammar IN LISTS grammars ITEMS tree-sitter)
  string(REGEX REPLACE "/.*" "" package "${grammar}")
  install(FILES "${WEFT_GRAMMARS_DIR}/${package}/LICENSE"
    DESTINATION "${licenses}" RENAME "${package}.txt")
endforeach()
install(FILES "${runtime}/src/unicode/LICENSE"
  DESTINATION "${licenses}" RENAME tree-sitter-unicode.txt)
