// SPDX-License-Identifier: Apache-2.0
//
// The memory of a model: every operation on what its threads share. docs/concurrency.md
// says which behaviours are produced and which are not.

#ifndef WEFT_TESTS_MODELS_MEMORY_H_
#define WEFT_TESTS_MODELS_MEMORY_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/location.h"
#include "models/threads.h"

namespace weft::models {

// Which objects more than one thread uses, over all executions so far: only there it
// matters who goes first.
//
// Thread safety: as a plain variable.
class Sharing {
 public:
  // Whether a conflict with another thread is known by now.
  bool Touch(const Birth& birth, int thread, bool writes) {
    std::vector<Users>& made = users_[static_cast<std::size_t>(birth.maker)];
    if (birth.nth >= made.size()) made.resize(birth.nth + 1);
    Users& users = made[birth.nth];
    users.all |= static_cast<std::uint8_t>(1U << thread);
    users.wrote |= writes;
    const bool shared = users.wrote && (users.all & (users.all - 1)) != 0;
    if (shared && !users.shared) grown_ = users.shared = true;
    return shared;
  }
  // Whether that has changed since the last call.
  bool TakeGrown() { return std::exchange(grown_, false); }

 private:
  struct Users {
    std::uint8_t all = 0;  // a bit for each thread
    bool wrote = false;
    bool shared = false;
  };
  std::array<std::vector<Users>, kMaxThreads> users_;  // by maker and Birth::nth
  bool grown_ = false;
};

// Thread safety: the running thread of the model.
class Memory {
 public:
  Memory(Threads& threads, const Bounds& bounds) : threads_(threads), bounds_(bounds) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  void Begin(bool stop_everywhere);
  void RecordSteps() { recording_ = true; }
  const std::vector<std::string>& steps() const { return steps_; }
  Sharing& sharing() { return sharing_; }

  static constexpr std::uint32_t kUnused = 0xFFFFFFFF;
  static constexpr std::uint32_t kDestroyed = 0xFFFFFFFE;
  Birth Born() {
    ModelThread& self = threads_.running();
    return {self.id, made_[static_cast<std::size_t>(self.id)]++, ++self.clock[self.id]};
  }
  // Returns the number by which an object names its location from its first use on:
  // most cells of a large array have none.
  std::uint32_t Make(LocationKind kind, const void* owner, const Birth& birth, std::uint64_t value);
  void Destroy(std::uint32_t number, const void* owner);
  Location& At(std::uint32_t number, const void* owner);

  std::uint64_t Load(Location& location, std::memory_order order);
  void Store(Location& location, std::uint64_t value, std::memory_order order);
  // A read-modify-write in two halves, with nothing between them.
  int BeginUpdate(Location& location, std::memory_order order);
  std::uint64_t ValueAt(Location& location, int position) {
    return location.history.at(position).value;
  }
  void EndUpdate(Location& location, int position, std::uint64_t value, std::memory_order order);
  bool CompareExchange(Location& location, std::uint64_t& expected, std::uint64_t desired,
                       std::memory_order success, std::memory_order failure, bool weak);
  void Wait(Location& location, std::uint64_t old, std::memory_order order);
  void Notify(Location& location, bool all);

  // Of one light and one heavy fence, or two heavy ones, the second sees what the threads of
  // both knew at the first. That orders what is read, not what happens before.
  void LightFence();
  void HeavyFence();

  void ReadPlain(Location& location);
  void WritePlain(Location& location);

  void Lock(Location& location);
  void Unlock(Location& location);
  bool Park(Location& location, const Threads::TimePoint* deadline);
  void Unpark(Location& location);
  void Pause(const char* name);

 private:
  // What the running thread may not read behind.
  Clock Bound() const;
  void BeginOperation(Location& location, bool writes);
  void CheckUse(Location& location);
  void Touch(Location& location);
  void NoteRead(Location& location, int position, std::memory_order order);
  // Chooses among the positions from the newest down to `oldest` that `allowed` lets
  // through; the newest always is.
  template <class Allowed>
  int PickPosition(Location& location, int oldest, Allowed allowed);
  StoreRecord& Insert(Location& location, int after, std::uint64_t value, std::memory_order order);
  std::string Text(std::uint64_t value);
  void Record(const char* operation, const Location& location, std::string details);
  void Record(const char* operation, const std::string& what);

  Threads& threads_;
  const Bounds bounds_;
  std::deque<Location> locations_;  // stay where they are; reused by later executions
  std::uint32_t count_ = 0;
  std::array<std::uint32_t, kMaxThreads> made_{};  // by thread
  std::array<Clock, kMaxThreads> fenced_;          // by thread: known through fences alone
  std::array<Clock, kMaxThreads> at_light_;        // by thread: known at its last light fence
  Clock at_heavy_;                                 // known at any heavy fence
  Sharing sharing_;
  bool stop_everywhere_ = true;
  int stale_ = 0;
  int spurious_ = 0;
  bool recording_ = false;
  std::vector<std::string> steps_;
  std::vector<std::uint64_t> addresses_;  // seen as values, while recording
};

std::string NameOf(std::memory_order order);

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_MEMORY_H_
