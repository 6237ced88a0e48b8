// SPDX-License-Identifier: Apache-2.0
//
// Intrusive counting, so that a handle is one pointer and an object that several
// threads let go of costs no second allocation.

#ifndef WEFT_CORE_INTERNAL_REF_COUNTED_H_
#define WEFT_CORE_INTERNAL_REF_COUNTED_H_

#include <atomic>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace weft::internal {

// Base of objects that IntrusivePtr owns. Starts at no reference.
//
// Thread safety: Ref and Unref from any thread; what one thread did before its
// Unref is visible to the destructor.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void Ref() const {
    // relaxed: the caller already holds a reference, nothing is published.
    references_.fetch_add(1, std::memory_order_relaxed);
  }
  void Unref() const {
    // acq_rel: each release is seen by the one that finds the count at 1.
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 protected:
  virtual ~RefCounted() = default;

 private:
  mutable std::atomic<std::uint32_t> references_{0};
};

template <class U, class T>
concept PointsTo = std::is_convertible_v<U*, T*>;

// A counted pointer to a RefCounted object.
//
// Thread safety: like a plain pointer; distinct copies from distinct threads.
template <class T>
class IntrusivePtr {
 public:
  IntrusivePtr() = default;
  explicit IntrusivePtr(T* object) : object_(object) {
    if (object_ != nullptr) object_->Ref();
  }
  IntrusivePtr(const IntrusivePtr& other) : IntrusivePtr(other.object_) {}
  IntrusivePtr(IntrusivePtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <PointsTo<T> U>
  IntrusivePtr(IntrusivePtr<U> other) noexcept  // NOLINT: converts as plain pointers do
      : object_(other.Release()) {}
  IntrusivePtr& operator=(IntrusivePtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~IntrusivePtr() {
    if (object_ != nullptr) object_->Unref();
  }

  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

  // Gives the reference up to the caller.
  [[nodiscard]] T* Release() { return std::exchange(object_, nullptr); }

  friend bool operator==(const IntrusivePtr& a, const IntrusivePtr& b) {
    return a.object_ == b.object_;
  }

 private:
  T* object_ = nullptr;
};

template <class T, class... Args>
IntrusivePtr<T> MakeCounted(Args&&... args) {
  return IntrusivePtr<T>(new T(std::forward<Args>(args)...));
}

}  // namespace weft::internal

#endif  // WEFT_CORE_INTERNAL_REF_COUNTED_H_
