// SPDX-License-Identifier: Apache-2.0

#include "bench/harness/work.h"

#include <algorithm>
#include <thread>

#include "benchmark/benchmark.h"

namespace weft::bench {

void Work::Spin(std::uint32_t steps) {
  steps_ = steps;
  UpdateExtras();
}

void Work::Sleep(std::uint32_t every, std::chrono::microseconds duration) {
  sleep_every_ = every;
  sleep_ = duration;
  UpdateExtras();
}

void Work::CheckOrder(const Dag* dag) {
  order_ = dag;
  UpdateExtras();
}

void Work::CloseGate() {
  gated_ = true;
  gate_open_.store(false);
  UpdateExtras();
}

void Work::OpenGate() {
  gate_open_.store(true);
  gate_open_.notify_all();
}

const char* Work::Wrong(std::uint32_t rounds) const {
  if (out_of_order_.load() > 0) return "a task ran before a predecessor";
  const bool all = std::ranges::all_of(counts_, [rounds](const std::atomic<std::uint32_t>& count) {
    return count.load() == rounds;
  });
  return all ? nullptr : "a task did not run exactly once a round";
}

void Work::UpdateExtras() {
  extras_ = steps_ > 0 || sleep_every_ > 0 || order_ != nullptr || gated_;
}

void Work::RunExtras(std::uint32_t task) {
  if (gated_) gate_open_.wait(false);
  if (order_ != nullptr) {
    // relaxed: whether the scheduler makes them visible is the question.
    const std::uint32_t own = counts_[task].load(std::memory_order_relaxed);
    for (const std::uint32_t before : order_->predecessors(task)) {
      if (counts_[before].load(std::memory_order_relaxed) != own + 1) ++out_of_order_;
    }
  }
  if (sleep_every_ > 0 && task % sleep_every_ == 0) std::this_thread::sleep_for(sleep_);
  std::uint64_t value = task;
  for (std::uint32_t i = 0; i < steps_; ++i) {
    value = value * 6364136223846793005u + 1442695040888963407u;
  }
  benchmark::DoNotOptimize(value);
}

}  // namespace weft::bench
