// SPDX-License-Identifier: Apache-2.0
//
// A real control group of 512 MB: the tasks of a scheduler in it hold 50 MB each, and nobody is
// killed. Needs the right to make such a group; skipped, with the reason, without.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "gtest/gtest.h"

#include "faults/in_child.h"
#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

constexpr std::int64_t kMegabyte = 1 << 20;

bool WriteTo(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

// Lives as long as this, and must be empty then.
//
// Thread safety: one thread.
class MemoryGroup {
 public:
  explicit MemoryGroup(std::int64_t bytes) {
    struct Kind {
      const char* root;
      const char* limit;
      const char* swap;
    };
    constexpr std::array kKinds = {
        Kind{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.swappiness"},
        Kind{"/sys/fs/cgroup", "memory.max", "memory.swap.max"},
    };
    for (const Kind& kind : kKinds) {
      const std::string root = kind.root;
      if (access((root + "/cgroup.procs").c_str(), W_OK) != 0) continue;
      folder_ = root + "/weft-test-" + std::to_string(getpid());
      if (mkdir(folder_.c_str(), 0755) != 0) continue;
      WriteTo(folder_ + "/" + kind.swap, "0");  // some kernels have none
      if (WriteTo(folder_ + "/" + kind.limit, std::to_string(bytes))) return;
      rmdir(folder_.c_str());
    }
    folder_.clear();
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;
  ~MemoryGroup() {
    if (folder_.empty()) return;
    EXPECT_EQ(rmdir(folder_.c_str()), 0) << folder_;
  }

  bool valid() const { return !folder_.empty(); }
  bool Enter() const { return WriteTo(folder_ + "/cgroup.procs", std::to_string(getpid())); }

 private:
  std::string folder_;
};

// So much memory, in use, for as long as this lives.
//
// Thread safety: one thread.
class InUse {
 public:
  explicit InUse(std::int64_t bytes)
      : size_(static_cast<std::size_t>(bytes)),
        begin_(mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    Touch(1);
  }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;
  ~InUse() { munmap(begin_, size_); }
  void Touch(int value) { std::memset(begin_, value, size_); }

 private:
  const std::size_t size_;
  void* const begin_;
};

std::unique_ptr<TaskScheduler> EightWorkers() { return testing::MakeScheduler(8); }

int RunTasksThatDeclare(const MemoryGroup& group) {
  CHILD_EXPECT(group.Enter());
  const auto scheduler = EightWorkers();
  TaskGroup tasks(*scheduler);
  TaskOptions options;
  options.memory_bytes = 50 * kMegabyte;
  for (int i = 0; i < 32; ++i) {
    tasks.Submit(options, [] {
      InUse memory(50 * kMegabyte);
      for (int round = 0; round < 3; ++round) memory.Touch(round);
    });
  }
  CHILD_EXPECT(tasks.Wait().completed == 32);
  const MemoryFigures figures = scheduler->memory_figures();
  CHILD_EXPECT(figures.limit_bytes == 512 * kMegabyte);
  CHILD_EXPECT(figures.declared.limit == 384 * kMegabyte);
  CHILD_EXPECT(figures.declared.peak <= 384 * kMegabyte);
  CHILD_EXPECT(figures.declared.peak >= 100 * kMegabyte);  // not one by one
  CHILD_EXPECT(figures.declared.in_use == 0);
  return 0;
}

TEST(MemoryCgroupTest, TasksThatDeclareTheirMemoryFit) {
  const MemoryGroup group(512 * kMegabyte);
  if (testing::kThreadSanitizer) GTEST_SKIP() << "threads of a forked child: not with it";
  if (!group.valid()) GTEST_SKIP() << "no right to make a control group with a memory limit";
  EXPECT_EQ(testing::InChild([&] { return RunTasksThatDeclare(group); }), 0);
}

// Another process of the group fills it, and goes away again.
int RunBesideAnother(const MemoryGroup& group) {
  CHILD_EXPECT(group.Enter());
  int filled[2];
  int leave[2];
  CHILD_EXPECT(pipe(filled) == 0 && pipe(leave) == 0);
  const pid_t other = fork();
  if (other == 0) {
    const InUse memory(420 * kMegabyte);
    char byte = 0;
    if (write(filled[1], &byte, 1) != 1 || read(leave[0], &byte, 1) != 1) _exit(1);
    _exit(0);
  }
  char byte = 0;
  CHILD_EXPECT(read(filled[0], &byte, 1) == 1);
  const auto scheduler = EightWorkers();
  TaskGroup tasks(*scheduler);
  TaskOptions options;
  options.memory_bytes = kMegabyte;
  std::atomic<int> now{0};
  std::atomic<bool> alone{true};
  for (int i = 0; i < 200; ++i) {
    tasks.Submit(options, [&] {
      if (++now > 1) alone = false;
      std::this_thread::yield();
      --now;
    });
  }
  CHILD_EXPECT(tasks.Wait().completed == 200);
  CHILD_EXPECT(alone);
  CHILD_EXPECT(scheduler->memory_figures().closings == 1);
  int status = 0;
  CHILD_EXPECT(write(leave[1], &byte, 1) == 1 && waitpid(other, &status, 0) == other);
  CHILD_EXPECT(status == 0);
  // When somebody has looked again two run at once.
  testing::Gate first;
  testing::Gate second;
  tasks.Submit(options, [&first] { first.Pass(); });
  tasks.Submit(options, [&second] { second.Pass(); });
  first.AwaitEntered();
  second.AwaitEntered();
  first.Open();
  second.Open();
  CHILD_EXPECT(tasks.Wait().completed == 202);
  return 0;
}

TEST(MemoryCgroupTest, PressureFromOutsideHoldsBackAndPasses) {
  const MemoryGroup group(512 * kMegabyte);
  if (testing::kThreadSanitizer) GTEST_SKIP() << "threads of a forked child: not with it";
  if (!group.valid()) GTEST_SKIP() << "no right to make a control group with a memory limit";
  EXPECT_EQ(testing::InChild([&] { return RunBesideAnother(group); }), 0);
}

}  // namespace
}  // namespace weft
