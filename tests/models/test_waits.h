// SPDX-License-Identifier: Apache-2.0
//
// Who waits for what, as the engine keeps it (engine_wait.cc), with targets that are only
// addresses.

#ifndef WEFT_TESTS_MODELS_TEST_WAITS_H_
#define WEFT_TESTS_MODELS_TEST_WAITS_H_

#include "models/explorer.h"
#include "weft/scheduler/internal/waiter_list.h"

namespace weft::models {

// Thread safety: every method from any thread.
class TestWaits {
 public:
  struct Waiter {
    const void* target = nullptr;
    Waiter* next = nullptr;
    Waiter* previous = nullptr;
    ModelPlatform::Parker parker;
  };
  using List = internal::WaiterList<ModelPlatform, Waiter>;

  void Add(Waiter& waiter) { list_.Add(waiter); }
  // Calls `nobody` when no other waits for the same: under the lock, for who comes later
  // arms later.
  template <class F>
  void Remove(Waiter& waiter, F nobody) {
    list_.Remove(waiter);
    list_.WithAll([&](const Waiter* first) {
      for (const Waiter* other = first; other != nullptr; other = other->next) {
        if (other->target == waiter.target) return;
      }
      nobody();
    });
  }
  // `target` is only compared.
  void Notify(const void* target) {
    list_.Notify([target](const Waiter& waiter) { return waiter.target == target; });
  }
  const List& list() const { return list_; }

 private:
  List list_;
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_TEST_WAITS_H_
