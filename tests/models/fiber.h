// SPDX-License-Identifier: Apache-2.0
//
// Stacks that take turns on one thread of the machine: the threads of a model.

#ifndef WEFT_TESTS_MODELS_FIBER_H_
#define WEFT_TESTS_MODELS_FIBER_H_

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define WEFT_MODELS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEFT_MODELS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define WEFT_MODELS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT_MODELS_TSAN 1
#endif
#endif

#if !defined(__x86_64__)
#include <ucontext.h>
#define WEFT_MODELS_UCONTEXT 1
#endif

namespace weft::models {

// Thread safety: all fibers that switch among each other belong to one thread.
// Cost: a switch is some ten instructions on x86-64, a system call elsewhere.
class Fiber {
 public:
  using Entry = void (*)(void* argument);

  // The stack that the caller stands on.
  Fiber();
  // Runs `entry`, which must not return, when it is first switched to.
  Fiber(Entry entry, void* argument);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  // Returns when somebody switches back. Requires: *this is running.
  void SwitchTo(Fiber& to);

 private:
  // Frames of unoptimised, instrumented code are large.
  static constexpr std::size_t kStackBytes = std::size_t{1} << 18;

  static void Start();
  void Arrived();

  Entry entry_ = nullptr;
  void* argument_ = nullptr;
  // From malloc and never poisoned by a guard: a leak checker finds what an abandoned
  // stack points to.
  void* stack_ = nullptr;
  const void* bottom_ = nullptr;
  std::size_t size_ = 0;
#if defined(WEFT_MODELS_UCONTEXT)
  ucontext_t context_{};
#else
  void* stack_pointer_ = nullptr;
#endif
  [[maybe_unused]] void* fake_stack_ = nullptr;    // AddressSanitizer's
  [[maybe_unused]] void* shadow_fiber_ = nullptr;  // ThreadSanitizer's
  // What the C++ runtime knows of exceptions in flight, a pointer and a count, which it
  // keeps for each thread of the machine.
  void* exceptions_[2] = {};
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_FIBER_H_
