// SPDX-License-Identifier: Apache-2.0
//
// Callables, values and exceptions that throw where nobody expects it, many at once; one by
// one they are in tests/scheduler/destructor_test.cc.

#include <atomic>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

// Throws when it is destroyed, unless it was moved from, and counts that.
class Bomb {
 public:
  explicit Bomb(std::atomic<int>* thrown) : thrown_(thrown) {}
  Bomb(Bomb&& other) noexcept : thrown_(std::exchange(other.thrown_, nullptr)) {}
  Bomb(const Bomb&) = delete;
  Bomb& operator=(const Bomb&) = delete;
  Bomb& operator=(Bomb&&) = delete;
  ~Bomb() noexcept(false) {
    if (thrown_ == nullptr) return;
    ++*thrown_;
    throw std::runtime_error("in destructor");
  }

 private:
  std::atomic<int>* thrown_;
};

// A value that cannot be moved when it has been told so.
struct Brittle {
  explicit Brittle(bool* breaks) : breaks_now(breaks) {}
  Brittle(Brittle&& other) : breaks_now(other.breaks_now) {
    if (*breaks_now) throw std::runtime_error("in move");
  }
  Brittle(const Brittle&) = delete;
  Brittle& operator=(const Brittle&) = delete;
  Brittle& operator=(Brittle&&) = delete;
  bool* breaks_now;
};

struct Silent : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

struct MoveOnly {
  MoveOnly() = default;
  MoveOnly(MoveOnly&&) = default;
  MoveOnly(const MoveOnly&) = delete;
  MoveOnly& operator=(const MoveOnly&) = delete;
  MoveOnly& operator=(MoveOnly&&) = delete;
};

class ThrownDestructorsTest : public testing::EngineTest {
 protected:
  std::atomic<int> thrown_{0};
};
WEFT_ON_ALL_ENGINES(ThrownDestructorsTest);

// Each callable throws once, however its task ends, and each is on record.
TEST_P(ThrownDestructorsTest, OfManyTasksAtOnce) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    thrown_ = 0;
    TaskGroup group(*scheduler_);
    constexpr int kTasks = 45;
    std::vector<AnyTask> tasks;
    for (int i = 0; i < kTasks; ++i) {
      const auto kind = random() % 4;
      const AnyTask before =
          tasks.empty() ? AnyTask(group.Submit([] {})) : tasks[random() % tasks.size()];
      if (kind == 0) tasks.push_back(group.Submit([bomb = Bomb(&thrown_)] {}));
      if (kind == 1) tasks.push_back(group.Submit([bomb = Bomb(&thrown_)] { return 1; }));
      if (kind == 2) tasks.push_back(group.Submit([bomb = Bomb(&thrown_)] {}, After(before)));
      if (kind == 3) {
        tasks.push_back(group.Submit([bomb = Bomb(&thrown_)] { throw std::runtime_error("x"); }));
        if (random() % 2 == 0) tasks.back().Cancel();
      }
    }
    const RunSummary summary = group.Wait();
    EXPECT_EQ(thrown_, kTasks);
    int recorded = 0;
    for (const TaskFailure& failure : summary.failures) {
      recorded += failure.status.message().find("in destructor") != absl::string_view::npos ? 1 : 0;
    }
    EXPECT_EQ(recorded, kTasks);
    for (const AnyTask& task : tasks) EXPECT_TRUE(IsTerminal(task.state()));
    EXPECT_EQ(summary.pending + summary.under_way, 0);
    if (HasFailure()) return;
  }
}

TEST_P(ThrownDestructorsTest, OfNodes) {
  TaskGraph graph;
  for (int i = 0; i < 30; ++i) graph.Add([bomb = Bomb(&thrown_)] {});
  EXPECT_TRUE(scheduler_->Run(graph).ok());
  EXPECT_TRUE(scheduler_->Run(graph).ok());
  EXPECT_EQ(thrown_, 0);
  EXPECT_THAT(std::string(graph.Clear().message()), HasSubstr("in destructor"));
  EXPECT_EQ(thrown_, 30);
  graph.Add([] {});
  EXPECT_TRUE(scheduler_->Run(graph).ok());
}

TEST_P(ThrownDestructorsTest, AValueThatCannotBeMovedFailsItsTask) {
  bool breaks = false;
  const auto whole = scheduler_->Submit([&breaks] { return Brittle(&breaks); });
  EXPECT_TRUE(whole.Get().ok());
  breaks = true;
  const auto broken = scheduler_->Submit([&breaks] { return Brittle(&breaks); });
  const auto behind = scheduler_->Submit([](const Brittle&) {}, broken);
  EXPECT_THAT(std::string(broken.Get().status().message()), HasSubstr("in move"));
  EXPECT_EQ(behind.Wait().code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(behind.state(), TaskState::kSkipped);
}

TEST_P(ThrownDestructorsTest, ExceptionsWithoutATextOrACopy) {
  const auto silent = scheduler_->Submit([] { throw Silent(); });
  const auto moved = scheduler_->Submit([] { throw MoveOnly(); });
  EXPECT_THAT(std::string(silent.Get().message()), HasSubstr("without a text"));
  EXPECT_THAT(std::string(moved.Get().message()), HasSubstr("has no text"));
  EXPECT_THROW(std::rethrow_exception(silent.exception()), Silent);
  EXPECT_THROW(std::rethrow_exception(moved.exception()), MoveOnly);
  TaskGraph graph;
  graph.Add([] { throw Silent(); });
  graph.Add([] { throw MoveOnly(); });
  EXPECT_EQ(scheduler_->Run(graph).failed, 2);
}

}  // namespace
}  // namespace weft
