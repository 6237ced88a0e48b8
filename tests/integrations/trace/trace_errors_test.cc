// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/trace/fake_scheduler.h"
#include "integrations/trace/stuck_trace.h"
#include "integrations/trace/trace_fixture.h"

namespace weft::testing {
namespace {

using ::testing::HasSubstr;

using TraceCreateTest = TraceTest;

TEST_F(TraceCreateTest, AFolderIsNoFile) {
  const auto writer = TraceWriter::Create(tree_.path());
  EXPECT_FALSE(writer.ok());
  EXPECT_THAT(std::string(writer.status().message()), HasSubstr(tree_.path()));
}

TEST_F(TraceCreateTest, AFolderThatIsNotThereIsNotFound) {
  EXPECT_EQ(TraceWriter::Create(tree_ / "no/such").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(TraceCreateTest, AFolderThatMayNotBeWrittenToIsDenied) {
  ASSERT_EQ(chmod(tree_.path().c_str(), 0555), 0);
  const std::string path = path_;
  const std::string code = RunUnprivileged([path] {
    // open(2) alone: nothing here may start threads.
    const int file = open(path.c_str(), O_WRONLY | O_CREAT, 0666);
    return std::string(file < 0 && errno == EACCES ? "denied" : "open");
  });
  EXPECT_EQ(code, "denied");
  if (geteuid() != 0) {
    EXPECT_EQ(TraceWriter::Create(path_).status().code(), absl::StatusCode::kPermissionDenied);
  }
  EXPECT_EQ(chmod(tree_.path().c_str(), 0755), 0);
}

TEST_F(TraceCreateTest, OptionsOutOfRangeAreRefusedByName) {
  const auto refused = [this](void (*change)(TraceOptions&)) {
    TraceOptions options;
    change(options);
    const auto writer = TraceWriter::Create(path_, options);
    EXPECT_EQ(writer.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(writer.status().message());
  };
  EXPECT_THAT(refused([](TraceOptions& o) { o.buffer_bytes = 1000; }), HasSubstr("buffer_bytes"));
  EXPECT_THAT(refused([](TraceOptions& o) { o.max_live_tasks = 0; }), HasSubstr("max_live_tasks"));
  EXPECT_THAT(refused([](TraceOptions& o) { o.wait_rows = -1; }), HasSubstr("wait_rows"));
  EXPECT_THAT(refused([](TraceOptions& o) { o.period = absl::ZeroDuration(); }),
              HasSubstr("period"));
  EXPECT_NE(access(path_.c_str(), F_OK), 0) << "and no file is made";
}

TEST_F(TraceTest, AFullDiskIsToldByClose) {
  path_ = "/dev/full";
  Open({}, 0);
  FakeScheduler scheduler({.tasks = 5000}, *writer_);
  scheduler.RunHere();
  const absl::Status closed = writer_->Close();
  EXPECT_EQ(closed.code(), absl::StatusCode::kResourceExhausted) << closed;
  EXPECT_THAT(std::string(closed.message()), HasSubstr("/dev/full"));
  EXPECT_EQ(writer_->Close(), closed);
  EXPECT_EQ(writer_->stats().dropped, 0) << "who tells never finds the buffer full";
}

TEST_F(TraceTest, ASecondSchedulerIsRefused) {
  Open({}, 0);
  FakeScheduler scheduler({.tasks = 50}, *writer_);
  scheduler.RunHere();
  writer_->OnStart(2);
  const absl::Status closed = writer_->Close();
  EXPECT_EQ(closed.code(), absl::StatusCode::kFailedPrecondition) << closed;
  EXPECT_THAT(std::string(closed.message()), HasSubstr(path_ + " ends where a second scheduler"));
  EXPECT_GT(writer_->stats().records, 0);
}

TEST_F(TraceTest, APipeWithoutAReaderIsAnErrorAndNoSignal) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  Open();
  close(reader);
  Submitted(0, Id(1));
  EXPECT_THAT(std::string(writer_->Close().message()), HasSubstr(path_));
}

class LossyTraceTest : public StuckTraceTest {
 protected:
  // A task of the one worker, of which no record is lost.
  void ToldInFull(std::uint32_t task, std::string_view name) {
    const std::int64_t dropped = writer_->stats().dropped;
    Submitted(10 * task, Id(task), name, {}, 0, 0);
    Started(10 * task + 1, Id(task));
    Ended(10 * task + 2, Id(task));
    told_in_full_ = dropped == writer_->stats().dropped;
  }

  bool told_in_full_ = true;
};

TEST_F(LossyTraceTest, WhoTellsNeverWaitsAndWhatIsDroppedIsCounted) {
  constexpr std::uint32_t kTasks = 100'000;
  TraceOptions options;
  options.buffer_bytes = 256 << 10;
  OpenStuck(options, 1);
  for (std::uint32_t i = 1; i <= kTasks; ++i) ToldInFull(i, {});
  const std::int64_t dropped = writer_->stats().dropped;
  EXPECT_GT(dropped, 0);
  Read();
  const absl::Status closed = Close();
  EXPECT_EQ(closed.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(closed.message()), HasSubstr(std::to_string(dropped)));
  EXPECT_EQ(writer_->stats().dropped, dropped);
  EXPECT_EQ(writer_->stats().records + dropped, 3 * std::int64_t{kTasks});
  const ReadTrace trace = ParseTrace(bytes_);
  EXPECT_EQ(trace.faults, std::vector<std::string>());
  const auto end = trace.Named("end of trace");
  ASSERT_EQ(end.size(), 1);
  EXPECT_EQ(end[0]->notes.at("lost_records"), std::to_string(dropped));
}

TEST_F(LossyTraceTest, WhereRecordsAreMissingTheTraceSaysSo) {
  TraceOptions options;
  options.buffer_bytes = 256 << 10;
  OpenStuck(options, 1);
  std::uint32_t task = 0;
  Submitted(0, Id(1'000'000), "long", {}, 0, 0);
  Started(1, Id(1'000'000));
  while (told_in_full_) ToldInFull(++task, {});
  Read();
  while (!told_in_full_) ToldInFull(++task, "afterwards");
  Ended(10 * task + 3, Id(1'000'000));
  EXPECT_EQ(Close().code(), absl::StatusCode::kResourceExhausted);
  const ReadTrace trace = ParseTrace(bytes_);
  EXPECT_EQ(trace.faults, std::vector<std::string>());
  const auto gaps = trace.Named("records lost");
  ASSERT_FALSE(gaps.empty());
  std::int64_t told = 0;
  for (const TraceSlice* gap : gaps) told += std::stoll(gap->notes.at("lost_records"));
  EXPECT_EQ(told, writer_->stats().dropped);
  const auto cut = trace.Named("long");
  ASSERT_EQ(cut.size(), 1);
  EXPECT_EQ(cut[0]->end_ns, gaps[0]->begin_ns) << "nobody knows what became of it";
  EXPECT_FALSE(trace.Named("afterwards").empty());
  EXPECT_EQ(trace.curves.at("running tasks").back().value, 0);
}

// What is kept of a task is kept while it lives, not while the writer is behind.
TEST_F(StuckTraceTest, TasksThatHaveEndedLongAgoNeedNoRoom) {
  constexpr std::uint32_t kTasks = 60'000;
  TraceOptions options;
  options.max_live_tasks = 10'000;
  OpenStuck(options, 1);
  for (std::uint32_t i = 1; i <= kTasks; ++i) {
    Submitted(1000 * i, Id(i), "task", {}, 0, 0);
    Started(1000 * i + 100, Id(i));
    Ended(1000 * i + 900, Id(i));
  }
  Read();
  const absl::Status closed = Close();
  EXPECT_TRUE(closed.ok()) << closed;
  EXPECT_EQ(writer_->stats().records, 3 * std::int64_t{kTasks});
  EXPECT_EQ(ParseTrace(bytes_).Named("task").size(), kTasks);
}

TEST_F(TraceTest, TasksBeyondTheLimitAreLeftOut) {
  TraceOptions options;
  options.max_live_tasks = 2;
  Open(options);
  for (std::uint32_t task = 1; task <= 3; ++task)
    Submitted(0, Id(task), "t" + std::to_string(task));
  Started(10, Id(1));
  Ended(20, Id(1));
  Released(20, Id(2), Id(1), 0);
  Released(20, Id(3), Id(1), 0);
  for (const std::uint32_t task : {2, 3}) {
    Started(10 * task + 10, Id(task));
    Ended(10 * task + 15, Id(task));
  }
  const absl::Status closed = writer_->Close();
  EXPECT_EQ(closed.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(closed.message()), HasSubstr("1 tasks and 1 arrows"));
  const ReadTrace trace = ReadTraceFile(path_);
  EXPECT_EQ(trace.faults, std::vector<std::string>());
  EXPECT_EQ(trace.OfTask(Id(3))[0]->name, "task");
  EXPECT_EQ(trace.arrows.size(), 1);
}

}  // namespace
}  // namespace weft::testing
