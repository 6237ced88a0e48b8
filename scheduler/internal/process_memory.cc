// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/process_memory.h"

#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "weft/distribution/memory_limit.h"
#include "weft/scheduler/internal/exception_status.h"

namespace weft::internal {
namespace {

void TrimHeap() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace

std::unique_ptr<ProcessMemory> ProcessMemory::OfSystem() {
  const auto read = [probe =
                         std::optional<MemoryProbe>()]() mutable -> absl::StatusOr<MemoryReading> {
    if (!probe.has_value()) {
      absl::StatusOr<MemoryProbe> made = MemoryProbe::Create();
      if (!made.ok()) return made.status();
      probe = *std::move(made);
    }
    return probe->Read();
  };
  return std::make_unique<ProcessMemory>(read);
}

ProcessMemory::ProcessMemory(ReadFunction read) : ProcessMemory(std::move(read), TrimHeap) {}

ProcessMemory::ProcessMemory(ReadFunction read, TrimFunction trim)
    : read_(std::move(read)), trim_(std::move(trim)) {}

std::optional<MemoryReading> ProcessMemory::Read() noexcept {
  try {
    const absl::StatusOr<MemoryReading> reading = read_();
    if (reading.ok() && reading->limit_bytes >= 1) return *reading;
    Record(!reading.ok() ? reading.status()
                         : absl::InternalError("a memory limit of " +
                                               std::to_string(reading->limit_bytes) + " bytes"));
  } catch (...) {
    Record(Explained("reading the use of memory ", StatusOfException(std::current_exception())));
  }
  return std::nullopt;
}

void ProcessMemory::Trim() noexcept {
  try {
    trim_();
  } catch (...) {
    Record(Explained("trimming the heap ", StatusOfException(std::current_exception())));
  }
}

absl::Status ProcessMemory::last_error() const {
  absl::MutexLock lock(&mu_);
  return last_error_;
}

void ProcessMemory::Record(absl::Status error) noexcept {
  absl::MutexLock lock(&mu_);
  last_error_ = std::move(error);
}

}  // namespace weft::internal
