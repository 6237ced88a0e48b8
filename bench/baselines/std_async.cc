// SPDX-License-Identifier: Apache-2.0
//
// std::async, which makes a thread for each task.

#include <cstdint>
#include <future>
#include <sched.h>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/harness/register_library.h"
#include "bench/libraries.h"

namespace weft::bench {
namespace {

// While it lives, this thread and those that it starts keep to so many processors.
class Affinity {
 public:
  explicit Affinity(int processors) {
    sched_getaffinity(0, sizeof(before_), &before_);
    cpu_set_t fewer;
    CPU_ZERO(&fewer);
    for (int i = 0; i < CPU_SETSIZE && processors > 0; ++i) {
      if (!CPU_ISSET(i, &before_)) continue;
      CPU_SET(i, &fewer);
      --processors;
    }
    sched_setaffinity(0, sizeof(fewer), &fewer);
  }
  Affinity(const Affinity&) = delete;
  Affinity& operator=(const Affinity&) = delete;
  ~Affinity() { sched_setaffinity(0, sizeof(before_), &before_); }

 private:
  cpu_set_t before_;
};

class StdAsync {
 public:
  static constexpr std::string_view kName = "std_async";
  static constexpr std::uint32_t kMaxTasks = 1000;

  explicit StdAsync(int threads) : affinity_(threads) {}

  class Scope {
   public:
    template <class F>
    void Submit(F task) {
      tasks_.push_back(std::async(std::launch::async, std::move(task)));
    }
    void Wait() {
      for (std::future<void>& task : tasks_) task.get();
      tasks_.clear();
    }

   private:
    std::vector<std::future<void>> tasks_;
  };

  template <class Use>
  void Enter(Use use) {
    Scope scope;
    use(scope);
    scope.Wait();
  }

  std::uint64_t Fibonacci(unsigned n) {
    if (n < 2) return n;
    std::future<std::uint64_t> left =
        std::async(std::launch::async, [this, n] { return Fibonacci(n - 1); });
    const std::uint64_t right = Fibonacci(n - 2);
    return left.get() + right;
  }

 private:
  const Affinity affinity_;
};

}  // namespace

void RegisterStdAsync(Suite& suite) { RegisterLibrary<StdAsync>(suite); }

}  // namespace weft::bench
