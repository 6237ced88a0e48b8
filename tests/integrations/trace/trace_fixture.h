// SPDX-License-Identifier: Apache-2.0
//
// A writer whose file is gone at the end of a test, and events told one by one.

#ifndef WEFT_TESTS_INTEGRATIONS_TRACE_TRACE_FIXTURE_H_
#define WEFT_TESTS_INTEGRATIONS_TRACE_TRACE_FIXTURE_H_

#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

#include "integrations/codebase/temp_tree.h"
#include "integrations/trace/trace_reader.h"
#include "weft/core/task_id.h"
#include "weft/core/task_kind.h"
#include "weft/core/task_state.h"
#include "weft/integrations/trace/trace_writer.h"
#include "weft/scheduler/task_observer.h"

namespace weft::testing {

// Thread safety: one test at a time.
class TraceTest : public ::testing::Test {
 protected:
  static TaskId Id(std::uint32_t index, std::uint32_t generation = 1) {
    return {index, generation};
  }

  // No slots: somebody else calls OnStart.
  void Open(TraceOptions options = {}, int slots = 2) {
    auto writer = TraceWriter::Create(path_, options);
    ASSERT_TRUE(writer.ok()) << writer.status();
    writer_ = *std::move(writer);
    if (slots > 0) writer_->OnStart(slots);
  }
  // What has been written; `ok`: as Close says, and nothing is wrong with it.
  ReadTrace Finish(bool ok = true) {
    const absl::Status closed = writer_->Close();
    EXPECT_EQ(closed.ok(), ok) << closed;
    ReadTrace trace = ReadTraceFile(path_);
    if (ok) {
      EXPECT_EQ(trace.faults, std::vector<std::string>());
      EXPECT_FALSE(trace.cut_short);
    }
    return trace;
  }

  void Submitted(std::int64_t time_ns, TaskId task, std::string_view name = {}, TaskKind kind = {},
                 int priority = 0, int slot = -1) {
    const TaskInfo info{name, kind, priority};
    TaskEvent event = Event(TaskEventKind::kSubmitted, time_ns, task, slot);
    event.info = &info;
    writer_->OnEvent(event);
  }
  void Ready(std::int64_t time_ns, TaskId task, int slot = -1) {
    writer_->OnEvent(Event(TaskEventKind::kReady, time_ns, task, slot));
  }
  void Released(std::int64_t time_ns, TaskId task, TaskId by, int slot) {
    TaskEvent event = Event(TaskEventKind::kReleased, time_ns, task, slot);
    event.other = by;
    writer_->OnEvent(event);
  }
  void Started(std::int64_t time_ns, TaskId task, int slot = 0, int attempt = 1) {
    TaskEvent event = Event(TaskEventKind::kStarted, time_ns, task, slot);
    event.attempt = attempt;
    writer_->OnEvent(event);
  }
  void Parked(std::int64_t time_ns, TaskId task, int slot = 0, int attempt = 1) {
    TaskEvent event = Event(TaskEventKind::kParked, time_ns, task, slot);
    event.attempt = attempt;
    writer_->OnEvent(event);
  }
  void Ended(std::int64_t time_ns, TaskId task, int slot = 0,
             TaskState state = TaskState::kCompleted) {
    TaskEvent event = Event(TaskEventKind::kEnded, time_ns, task, slot);
    event.state = state;
    writer_->OnEvent(event);
  }
  static TaskEvent Event(TaskEventKind kind, std::int64_t time_ns, TaskId task, int slot) {
    TaskEvent event;
    event.kind = kind;
    event.slot = slot;
    event.task = task;
    event.time_ns = time_ns;
    return event;
  }
  static std::string ReadAll(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  TempTree tree_;
  std::string path_ = tree_ / "trace";
  std::unique_ptr<TraceWriter> writer_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_INTEGRATIONS_TRACE_TRACE_FIXTURE_H_
