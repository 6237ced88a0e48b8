// SPDX-License-Identifier: Apache-2.0
//
// Writes what becomes of every task into a file that ui.perfetto.dev opens: when each ran and on
// which worker, how long it waited for one, and arrows along the dependencies. docs/trace.md.

#ifndef WEFT_INTEGRATIONS_TRACE_TRACE_WRITER_H_
#define WEFT_INTEGRATIONS_TRACE_TRACE_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "weft/scheduler/task_observer.h"

namespace weft {

namespace internal {
class TraceCore;
}

// Thread safety: a plain value.
struct TraceOptions {
  // What may wait for the writer, in all: a task needs 100 to 200 bytes, so that this is enough for
  // more than a million. Taken when it is needed and kept. At least 256 KiB.
  std::int64_t buffer_bytes = std::int64_t{256} << 20;
  // Tasks that have been submitted and have not ended; up to 214 bytes each. At least 1. Those
  // beyond are drawn without name, wait and arrows.
  std::int64_t max_live_tasks = 1'800'000;
  // Waits that are drawn side by side, at each moment, and as many for parked tasks; 0 to 65,536.
  // Those beyond are told by a note of the task.
  int wait_rows = 256;
  // How often memory is sampled, and the file brought up to date. At least a millisecond.
  absl::Duration period = absl::Milliseconds(20);
};

// Thread safety: a plain value.
struct TraceStats {
  std::int64_t records = 0;          // events that were drawn
  std::int64_t dropped = 0;          // and those that were not: the buffer was full
  std::int64_t arrows = 0;           // dependencies that are drawn
  std::int64_t tasks_left_out = 0;   // beyond max_live_tasks
  std::int64_t arrows_left_out = 0;  // likewise
  std::int64_t waits_left_out = 0;   // beyond wait_rows
  std::int64_t bytes = 0;            // of the file
  absl::Duration writer_cpu;         // what the writer's thread has used
};

// The observer of one scheduler, which it outlives. A thread of its own writes; tasks never wait
// for it: what finds the buffer full is dropped and counted, here, in the trace and in the status
// of Close. An error of the disk ends the writing and nothing else.
//
// Thread safety: as TaskObserver; Close and stats from any thread, one at a time.
// Cost: a record of 16 to 24 bytes an event; in the file roughly 200 bytes a task. With the
// default options at most 650 MiB of memory, when 1.8 million tasks wait at once and the disk
// stands still; a few, as a rule.
class TraceWriter final : public TaskObserver {
 public:
  // Makes the file, or empties it. InvalidArgument: an option is out of range. ResourceExhausted:
  // no thread. Others as of open(2).
  static absl::StatusOr<std::unique_ptr<TraceWriter>> Create(std::string path,
                                                             TraceOptions options = {});
  // Closes; whoever wants to know of errors calls Close before.
  ~TraceWriter() override;

  void OnStart(int slot_count) override;
  void OnEvent(const TaskEvent& event) override;

  // Writes everything that has been told. What is told afterwards is ignored. ResourceExhausted:
  // the trace is there, but something had to be left out. Others: of the disk. FailedPrecondition:
  // a second scheduler was given this writer, and the trace ends there; or this is a forked child,
  // whose parent has the writer's thread. Each later call returns the same.
  absl::Status Close();

  // Complete once Close has returned; before that only what has been drawn and dropped so far.
  TraceStats stats() const;

 private:
  explicit TraceWriter(std::unique_ptr<internal::TraceCore> core);

  std::unique_ptr<internal::TraceCore> core_;
};

}  // namespace weft

#endif  // WEFT_INTEGRATIONS_TRACE_TRACE_WRITER_H_
