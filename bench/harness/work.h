// SPDX-License-Identifier: Apache-2.0
//
// What a task does, the same on every side, and the check that it was done.

#ifndef WEFT_BENCH_HARNESS_WORK_H_
#define WEFT_BENCH_HARNESS_WORK_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/harness/dag.h"

namespace weft::bench {

// About 700 ns of dependent multiply-adds on a 3 GHz machine.
inline constexpr std::uint32_t kHeavySteps = 650;
inline constexpr std::uint32_t kStepsPerMicrosecond = 929;

// One counter a task; a task adds one to its own. What it does besides is set before
// tasks run, and costs a task without it one branch.
//
// Thread safety: Run() from any thread, for different tasks; the rest between runs,
// but OpenGate() at any time.
class Work {
 public:
  explicit Work(std::size_t tasks) : counts_(tasks) {}

  std::uint32_t size() const { return static_cast<std::uint32_t>(counts_.size()); }

  void Run(std::uint32_t task) {
    if (extras_) [[unlikely]] {
      RunExtras(task);
    }
    // relaxed: nobody else writes this one; a store so that the compiler keeps it.
    std::atomic<std::uint32_t>& count = counts_[task];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // Each task first multiplies and adds so often.
  void Spin(std::uint32_t steps);
  // Every `every`-th task first sleeps.
  void Sleep(std::uint32_t every, std::chrono::microseconds duration);
  // Each task first looks whether its predecessors ran; null: no longer.
  void CheckOrder(const Dag* dag);
  // Each task first waits until OpenGate().
  void CloseGate();
  void OpenGate();

  // Null when every task ran `rounds` times since the start, and none before a
  // predecessor; otherwise what went wrong.
  const char* Wrong(std::uint32_t rounds) const;

 private:
  void RunExtras(std::uint32_t task);
  void UpdateExtras();

  std::vector<std::atomic<std::uint32_t>> counts_;
  bool extras_ = false;  // whether any of the next four asks for something
  std::uint32_t steps_ = 0;
  std::uint32_t sleep_every_ = 0;
  const Dag* order_ = nullptr;
  bool gated_ = false;
  std::chrono::microseconds sleep_{0};
  std::atomic<bool> gate_open_{false};
  std::atomic<std::uint32_t> out_of_order_{0};
};

// The callable that every library is given: 16 bytes, as much as std::function keeps inline.
class Body {
 public:
  Body(Work* work, std::uint32_t task) : work_(work), task_(task) {}
  void operator()() const { work_->Run(task_); }

 private:
  Work* work_;
  std::uint32_t task_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_HARNESS_WORK_H_
