// SPDX-License-Identifier: Apache-2.0
//
// What a pool is in a child of its process, and where the machine gives no more threads.

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "faults/in_child.h"
#include "testing/engines.h"
#include "weft/scheduler/thread_pool.h"

namespace weft {
namespace {

using testing::InChild;
using testing::kThreadSanitizer;
using testing::MakePool;

bool SaysForked(const absl::Status& status) {
  const std::string text(status.message());
  return absl::IsFailedPrecondition(status) && text.find("forked") != std::string::npos &&
         text.find("create a new pool") != std::string::npos;
}

// Everything that a child may try.
int UseAll(ThreadPool& pool) {
  CHILD_EXPECT(SaysForked(pool.Submit([] {})));
  CHILD_EXPECT(SaysForked(pool.Resize(3)));
  CHILD_EXPECT(SaysForked(pool.Shutdown()));
  ThreadPool::Item item;
  CHILD_EXPECT(!pool.Enqueue(item));
  CHILD_EXPECT(!pool.StartPump(0));
  pool.Stop();
  CHILD_EXPECT(pool.width() >= 1);
  CHILD_EXPECT(pool.thread_count() == 0 && pool.queued_count() == 0);
  CHILD_EXPECT(pool.failed_count() == 0 && pool.failures().empty());
  CHILD_EXPECT(pool.failed_starts() == 0);
  return 0;
}

TEST(ThreadPoolForkTest, EveryCallSaysSoAndDestroyingReturns) {
  auto pool = MakePool({.threads = 2});
  testing::Gate gate;
  EXPECT_TRUE(pool->Submit([&] { gate.Pass(); }).ok());
  gate.AwaitEntered();
  EXPECT_EQ(InChild([&] {
              if (const int line = UseAll(*pool); line != 0) return line;
              pool.reset();
              return 0;
            }),
            0);
  gate.Open();
  std::atomic<int> ran{0};
  EXPECT_TRUE(pool->Submit([&] { ++ran; }).ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(ran, 1) << "the parent does not notice";
}

// A lock that a thread holds at that moment is never given back in the child.
TEST(ThreadPoolForkTest, WhileThreadsAreAtWork) {
  const auto pool = MakePool({.threads = 2, .max_queued = 10});
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!stop) EXPECT_TRUE(pool->Submit([] {}).ok());
    });
  }
  const int rounds = WEFT_SANITIZED ? 10 : 100;
  for (int round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
    EXPECT_EQ(InChild([&] { return UseAll(*pool); }), 0) << "round " << round;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

TEST(ThreadPoolForkTest, FromInsideAFunction) {
  const auto pool = MakePool({.threads = 2});
  std::atomic<int> code{-1};
  EXPECT_TRUE(pool->Submit([&] { code = InChild([&] { return UseAll(*pool); }); }).ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(code, 0);
}

TEST(ThreadPoolForkTest, ANewPoolInTheChildWorks) {
  if (kThreadSanitizer) GTEST_SKIP() << "ThreadSanitizer ends a child of threads that starts one";
  const auto pool = MakePool({.threads = 2});
  EXPECT_TRUE(pool->Submit([] {}).ok());
  EXPECT_EQ(InChild([&] {
              const auto fresh = MakePool({.threads = 3});
              std::atomic<int> ran{0};
              for (int i = 0; i < 1000; ++i) CHILD_EXPECT(fresh->Submit([&ran] { ++ran; }).ok());
              CHILD_EXPECT(fresh->Shutdown().ok());
              CHILD_EXPECT(ran == 1000);
              return UseAll(*pool);
            }),
            0);
}

// Room for few more stacks.
bool LimitAddressSpace() {
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return false;
  unsigned long pages = 0;
  const bool read = std::fscanf(file, "%lu", &pages) == 1;
  std::fclose(file);
  const rlim_t room = rlim_t{40} << 20;
  const rlim_t limit = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + room;
  const rlimit limits{.rlim_cur = limit, .rlim_max = limit};
  return read && setrlimit(RLIMIT_AS, &limits) == 0;
}

// Some threads can be had, and not as many as asked for: those do all there is to do.
int UseFewThreads() {
  constexpr int kFunctions = 200;
  const auto pool = MakePool({.threads = 100});
  CHILD_EXPECT(LimitAddressSpace());
  absl::Notification open;
  std::atomic<int> ran{0};
  for (int i = 0; i < kFunctions; ++i) {
    const auto held = [&] {
      open.WaitForNotification();
      ++ran;
    };
    CHILD_EXPECT(pool->Submit(held).ok());
  }
  CHILD_EXPECT(pool->failed_starts() > 0);
  CHILD_EXPECT(pool->thread_count() >= 1 && pool->thread_count() < 100);
  CHILD_EXPECT(absl::IsResourceExhausted(pool->Resize(150)));
  CHILD_EXPECT(pool->width() == 100);
  CHILD_EXPECT(pool->Resize(90).ok());
  open.Notify();
  CHILD_EXPECT(pool->Shutdown().ok());
  CHILD_EXPECT(ran == kFunctions);
  return 0;
}

TEST(ThreadPoolForkTest, TheThreadsThatThereAreDoTheWork) {
  if (WEFT_SANITIZED) GTEST_SKIP() << "a sanitizer needs more of the address space";
  EXPECT_EQ(InChild(UseFewThreads), 0);
}

}  // namespace
}  // namespace weft
