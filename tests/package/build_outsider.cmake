# SPDX-License-Identifier: Apache-2.0
#
# Run as a script: builds outsider/ the WAY that is asked for, runs it, and looks for our flags in
# its compile commands.

cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${SCRATCH}")
set(build "${SCRATCH}/build")
if(WAY STREQUAL "install")
  set(prefix "${SCRATCH}/prefix")
  run(${CMAKE_COMMAND} --install "${WEFT_BUILD}" --prefix "${prefix}")
  # An install may be moved, and its source and build trees deleted.
  file(RENAME "${prefix}" "${SCRATCH}/moved")
  set(prefix "${SCRATCH}/moved")
  file(GLOB_RECURSE packages "${prefix}/*.cmake")
  foreach(file IN LISTS packages)
    file(READ "${file}" text)
    foreach(folder "${WEFT_SOURCE}" "${WEFT_BUILD}")
      string(FIND "${text}" "${folder}" at)
      if(NOT at EQUAL -1)
        message(FATAL_ERROR "${file} names ${folder}")
      endif()
    endforeach()
  endforeach()
  set(way "-DCMAKE_PREFIX_PATH=${prefix}" "-DOUTSIDER_EXPECTS=${WEFT_VERSION}"
    "-DOUTSIDER_CODEBASE=${WEFT_CODEBASE}")
else()
  # The grammars make no difference here; without them the build is short, and that switch tried.
  set(way "-DOUTSIDER_WEFT_FOLDER=${WEFT_SOURCE}" -DWEFT_CODEBASE=OFF -DOUTSIDER_CODEBASE=OFF)
endif()

run(${CMAKE_COMMAND} -S "${CMAKE_CURRENT_LIST_DIR}/outsider" -B "${build}" -G Ninja
  -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_CXX_COMPILER=${CXX_COMPILER}
  -DCMAKE_BUILD_TYPE=${BUILD_TYPE} -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
  "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" ${way})
run(${CMAKE_COMMAND} --build "${build}" --parallel 2)

file(READ "${build}/compile_commands.json" commands)
string(JSON count LENGTH "${commands}")
math(EXPR last "${count} - 1")
set(seen 0)
foreach(index RANGE ${last})
  string(JSON file GET "${commands}" ${index} file)
  string(JSON command GET "${commands}" ${index} command)
  if(file MATCHES "/outsider/")
    math(EXPR seen "${seen} + 1")
    if(command MATCHES " (-W[^ ]*|-fsanitize[^ ]*|-Werror[^ ]*)")
      message(FATAL_ERROR "weft's own flag ${CMAKE_MATCH_1} reached an outsider: ${command}")
    endif()
  endif()
endforeach()
if(seen EQUAL 0)
  message(FATAL_ERROR "no compile command of the outsider was found")
endif()

file(GLOB programs "${build}/run_*")
foreach(program IN LISTS programs)
  run("${program}")
endforeach()
if(NOT programs)
  message(FATAL_ERROR "the outsider built no program")
endif()
