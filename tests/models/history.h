// SPDX-License-Identifier: Apache-2.0
//
// What has been written to one atomic variable, in its modification order.

#ifndef WEFT_TESTS_MODELS_HISTORY_H_
#define WEFT_TESTS_MODELS_HISTORY_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "models/clock.h"

namespace weft::models {

struct StoreRecord {
  std::uint64_t value = 0;
  int thread = 0;
  Clock::Time time = 0;
  bool is_update = false;    // by a read-modify-write: follows its predecessor at once
  bool in_sc_order = false;  // written or read by a seq_cst operation
  Clock released;            // what a reader that acquires gets to know
  Clock first_reads = Clock::Never();
  std::array<std::uint8_t, kMaxThreads> stale_reads{};  // by thread
};

// The last kKept stores; position 0 is the oldest.
//
// Thread safety: as a plain variable.
class History {
 public:
  static constexpr int kKept = 8;

  void Begin() { size_ = 0; }

  int size() const { return size_; }
  int newest() const { return size_ - 1; }
  StoreRecord& at(int position) { return slots_[order_[static_cast<std::size_t>(position)]]; }

  // Whether a store may come between this position and the next.
  bool OpenAfter(int position) { return position == newest() || !at(position + 1).is_update; }

  // The oldest position that a thread with this clock may still read from, or write
  // behind: coherence forbids to go back behind what happened before.
  int Oldest(const Clock& clock, bool sc) {
    int position = newest();
    for (; position > 0; --position) {
      const StoreRecord& store = at(position);
      if (clock.Knows(store.thread, store.time) || (sc && store.in_sc_order) ||
          clock.KnowsAnyOf(store.first_reads)) {
        break;
      }
    }
    return position;
  }

  // A new record behind `position` (-1: before all). The oldest is forgotten when
  // there are too many.
  StoreRecord& InsertAfter(int position) {
    std::uint8_t slot = static_cast<std::uint8_t>(size_);
    if (size_ == kKept) {
      slot = order_[0];
      for (int i = 0; i + 1 < size_; ++i) order_[Index(i)] = order_[Index(i + 1)];
      if (position >= 0) --position;
    } else {
      ++size_;
    }
    for (int i = size_ - 1; i > position + 1; --i) order_[Index(i)] = order_[Index(i - 1)];
    order_[Index(position + 1)] = slot;
    slots_[slot] = StoreRecord();
    return slots_[slot];
  }

 private:
  static std::size_t Index(int position) { return static_cast<std::size_t>(position); }

  std::array<StoreRecord, kKept> slots_;
  std::array<std::uint8_t, kKept> order_{};
  int size_ = 0;
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_HISTORY_H_
