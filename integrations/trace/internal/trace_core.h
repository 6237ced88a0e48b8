// SPDX-License-Identifier: Apache-2.0
//
// The inside of a TraceWriter: its buffers, and the thread that empties them.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_CORE_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_CORE_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/internal/fork_count.h"
#include "weft/core/internal/platform.h"
#include "weft/integrations/trace/internal/record_merge.h"
#include "weft/integrations/trace/internal/resident_memory.h"
#include "weft/integrations/trace/internal/sample_time.h"
#include "weft/integrations/trace/internal/trace_encoder.h"
#include "weft/integrations/trace/internal/trace_file.h"
#include "weft/integrations/trace/trace_writer.h"
#include "weft/scheduler/task_observer.h"

namespace weft::internal {

// Three parts: what those who tell write to; what the writer's thread has to itself, until it has
// ended; and how the two and Close wake each other.
//
// Thread safety: as TraceWriter says.
class TraceCore {
 public:
  TraceCore(TraceFile file, const TraceOptions& options);

  // Throws std::system_error: there is no thread.
  void StartThread();
  void OnStart(int slot_count);
  void OnEvent(const TaskEvent& event);
  absl::Status Close();
  TraceStats stats();
  bool forked() const { return forks_ != ForkCount(); }

 private:
  // Apart, so that two workers write to different cache lines.
  struct alignas(128) Slot {
    TraceStream stream;
  };

  [[gnu::noinline]] void OnEventOutside(const TaskEvent& event);
  [[gnu::noinline]] void AppendToNext(TraceStream& stream, const TaskEvent& event);
  [[gnu::noinline]] void AppendSubmitted(TraceStream& stream, const TaskEvent& event);
  // False: the record is lost.
  bool MakeRoom(TraceStream& stream);
  void Wake();

  void Run() noexcept;
  void Write();
  void AddSlots();
  void Sample(StdPlatform::TimePoint now);
  absl::Status Outcome();
  std::int64_t Lost() const;
  TraceStats Collect() const;

  // Constant after construction, after OnStart, until Close: what every event looks at.
  const std::uint32_t forks_ = ForkCount();
  std::unique_ptr<Slot[]> slots_;
  std::size_t slot_count_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<bool> started_{false};
  std::atomic<bool> second_{false};  // a scheduler came too many; before stop_

  alignas(128) TracePool pool_;
  StdPlatform::Lock outside_lock_;
  Slot outside_;  // written to under outside_lock_

  std::atomic<std::size_t> slots_made_{0};  // once, after slots_
  std::atomic<std::uint32_t> chunks_filled_{0};
  std::atomic<bool> woken_{false};
  std::atomic<std::int64_t> drawn_{0};  // records
  StdPlatform::Parker parker_;          // the writer's

  // The writer's.
  const std::chrono::nanoseconds period_;
  TraceFile file_;
  TraceEncoder encoder_;
  RecordMerge merge_;
  std::size_t slots_known_ = 0;
  ResidentMemory memory_;
  SampleTime sample_time_;
  std::int64_t sampled_bytes_ = -1;
  absl::Status failure_;  // not of the file

  // Close's.
  std::mutex close_mu_;
  std::thread thread_;
  bool closed_ = false;
  absl::Status outcome_;
  absl::Duration writer_cpu_;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_CORE_H_
