// SPDX-License-Identifier: Apache-2.0
//
// The kinds that have been seen, by name and by number; only ever more of them.

#ifndef WEFT_DISTRIBUTION_INTERNAL_KIND_TABLE_H_
#define WEFT_DISTRIBUTION_INTERNAL_KIND_TABLE_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "weft/distribution/internal/cost_cell.h"

namespace weft::internal {

// A hash table with open addressing, at most half full, that never moves nor forgets an
// entry: who finds a number in a slot may read that entry for as long as the table lives.
//
// Thread safety: every method from any thread.
// Cost: Find is a few loads and a comparison of texts; a kind that comes first takes a
// lock and allocates. 16 bytes for each of kMost, and about 150 for each kind.
template <class P, std::size_t kMost>
class KindTable {
 public:
  using Number = std::uint16_t;  // from 1 in the order of arrival; 0: none
  static_assert(kMost < (std::size_t{1} << 16));

  KindTable() = default;
  KindTable(const KindTable&) = delete;
  KindTable& operator=(const KindTable&) = delete;

  // 0: not there, or not seen yet. Requires, here and below: `hash` depends on `name` alone.
  Number Find(std::string_view name, std::uint32_t hash) const {
    for (std::size_t at = hash % kSlots;; at = (at + 1) % kSlots) {
      // acquire: pairs with Add; the entry is whole.
      const std::uint32_t slot = slots_[at].load(std::memory_order_acquire);
      if (slot == 0) return 0;
      if (TagOf(slot) != TagOfHash(hash)) continue;
      const auto number = static_cast<Number>(slot);
      if (EntryAt(number).name == name) return number;
    }
  }

  // The number of `name`, which is new or has come meanwhile; 0 when there is no room.
  // begin(CostCell<P>&) gives a new entry its first figures. Throws std::bad_alloc, and
  // what `begin` throws: the table is as it was.
  template <class Begin>
  Number Add(std::string_view name, std::uint32_t hash, Begin begin) {
    if (size() == kMost) return Find(name, hash);  // no lock where there is no room
    std::lock_guard lock(lock_);
    if (const Number known = Find(name, hash)) return known;
    const std::size_t size_before = size();
    if (size_before == kMost) return 0;
    auto entry = std::make_unique<Entry>(std::string(name));
    begin(entry->cell);
    entries_[size_before].Write(std::move(entry));
    const auto number = static_cast<Number>(size_before + 1);
    std::size_t at = hash % kSlots;
    // relaxed: slots change under the lock.
    while (slots_[at].load(std::memory_order_relaxed) != 0) at = (at + 1) % kSlots;
    // release: pairs with Find; publishes the entry.
    slots_[at].store(TagOfHash(hash) << 16 | number, std::memory_order_release);
    // release: pairs with size; publishes the entry and the slot.
    size_.store(number, std::memory_order_release);
    return number;
  }

  // How many there are; Find finds each of them.
  std::size_t size() const {
    return size_.load(std::memory_order_acquire);  // acquire: pairs with Add
  }

  // Requires, here and below: 1 <= number, and this thread has it from Find, Add or size(), itself
  // or through others. Then it is; size() may not have come so far yet.
  bool Holds(Number number) const {
    return number <= kMost && entries_[number - 1U].Read() != nullptr;
  }
  const std::string& NameOf(Number number) const { return EntryAt(number).name; }
  CostCell<P>& CellOf(Number number) const { return EntryAt(number).cell; }

 private:
  struct Entry {
    explicit Entry(std::string its_name) : name(std::move(its_name)) {}
    const std::string name;
    // A line of its own: looking a name up must not wait for those who observe.
    alignas(64) CostCell<P> cell;
  };
  static constexpr std::size_t kSlots = std::bit_ceil(2 * kMost);

  static std::uint32_t TagOf(std::uint32_t slot) { return slot >> 16; }
  // The half of the hash that did not choose the slot, at least where there are few slots.
  static std::uint32_t TagOfHash(std::uint32_t hash) { return hash >> 16; }
  Entry& EntryAt(Number number) const { return *entries_[number - 1U].Read(); }

  // Number in the lower half, tag in the upper one; 0: free.
  std::array<typename P::template Atomic<std::uint32_t>, kSlots> slots_ = {};
  typename P::template Atomic<std::uint32_t> size_{0};
  // Written once each, under the lock, before a slot and the size tell of them.
  std::array<typename P::template Plain<std::unique_ptr<Entry>>, kMost> entries_;
  typename P::Lock lock_;
};

}  // namespace weft::internal

#endif  // WEFT_DISTRIBUTION_INTERNAL_KIND_TABLE_H_
