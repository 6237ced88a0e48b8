// SPDX-License-Identifier: Apache-2.0
//
// Schedulers made, used and destroyed again and again, at any moment of their work.
// WEFT_RANDOM_LIVES says how many.

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/from_environment.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

// One scheduler from its making to its end.
class Life {
 public:
  Life(int workers, unsigned seed) : random_(seed), threads_(workers > testing::kInline) {
    SchedulerOptions options;
    options.on_destroy = Below(2) == 0 ? ShutdownMode::kDrain : ShutdownMode::kCancel;
    scheduler_ = testing::MakeScheduler(workers, std::move(options));
    for (unsigned i = 0; i < 4; ++i) graph_.Add([this] { ++nodes_ran_; });
  }

  void Live() {
    const unsigned count = Below(12);
    for (unsigned i = 0; i < count; ++i) Act();
    const unsigned end = Below(4);  // else: destroyed with what was submitted just now
    if (end == 0) Expect(scheduler_->WaitAll().status.ok());
    if (end == 1 && awaited_) started_.WaitForNotification();
    if (end == 2) {
      Expect(
          scheduler_->Shutdown(Below(2) == 0 ? ShutdownMode::kDrain : ShutdownMode::kCancel).ok());
    }
    scheduler_.reset();
  }

  // Each task has ended once, as its handle says.
  void Check() {
    ASSERT_EQ(errors_, 0);
    int completed = 0;
    for (const AnyTask& task : tasks_) {
      ASSERT_TRUE(IsTerminal(task.state())) << ToString(task.id());
      completed += task.state() == TaskState::kCompleted ? 1 : 0;
    }
    ASSERT_EQ(completed, tasks_ran_);
    ASSERT_EQ(nodes_ran_ % 4, 0);
  }

 private:
  unsigned Below(unsigned below) { return static_cast<unsigned>(random_() % below); }
  void Expect(bool holds) { errors_ += holds ? 0 : 1; }
  void Note() {
    if (++tasks_ran_ == 1) started_.Notify();
  }

  void Act() {
    switch (Below(6)) {
      case 0:
      case 1:
        Keep(scheduler_->Submit([this] { Note(); }));
        awaited_ = threads_;
        break;
      case 2:  // behind another
        if (!tasks_.empty()) {
          Keep(scheduler_->Submit([this] { Note(); },
                                  After(tasks_[Below(static_cast<unsigned>(tasks_.size()))])));
        }
        break;
      case 3: {  // blocked in a wait; the child is not counted
        // Bodies may run until the destructor has returned.
        Keep(scheduler_->Submit([this, scheduler = scheduler_.get()] {
          const auto child = scheduler->Submit({.priority = 5}, [] {});
          child.Wait().IgnoreError();  // cancelled, perhaps
          Note();
        }));
        break;
      }
      case 4:
        Keep(*scheduler_->Schedule(
            {.id = "", .function = [this] { Note(); }, .dependencies = {TaskRef("never")}}));
        break;
      default: {
        const RunSummary summary = scheduler_->Run(graph_);
        Expect(summary.ok());
      }
    }
  }
  void Keep(AnyTask task) { tasks_.push_back(std::move(task)); }

  std::mt19937 random_;
  const bool threads_;
  TaskGraph graph_;
  std::atomic<int> tasks_ran_{0};
  std::atomic<int> nodes_ran_{0};
  std::atomic<int> errors_{0};
  bool awaited_ = false;  // a task that needs nobody was submitted, and there are threads
  absl::Notification started_;
  std::vector<AnyTask> tasks_;
  std::unique_ptr<TaskScheduler> scheduler_;
};

class ManyLivesTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Engines, ManyLivesTest,
                         ::testing::Values(testing::kInline, testing::kSimulated, 1, 2, 8),
                         testing::EngineName);

TEST_P(ManyLivesTest, EndAtAnyMoment) {
  const unsigned lives = testing::FromEnvironment("WEFT_RANDOM_LIVES", WEFT_SANITIZED ? 500 : 2500);
  for (unsigned seed = 1; seed <= lives; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life life(GetParam(), seed);
    life.Live();
    life.Check();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace weft
