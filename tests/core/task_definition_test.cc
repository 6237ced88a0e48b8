// SPDX-License-Identifier: Apache-2.0

#include "weft/core/task_definition.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

class FakeTask final : public internal::RunningTask {
 public:
  TaskId id() const override { return {}; }
  bool cancel_requested() const override { return false; }
  CancellationToken Token() override { return {}; }
  absl::Duration TimeLeft() const override { return absl::InfiniteDuration(); }
  void Degrade(absl::Status) override {}
  absl::Status Continue(void*) override { return absl::OkStatus(); }
};

absl::Status Call(TaskFunction function) {
  FakeTask task;
  TaskContext context(task, 3, 1);
  return function(context);
}

void Nothing() {}

TEST(TaskFunctionTest, TakesEveryFormOfCallable) {
  EXPECT_TRUE(Call([] {}).ok());
  EXPECT_TRUE(Call(&Nothing).ok());
  EXPECT_TRUE(Call(std::function<void()>([] {})).ok());
  EXPECT_TRUE(absl::IsAborted(Call([] { return absl::AbortedError("a"); })));
  int worker = -1;
  EXPECT_TRUE(Call([&](TaskContext& context) { worker = context.worker(); }).ok());
  EXPECT_EQ(worker, 3);
  EXPECT_TRUE(absl::IsAborted(
      Call([moved = std::make_unique<int>(1)](TaskContext&) { return absl::AbortedError(""); })));
}

TEST(TaskFunctionTest, EmptyCallablesAreFalse) {
  EXPECT_FALSE(static_cast<bool>(TaskFunction()));
  EXPECT_FALSE(static_cast<bool>(TaskFunction(std::function<void()>())));
  EXPECT_FALSE(static_cast<bool>(TaskFunction(static_cast<void (*)()>(nullptr))));
  EXPECT_TRUE(static_cast<bool>(TaskFunction([] {})));
}

TEST(TaskFunctionTest, ResetDestroysTheCapturesAndPassesOnWhatTheyThrow) {
  auto shared = std::make_shared<int>(1);
  TaskFunction function([shared] {});
  EXPECT_EQ(shared.use_count(), 2);
  function.Reset();
  EXPECT_EQ(shared.use_count(), 1);

  struct Thrower {
    explicit Thrower(bool armed_at_start) : armed(armed_at_start) {}
    Thrower(Thrower&& other) noexcept : armed(std::exchange(other.armed, false)) {}
    ~Thrower() noexcept(false) {
      if (armed) throw std::runtime_error("destroyed");
    }
    bool armed;
  };
  TaskFunction throwing([thrower = Thrower(true)] {});
  EXPECT_THROW(throwing.Reset(), std::runtime_error);
  throwing.Reset();
}

// Counts those that are alive, wherever they were moved to.
template <std::size_t kBytes, bool kMovesQuietly>
struct Counted {
  explicit Counted(int& its_alive) : alive(its_alive) { ++alive; }
  Counted(Counted&& other) noexcept(kMovesQuietly) : alive(other.alive), calls(other.calls) {
    ++alive;
  }
  ~Counted() { --alive; }
  absl::Status operator()() {
    return ++calls == 1 ? absl::OkStatus() : absl::AbortedError("called before");
  }
  int& alive;
  char calls = 0;
  char more[kBytes - sizeof(int*) - 1] = {};
};

template <class F>
class TaskFunctionRoomTest : public testing::Test {};
using Callables = testing::Types<Counted<16, true>, Counted<16, false>, Counted<64, true>>;
TYPED_TEST_SUITE(TaskFunctionRoomTest, Callables);

TYPED_TEST(TaskFunctionRoomTest, MovesKeepTheCallableAndLeaveNothing) {
  int alive = 0;
  FakeTask task;
  TaskContext context(task, 3, 1);
  {
    TaskFunction first{TypeParam(alive)};
    EXPECT_EQ(alive, 1);
    EXPECT_TRUE(first(context).ok());
    TaskFunction second = std::move(first);
    EXPECT_FALSE(static_cast<bool>(first));  // NOLINT: what is left is said to be empty
    EXPECT_TRUE(absl::IsInvalidArgument(first(context)));
    EXPECT_TRUE(absl::IsAborted(second(context))) << "it is the same callable";
    TaskFunction third{TypeParam(alive)};
    EXPECT_EQ(alive, 2);
    third = std::move(second);
    EXPECT_EQ(alive, 1) << "what was assigned to has gone";
    EXPECT_TRUE(absl::IsAborted(third(context)));
    TaskFunction& same = third;
    third = std::move(same);
    EXPECT_TRUE(absl::IsAborted(third(context)));
    third = TaskFunction();
    EXPECT_EQ(alive, 0);
    third = TaskFunction(TypeParam(alive));
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

TEST(TaskRefTest, NamesAndHandlesAreToldApart) {
  EXPECT_EQ(TaskRef("a").name(), "a");
  EXPECT_EQ(TaskRef(std::string_view("bc").substr(0, 1)).name(), "b");
  EXPECT_EQ(TaskRef("a").task(), nullptr);
  int references = 0;
  const auto ref = [](void* count) { ++*static_cast<int*>(count); };
  const auto unref = [](void* count) { --*static_cast<int*>(count); };
  {
    const TaskRef first(internal::OpaqueTask(&references, ref, unref));
    TaskRef second = first;
    EXPECT_EQ(references, 2);
    const TaskRef third = std::move(second);
    EXPECT_EQ(references, 2);
    second = third;
    EXPECT_EQ(references, 3);
    EXPECT_EQ(third.task(), &references);
    EXPECT_FALSE(third.is_name());
    EXPECT_TRUE(TaskRef("a").is_name());
  }
  EXPECT_EQ(references, 0);
}

}  // namespace
}  // namespace weft
