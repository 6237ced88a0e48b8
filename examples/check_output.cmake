# SPDX-License-Identifier: Apache-2.0
#
# cmake -D EXAMPLE=program -D OUTPUT=file -P check_output.cmake: it prints exactly what the file
# says, each time, and returns 0.

execute_process(COMMAND "${EXAMPLE}" OUTPUT_VARIABLE printed RESULT_VARIABLE code)
file(READ "${OUTPUT}" expected)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "returned ${code} and printed:\n${printed}")
elseif(NOT printed STREQUAL expected)
  message(FATAL_ERROR "printed:\n${printed}\nexpected, by ${OUTPUT}:\n${expected}")
endif()
