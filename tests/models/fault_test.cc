// SPDX-License-Identifier: Apache-2.0
//
// That the explorer finds what it is for, and finds it again.

#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "models/explorer.h"

namespace weft::models {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using Body = std::function<void(Model&)>;
template <class T>
using Atomic = ModelPlatform::Atomic<T>;

constexpr auto kRelaxed = std::memory_order_relaxed;

struct Faulty {
  std::string name;
  std::string failure;  // how its text begins
  Body body;
};

void LostWakeUp(Model& m) {
  Atomic<bool> asleep{false};
  Atomic<bool> work{false};
  ModelPlatform::Parker parker;
  m.Thread([&] {
    if (work.load()) return;
    asleep.store(true);
    parker.Park();  // without another look at `work`
  });
  m.Thread([&] {
    work.store(true);
    if (asleep.load()) parker.Unpark();
  });
  m.Finally([] {});
}

// The same with both looks, but orders too weak: only an old value shows it.
void WeakHandshake(Model& m) {
  Atomic<bool> asleep{false};
  Atomic<bool> work{false};
  ModelPlatform::Parker parker;
  m.Thread([&] {
    asleep.store(true, std::memory_order_release);
    if (!work.load(std::memory_order_acquire)) parker.Park();
  });
  m.Thread([&] {
    work.store(true, std::memory_order_release);
    if (asleep.load(std::memory_order_acquire)) parker.Unpark();
  });
  m.Finally([] {});
}

void DataRace(Model& m) {
  ModelPlatform::Plain<int> data{0};
  Atomic<bool> ready{false};
  m.Thread([&] {
    data.Write(1);
    ready.store(true, kRelaxed);
  });
  m.Thread([&] {
    if (ready.load(std::memory_order_acquire)) Check(data.Read() == 1, "reads what was written");
  });
  m.Finally([] {});
}

void WriteAfterRead(Model& m) {
  ModelPlatform::Plain<int> data{0};
  Atomic<int> done{0};
  m.Thread([&] {
    data.Read();
    done.fetch_add(1, kRelaxed);
  });
  m.Thread([&] {
    if (done.load(std::memory_order_acquire) == 1) data.Write(1);
  });
  m.Finally([] {});
}

void Deadlock(Model& m) {
  ModelPlatform::Lock first;
  ModelPlatform::Lock second;
  m.Thread([&] {
    std::lock_guard outer(first);
    std::lock_guard inner(second);
  });
  m.Thread([&] {
    std::lock_guard outer(second);
    std::lock_guard inner(first);
  });
  m.Finally([] {});
}

void Livelock(Model& m) {
  Atomic<int> turn{0};
  m.Thread([&] {
    while (turn.load() != 1) ModelPlatform::Pause();
  });
  m.Thread([&] {
    if (turn.load() == 0) turn.store(2);
  });
  m.Finally([] {});
}

void EndlessLoop(Model& m) {
  Atomic<int> x{0};
  m.Thread([&] {
    while (x.exchange(1) != 2) {
    }
  });
  m.Thread([&] { x.store(0); });
  m.Finally([] {});
}

void UseAfterDestroy(Model& m) {
  auto shared = std::make_unique<Atomic<int>>(0);
  Atomic<int>* const raw = shared.get();
  Atomic<bool> gone{false};
  m.Thread([&] {
    if (!gone.load()) raw->load();
  });
  m.Thread([&] {
    gone.store(true);
    shared.reset();
  });
  m.Finally([] {});
}

[[maybe_unused]] void LateUse(Model& m) {
  auto shared = std::make_unique<Atomic<int>>(0);
  Atomic<int>* const raw = shared.get();
  Atomic<bool> gone{false};
  m.Thread([&] {
    while (!gone.load()) ModelPlatform::Pause();
    raw->load();
  });
  m.Thread([&] {
    shared.reset();
    gone.store(true);
  });
  m.Finally([] {});
}

// Reference counting whose last decrement does not see what the others did.
void DestroyedTooEarly(Model& m) {
  struct Counted {
    Atomic<int> references{2};
    Atomic<int> uses{0};
  };
  auto* const shared = new Counted;
  for (int i = 0; i < 2; ++i) {
    m.Thread([=] {
      shared->uses.fetch_add(1, kRelaxed);
      if (shared->references.fetch_sub(1, std::memory_order_release) == 1) delete shared;
    });
  }
  m.Finally([] {});
}

void UnsafePublication(Model& m) {
  Atomic<Atomic<int>*> published{nullptr};
  std::unique_ptr<Atomic<int>> made;
  m.Thread([&] {
    made = std::make_unique<Atomic<int>>(1);
    published.store(made.get(), kRelaxed);
  });
  m.Thread([&] {
    if (Atomic<int>* const seen = published.load(kRelaxed)) seen->load();
  });
  m.Finally([] {});
}

const Faulty kFaulty[] = {
    {"lost_wake_up", "deadlock or lost wake-up", LostWakeUp},
    {"weak_handshake", "deadlock or lost wake-up", WeakHandshake},
    {"data_race", "data race: thread 2 reads plain 1", DataRace},
    {"write_after_read", "data race: thread 2 writes plain 1", WriteAfterRead},
    {"deadlock", "deadlock or lost wake-up", Deadlock},
    {"livelock", "livelock: nobody can change what is polled", Livelock},
    {"endless_loop", "livelock: not at its end after 5000 steps", EndlessLoop},
    {"use_after_destroy", "", UseAfterDestroy},
#if !defined(WEFT_MODELS_TSAN)  // see quarantine.cc
    {"late_use", "used after it was destroyed", LateUse},
#endif
    {"destroyed_too_early", "destroyed too early", DestroyedTooEarly},
    {"unsafe_publication", "data race: thread 2 uses atomic 1.1", UnsafePublication},
};

TEST(FaultTest, FindsEachFaultByEachSearch) {
  for (const Faulty& faulty : kFaulty) {
    for (const Search search : {Search::kExhaustive, Search::kRandom, Search::kPct}) {
      SCOPED_TRACE(faulty.name + " by search " + std::to_string(static_cast<int>(search)));
      Options options;
      options.name = faulty.name;
      options.search = search;
      options.limit = 20'000;
      const Result result = Explore(options, faulty.body);
      EXPECT_TRUE(result.failed);
      EXPECT_FALSE(result.exhausted);
      EXPECT_THAT(result.failure, StartsWith(faulty.failure));
      EXPECT_THAT(result.report, HasSubstr("WEFT_MODEL_TRAIL='" + faulty.name + ": "));
    }
  }
}

TEST(FaultTest, ReplaysFailureByTrailAndBySeed) {
  for (const Faulty& faulty : kFaulty) {
    for (const Search search : {Search::kExhaustive, Search::kRandom, Search::kPct}) {
      SCOPED_TRACE(faulty.name + " by search " + std::to_string(static_cast<int>(search)));
      Options options;
      options.name = faulty.name;
      options.search = search;
      const Result found = Explore(options, faulty.body);
      Options by_trail;
      by_trail.replay_trail = found.trail.empty() ? "t0=1" : found.trail;
      const Result again = Explore(by_trail, faulty.body);
      EXPECT_EQ(again.failure, found.failure);
      EXPECT_EQ(again.log, found.log);
      EXPECT_EQ(again.schedules, 1);
      if (search == Search::kExhaustive) continue;
      Options by_seed;
      by_seed.replay_seed = found.seed;
      EXPECT_EQ(Explore(by_seed, faulty.body).trail, found.trail) << found.seed;
    }
  }
}

TEST(FaultTest, EnvironmentAsksForReplayOfOneModel) {
  Options options;
  options.name = "weak_handshake";
  const Result found = Explore(options, WeakHandshake);
  ::setenv("WEFT_MODEL_TRAIL", ("weak_handshake: " + found.trail).c_str(), 1);
  ::testing::internal::CaptureStderr();
  const Result again = Explore(options, WeakHandshake);
  const std::string printed = ::testing::internal::GetCapturedStderr();
  options.name = "another";
  const Result other = Explore(options, WeakHandshake);
  ::unsetenv("WEFT_MODEL_TRAIL");
  EXPECT_EQ(again.schedules, 1);
  EXPECT_EQ(again.failure, found.failure);
  EXPECT_THAT(printed, HasSubstr("behind the newest"));
  EXPECT_EQ(other.schedules, found.schedules);
}

}  // namespace
}  // namespace weft::models
