// SPDX-License-Identifier: Apache-2.0
//
// The machine as a model shows it: the names of internal::StdPlatform, of which every
// operation is a step of an execution that the explorer chooses.

#ifndef WEFT_TESTS_MODELS_MODEL_PLATFORM_H_
#define WEFT_TESTS_MODELS_MODEL_PLATFORM_H_

#include <atomic>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "models/execution.h"

namespace weft::models {

// An object of a model, from its constructor to its destructor.
class Tracked {
 public:
  Tracked(LocationKind kind, std::uint64_t value)
      : kind_(kind), birth_(memory().Born()), value_(value) {}
  Tracked(const Tracked&) = delete;
  Tracked& operator=(const Tracked&) = delete;
  ~Tracked() {
    if (number_ != Memory::kUnused && Execution::running()) memory().Destroy(number_, this);
    number_ = Memory::kDestroyed;
    // Must reach the memory, though nothing but a late use reads it.
    asm volatile("" : : "r"(&number_) : "memory");
  }

  Location& location() const {
    if (number_ == Memory::kUnused) number_ = memory().Make(kind_, this, birth_, value_);
    return memory().At(number_, this);
  }
  static Memory& memory() { return Execution::Current().memory; }

 private:
  mutable std::uint32_t number_ = Memory::kUnused;
  const LocationKind kind_;
  const Birth birth_;
  const std::uint64_t value_;  // the first, of an atomic
};

// std::atomic, of types of up to eight bytes.
//
// Thread safety: any thread of the model.
template <class T>
class ModelAtomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t));
  static constexpr auto kSc = std::memory_order_seq_cst;

 public:
  using value_type = T;
  static constexpr bool is_always_lock_free = true;

  ModelAtomic() : ModelAtomic(T()) {}
  ModelAtomic(T value) : tracked_(LocationKind::kAtomic, Bits(value)) {}  // NOLINT: as std's
  ModelAtomic(const ModelAtomic&) = delete;
  ModelAtomic& operator=(const ModelAtomic&) = delete;

  T operator=(T value) {
    store(value);
    return value;
  }
  operator T() const { return load(); }  // NOLINT: as std's

  T load(std::memory_order order = kSc) const {
    return Value(Tracked::memory().Load(tracked_.location(), order));
  }
  void store(T value, std::memory_order order = kSc) {
    Tracked::memory().Store(tracked_.location(), Bits(value), order);
  }
  T exchange(T value, std::memory_order order = kSc) {
    return Update(order, [value](T) { return value; });
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                               std::memory_order failure) {
    return CompareExchange(expected, desired, success, failure, /*weak=*/false);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order order = kSc) {
    return CompareExchange(expected, desired, order, OfFailure(order), /*weak=*/false);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success,
                             std::memory_order failure) {
    return CompareExchange(expected, desired, success, failure, /*weak=*/true);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order order = kSc) {
    return CompareExchange(expected, desired, order, OfFailure(order), /*weak=*/true);
  }
  T fetch_add(T by, std::memory_order order = kSc) {
    return Update(order, [by](T value) { return static_cast<T>(value + by); });
  }
  T fetch_sub(T by, std::memory_order order = kSc) {
    return Update(order, [by](T value) { return static_cast<T>(value - by); });
  }
  T fetch_and(T with, std::memory_order order = kSc) {
    return Update(order, [with](T value) { return static_cast<T>(value & with); });
  }
  T fetch_or(T with, std::memory_order order = kSc) {
    return Update(order, [with](T value) { return static_cast<T>(value | with); });
  }
  T fetch_xor(T with, std::memory_order order = kSc) {
    return Update(order, [with](T value) { return static_cast<T>(value ^ with); });
  }

  void wait(T old, std::memory_order order = kSc) const {
    Tracked::memory().Wait(tracked_.location(), Bits(old), order);
  }
  void notify_one() { Tracked::memory().Notify(tracked_.location(), /*all=*/false); }
  void notify_all() { Tracked::memory().Notify(tracked_.location(), /*all=*/true); }

  const Tracked& tracked() const { return tracked_; }

 private:
  static std::uint64_t Bits(T value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    return bits;
  }
  static T Value(std::uint64_t bits) {
    T value;
    std::memcpy(static_cast<void*>(&value), &bits, sizeof(T));
    return value;
  }
  static std::memory_order OfFailure(std::memory_order order) {
    if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
    if (order == std::memory_order_release) return std::memory_order_relaxed;
    return order;
  }
  template <class F>
  T Update(std::memory_order order, F next) {
    Memory& memory = Tracked::memory();
    Location& location = tracked_.location();
    const int position = memory.BeginUpdate(location, order);
    const T old = Value(memory.ValueAt(location, position));
    memory.EndUpdate(location, position, Bits(next(old)), order);
    return old;
  }
  bool CompareExchange(T& expected, T desired, std::memory_order success, std::memory_order failure,
                       bool weak) {
    std::uint64_t bits = Bits(expected);
    const bool done = Tracked::memory().CompareExchange(tracked_.location(), bits, Bits(desired),
                                                        success, failure, weak);
    expected = Value(bits);
    return done;
  }

  Tracked tracked_;
};

// Thread safety: whoever uses it must be ordered after the last write; else the model
// fails.
template <class T>
class ModelPlain {
 public:
  ModelPlain() : tracked_(LocationKind::kPlain, 0) {}
  explicit ModelPlain(T value) : tracked_(LocationKind::kPlain, 0), value_(std::move(value)) {}

  const T& Read() const {
    Tracked::memory().ReadPlain(tracked_.location());
    return value_;
  }
  void Write(T value) { Change() = std::move(value); }
  T& Change() {
    Tracked::memory().WritePlain(tracked_.location());
    return value_;
  }
  const Tracked& tracked() const { return tracked_; }

 private:
  Tracked tracked_;
  T value_{};
};

// Thread safety: any thread of the model; not recursive.
class ModelLock {
 public:
  ModelLock() : tracked_(LocationKind::kLock, 0) {}
  void lock() { Tracked::memory().Lock(tracked_.location()); }
  void unlock() { Tracked::memory().Unlock(tracked_.location()); }
  const Tracked& tracked() const { return tracked_; }

 private:
  Tracked tracked_;
};

// Thread safety: Park and ParkUntil by one thread of the model, Unpark by any.
class ModelParker {
 public:
  ModelParker() : tracked_(LocationKind::kParker, 0) {}
  void Park() { Tracked::memory().Park(tracked_.location(), nullptr); }
  // Whether it comes to its deadline first is a choice.
  bool ParkUntil(Threads::TimePoint deadline) {
    return Tracked::memory().Park(tracked_.location(), &deadline);
  }
  void Unpark() { Tracked::memory().Unpark(tracked_.location()); }
  const Tracked& tracked() const { return tracked_; }

 private:
  Tracked tracked_;
};

struct ModelPlatform {
  using TimePoint = Threads::TimePoint;
  template <class T>
  using Atomic = ModelAtomic<T>;
  template <class T>
  using Plain = ModelPlain<T>;
  using Lock = ModelLock;
  using Parker = ModelParker;

  static bool FencesAreAsymmetric() { return true; }
  static void LightFence() { Tracked::memory().LightFence(); }
  static void HeavyFence() { Tracked::memory().HeavyFence(); }
  static void Pause() { Tracked::memory().Pause("pause"); }
  static void Yield() { Tracked::memory().Pause("yield"); }
  // Stands still but for deadlines that are waited for.
  static TimePoint Now() { return Execution::Current().threads.now(); }
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_MODEL_PLATFORM_H_
