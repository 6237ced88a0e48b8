// SPDX-License-Identifier: Apache-2.0
//
// Named things of which there is only so much: licences, connections, a graphics card. A scheduler
// is told how many units there are, a task how many it needs while it runs.

#ifndef WEFT_CORE_RESOURCE_NEED_H_
#define WEFT_CORE_RESOURCE_NEED_H_

#include <cstdint>
#include <string>

namespace weft {

// What there is of one resource.
//
// Thread safety: a plain value.
struct ResourceLimit {
  std::string name = {};   // not empty, and no other limit has it
  std::int64_t units = 1;  // at least 1

  friend bool operator==(const ResourceLimit&, const ResourceLimit&) = default;
};

// What a task needs of one resource.
//
// Thread safety: a plain value.
struct ResourceNeed {
  std::string name = {};   // that of a limit
  std::int64_t units = 1;  // 1 to the limit

  friend bool operator==(const ResourceNeed&, const ResourceNeed&) = default;
};

}  // namespace weft

#endif  // WEFT_CORE_RESOURCE_NEED_H_
