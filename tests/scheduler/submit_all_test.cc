// SPDX-License-Identifier: Apache-2.0
//
// Many tasks in one call.

#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class SubmitAllTest : public testing::EngineTest {
 protected:
  // Each counts itself and returns its number.
  auto Numbered(std::size_t count) {
    const auto body = [this](std::size_t i) {
      return [this, i] {
        ++ran_;
        return i;
      };
    };
    std::vector<decltype(body(0))> functions;
    for (std::size_t i = 0; i < count; ++i) functions.push_back(body(i));
    return functions;
  }

  std::atomic<int> ran_{0};
  TaskGroup group_{*scheduler_};
};
WEFT_ON_ALL_ENGINES(SubmitAllTest);

// 128 come in at once: on both sides of that, and of a deque's 1,024.
TEST_P(SubmitAllTest, HandlesAreInTheOrderOfTheFunctions) {
  for (const std::size_t count : {0, 1, 127, 128, 129, 256, 1023, 1025, 5000}) {
    ran_ = 0;
    const auto tasks = group_.SubmitAll(Numbered(count));
    ASSERT_EQ(tasks.size(), count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(*tasks[i].Get(), i);
    EXPECT_EQ(ran_, count);
  }
}

TEST_P(SubmitAllTest, FiguresAreExact) {
  group_.DetachAll(Numbered(3000));
  std::vector<TaskFunction> failing;
  for (int i = 0; i < 500; ++i) failing.emplace_back([] { return absl::InternalError("no"); });
  const auto failed = group_.SubmitAll(std::move(failing));
  const RunSummary summary = group_.Wait();
  EXPECT_EQ(summary.submitted, 3500);
  EXPECT_EQ(summary.completed, 3000);
  EXPECT_EQ(summary.failed, 500);
  EXPECT_EQ(ran_, 3000);
  for (const auto& task : failed) EXPECT_TRUE(absl::IsInternal(task.Get()));
}

TEST_P(SubmitAllTest, InsideATask) {
  group_.Detach([this] {
    group_.DetachAll(Numbered(2000));
    const auto tasks = group_.SubmitAll(Numbered(200));
    std::size_t sum = 0;
    for (const auto& task : tasks) sum += *task.Get();
    EXPECT_EQ(sum, 199u * 200 / 2);
  });
  EXPECT_EQ(group_.Wait().completed, 2201);
  EXPECT_EQ(ran_, 2200);
}

TEST_P(SubmitAllTest, InsideATaskOfAnotherGroup) {
  TaskGroup other(*scheduler_);
  other.Detach([this] { group_.DetachAll(Numbered(1000)); });
  EXPECT_TRUE(other.Wait().status.ok());
  EXPECT_EQ(group_.Wait().completed, 1000);
}

TEST_P(SubmitAllTest, FromSeveralThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int round = 0; round < 20; ++round) group_.DetachAll(Numbered(300));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(group_.Wait().completed, 4 * 20 * 300);
  EXPECT_EQ(ran_, 4 * 20 * 300);
}

TEST_P(SubmitAllTest, RefusedTogether) {
  group_.Seal();
  const auto tasks = group_.SubmitAll(Numbered(300));
  for (const auto& task : tasks) {
    EXPECT_TRUE(absl::IsFailedPrecondition(task.Get().status())) << task.Get().status();
  }
  group_.DetachAll(Numbered(300));
  const RunSummary summary = group_.Wait();
  EXPECT_EQ(summary.submitted, 0);
  EXPECT_EQ(summary.refused, 600);
  EXPECT_EQ(ran_, 0);
}

TEST_P(SubmitAllTest, ACancelReachesThem) {
  const auto tasks = group_.SubmitAll(Numbered(1000));
  group_.Cancel(absl::AbortedError("enough"));
  const RunSummary summary = group_.Wait();
  EXPECT_EQ(summary.completed + summary.cancelled, summary.submitted);
  EXPECT_EQ(summary.cancelled, 1000 - ran_);
  for (const auto& task : tasks) {
    EXPECT_TRUE(task.Get().ok() || absl::IsAborted(task.Get().status()));
  }
}

// With one worker, strictly: first in, first out in a lane, and the higher lane first.
TEST_P(SubmitAllTest, LanesAndOrder) {
  if (GetParam() != testing::kInline && GetParam() != 1) return;
  testing::Gate gate;
  if (has_threads()) {
    group_.Detach([&gate] { gate.Pass(); });
    gate.AwaitEntered();
  }
  std::vector<int> order;
  const auto noting = [&order](int first) {
    std::vector<TaskFunction> functions;
    for (int i = first; i < first + 20; ++i) {  // too few for one to wait too long
      functions.emplace_back([&order, i] { order.push_back(i); });
    }
    return functions;
  };
  group_.DetachAll(noting(200), TaskOptions{.priority = -1});
  group_.DetachAll(noting(100));
  group_.DetachAll(noting(50), TaskOptions{.priority = 5});
  group_.DetachAll(noting(0), TaskOptions{.priority = 10});
  if (has_threads()) gate.Open();
  group_.Wait();
  std::vector<int> expected;
  for (const int first : {0, 50, 100, 200}) {
    for (int i = first; i < first + 20; ++i) expected.push_back(i);
  }
  EXPECT_EQ(order, expected);
}

// What a function's move throws comes out; what came before it is submitted.
TEST_P(SubmitAllTest, AMoveThatThrows) {
  struct Throws {
    Throws(std::atomic<int>& its_count, bool bad) : count(its_count), throws(bad) {}
    Throws(const Throws&) = default;
    Throws(Throws&& other) : count(other.count), throws(other.throws) {
      if (throws && armed) throw std::runtime_error("move");
    }
    void operator()() const { ++count; }
    std::atomic<int>& count;
    bool throws;
    bool armed = true;
  };
  std::vector<Throws> functions;
  functions.reserve(300);
  for (int i = 0; i < 300; ++i) functions.emplace_back(ran_, i == 200);
  EXPECT_THROW(group_.DetachAll(std::move(functions)), std::runtime_error);
  EXPECT_EQ(group_.Wait().completed, 200);
  EXPECT_EQ(ran_, 200);
}

}  // namespace
}  // namespace weft
