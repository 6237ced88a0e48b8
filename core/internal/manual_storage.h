// SPDX-License-Identifier: Apache-2.0
//
// Room for one object whose destructor is called by hand, and may throw:
// std::optional ends the process in that case.

#ifndef WEFT_CORE_INTERNAL_MANUAL_STORAGE_H_
#define WEFT_CORE_INTERNAL_MANUAL_STORAGE_H_

#include <memory>
#include <utility>

namespace weft::internal {

// Thread safety: one thread at a time.
template <class T>
class ManualStorage {
 public:
  ManualStorage() {}
  template <class... Args>
  explicit ManualStorage(std::in_place_t, Args&&... args) {
    Emplace(std::forward<Args>(args)...);
  }
  ManualStorage(const ManualStorage&) = delete;
  ManualStorage& operator=(const ManualStorage&) = delete;
  // A throw from here ends the process: Destroy first where that can happen.
  ~ManualStorage() noexcept { Destroy(); }

  // Requires: empty.
  template <class... Args>
  void Emplace(Args&&... args) {
    std::construct_at(&value_, std::forward<Args>(args)...);
    full_ = true;
  }

  // Passes on what the destructor throws; is empty then, too.
  void Destroy() noexcept(false) {
    if (std::exchange(full_, false)) value_.~T();
  }

  T& value() { return value_; }

 private:
  union {
    T value_;
  };
  bool full_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_CORE_INTERNAL_MANUAL_STORAGE_H_
