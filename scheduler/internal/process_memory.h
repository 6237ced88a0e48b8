// SPDX-License-Identifier: Apache-2.0
//
// The memory of this process, as a gate sees it.

#ifndef WEFT_SCHEDULER_INTERNAL_PROCESS_MEMORY_H_
#define WEFT_SCHEDULER_INTERNAL_PROCESS_MEMORY_H_

#include <functional>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "weft/distribution/memory_limit.h"
#include "weft/scheduler/internal/memory_gate.h"

namespace weft::internal {

// Thread safety: Read and Trim as MemoryHost; last_error from any thread.
class ProcessMemory final : public MemoryHost {
 public:
  using ReadFunction = std::function<absl::StatusOr<MemoryReading>()>;
  using TrimFunction = std::function<void()>;

  // On a MemoryProbe, made at the first reading; and malloc_trim where the C library has it.
  // Throws std::bad_alloc.
  static std::unique_ptr<ProcessMemory> OfSystem();
  // The same with other readings.
  explicit ProcessMemory(ReadFunction read);
  ProcessMemory(ReadFunction read, TrimFunction trim);

  // What the functions throw is an error as well. So is a limit below 1.
  std::optional<MemoryReading> Read() noexcept override;
  void Trim() noexcept override;

  // Why the last call that failed did; OK: none has.
  absl::Status last_error() const;

 private:
  void Record(absl::Status error) noexcept;

  const ReadFunction read_;
  const TrimFunction trim_;
  mutable absl::Mutex mu_;
  absl::Status last_error_ ABSL_GUARDED_BY(mu_);
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_PROCESS_MEMORY_H_
