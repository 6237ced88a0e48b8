// SPDX-License-Identifier: Apache-2.0
//
// The seam between lock-free code and the machine. Protocols are templates over a
// platform: production binds StdPlatform, tests bind one that explores schedules
// and memory orders.

#ifndef WEFT_CORE_INTERNAL_PLATFORM_H_
#define WEFT_CORE_INTERNAL_PLATFORM_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>

#include "weft/core/internal/asymmetric_fence.h"

namespace weft::internal {

// The machine as the standard library shows it. A platform is a struct with these
// names; nothing else of the machine is used by a protocol.
struct StdPlatform {
  using TimePoint = std::chrono::steady_clock::time_point;

  template <class T>
  using Atomic = std::atomic<T>;

  // Data without an order of its own, which a protocol hands from thread to thread.
  // A test platform checks that each access happens after the last write.
  //
  // Thread safety: as a plain variable.
  template <class T>
  class Plain {
   public:
    Plain() = default;
    explicit Plain(T value) : value_(std::move(value)) {}
    const T& Read() const { return value_; }
    void Write(T value) { value_ = std::move(value); }
    T& Change() { return value_; }  // both a read and a write

   private:
    T value_{};
  };

  // A lock of four bytes that sleeps. Its last access to itself is the one store
  // that opens it: whoever takes it next may destroy it.
  //
  // Thread safety: any thread; not recursive. Meets BasicLockable.
  class Lock {
   public:
    void lock() {
      std::uint32_t seen = kOpen;
      // acquire: pairs with unlock.
      if (state_.compare_exchange_strong(seen, kTaken, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
        return;
      }
      while (state_.exchange(kAwaited, std::memory_order_acquire) != kOpen) {
        state_.wait(kAwaited, std::memory_order_relaxed);
      }
    }
    void unlock() {
      // release: publishes what was done under the lock.
      if (state_.exchange(kOpen, std::memory_order_release) == kAwaited) state_.notify_one();
    }

   private:
    static constexpr std::uint32_t kOpen = 0;
    static constexpr std::uint32_t kTaken = 1;
    static constexpr std::uint32_t kAwaited = 2;  // taken, and perhaps somebody sleeps
    std::atomic<std::uint32_t> state_{kOpen};
  };

  // One thread sleeps here until another lets it go. An Unpark that comes first is
  // kept, once.
  //
  // Thread safety: Park and ParkUntil by one thread, Unpark by any. Destroy it when
  // every Unpark has returned or has released the owner's Park.
  class Parker {
   public:
    void Park() {
      std::unique_lock lock(mu_);
      changed_.wait(lock, [this] { return let_go_; });
      let_go_ = false;
    }
    // False: not let go by `deadline`.
    bool ParkUntil(TimePoint deadline) {
      std::unique_lock lock(mu_);
      if (!changed_.wait_until(lock, deadline, [this] { return let_go_; })) return false;
      let_go_ = false;
      return true;
    }
    void Unpark() {
      // Under the lock to the end: the owner may destroy this once it gets away.
      std::lock_guard lock(mu_);
      let_go_ = true;
      changed_.notify_one();
    }

   private:
    std::mutex mu_;
    std::condition_variable changed_;
    bool let_go_ = false;
  };

  // asymmetric_fence.h. Who makes a protocol that uses them calls PrepareFences before.
  static bool FencesAreAsymmetric() { return internal::FencesAreAsymmetric(); }
  static void LightFence() { internal::LightFence(); }
  static void HeavyFence() { internal::HeavyFence(); }

  // In a loop that waits for another thread's next few instructions, and in no other.
  static void Pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  // Gives the core away: for a wait that Pause did not end.
  static void Yield() { std::this_thread::yield(); }
  static TimePoint Now() { return std::chrono::steady_clock::now(); }
};

}  // namespace weft::internal

#endif  // WEFT_CORE_INTERNAL_PLATFORM_H_
