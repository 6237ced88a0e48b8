# SPDX-License-Identifier: Apache-2.0
#
# hwloc ships no CMake package. Offers the imported target Hwloc::Hwloc.

find_path(Hwloc_INCLUDE_DIR hwloc.h)
find_library(Hwloc_LIBRARY hwloc)

# The header gives the version of the interface, 0x00020800 for 2.8 and for a 2.9 that changed none.
if(Hwloc_INCLUDE_DIR)
  file(STRINGS "${Hwloc_INCLUDE_DIR}/hwloc.h" Hwloc_LINE REGEX "^#define HWLOC_API_VERSION 0x")
  if(Hwloc_LINE MATCHES "0x([0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F])([0-9a-fA-F][0-9a-fA-F])")
    math(EXPR Hwloc_MAJOR "0x${CMAKE_MATCH_1}")
    math(EXPR Hwloc_MINOR "0x${CMAKE_MATCH_2}")
    set(Hwloc_VERSION "${Hwloc_MAJOR}.${Hwloc_MINOR}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Hwloc
  REQUIRED_VARS Hwloc_LIBRARY Hwloc_INCLUDE_DIR
  VERSION_VAR Hwloc_VERSION)

if(Hwloc_FOUND AND NOT TARGET Hwloc::Hwloc)
  add_library(Hwloc::Hwloc UNKNOWN IMPORTED)
  set_target_properties(Hwloc::Hwloc PROPERTIES
    IMPORTED_LOCATION "${Hwloc_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Hwloc_INCLUDE_DIR}")
endif()
mark_as_advanced(Hwloc_INCLUDE_DIR Hwloc_LIBRARY)
