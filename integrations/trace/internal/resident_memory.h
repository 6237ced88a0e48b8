// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_RESIDENT_MEMORY_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_RESIDENT_MEMORY_H_

#include <cstdint>
#include <optional>

namespace weft::internal {

// How much of this process lies in memory, as the kernel tells it.
//
// Thread safety: one thread at a time.
// Cost: one system call, some microseconds.
class ResidentMemory {
 public:
  ResidentMemory();
  ~ResidentMemory();
  ResidentMemory(const ResidentMemory&) = delete;
  ResidentMemory& operator=(const ResidentMemory&) = delete;

  // In bytes; nothing where there is no /proc.
  std::optional<std::int64_t> Sample() const;

 private:
  const int file_;
  const std::int64_t page_bytes_;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_RESIDENT_MEMORY_H_
