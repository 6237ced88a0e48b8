// SPDX-License-Identifier: Apache-2.0
//
// The names of a group: of its tasks, and of those to come.

#ifndef WEFT_SCHEDULER_INTERNAL_NAME_TABLE_H_
#define WEFT_SCHEDULER_INTERNAL_NAME_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

#include "weft/scheduler/internal/table_room.h"
#include "weft/scheduler/internal/task_extras.h"
#include "weft/scheduler/internal/task_ptr.h"

namespace weft::internal {

// A name that is looked up, maybe more than once.
//
// Thread safety: a plain value, which refers to a text.
struct NameKey {
  explicit NameKey(std::string_view its_text)
      : text(its_text),
        hash(
            static_cast<std::uint32_t>(absl::HashOf(absl::string_view(text.data(), text.size())))) {
  }
  std::string_view text;
  std::uint32_t hash = 0;
};

// Eight bytes an entry, with the hash: what is looked up in vain touches no task, and a
// table that grows touches no text. The texts belong to the tasks.
//
// Thread safety: one thread at a time; the tasks' extras outlive their places here.
// Cost: O(1) each, amortised.
class NameTable {
 public:
  explicit NameTable(const EnginePool& pool) : pool_(pool) {}

  // Null: nobody has the name.
  EngineTask* Find(const NameKey& key) const {
    const auto found = entries_.find(Probe{key, &pool_});
    return found == entries_.end() ? nullptr : &TaskAt(found->task);
  }

  // Throws std::bad_alloc: the table is as it was. Otherwise the next Add needs no memory.
  void MakeRoom() { MakeRoomForOne(entries_); }
  // After MakeRoom. Requires: `task` has extras, and its name is not here.
  void Add(EngineTask& task) noexcept;
  void Remove(EngineTask& task) noexcept;

  // Calls visit(EngineTask&) with each, in the order in which they came. `visit` may let
  // the task go, which then has to be forgotten by who calls.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (std::uint32_t next = first_; next != 0;) {
      EngineTask& task = TaskAt(next);
      next = ExtrasOf(task)->next_name;
      visit(task);
    }
  }

  // Takes what `other` has; requires that this is empty.
  void TakeAll(NameTable& other) noexcept {
    entries_.swap(other.entries_);
    first_ = std::exchange(other.first_, 0);
    last_ = std::exchange(other.last_, 0);
  }

 private:
  struct Entry {
    std::uint32_t hash;
    std::uint32_t task;  // by its index
    bool operator==(const Entry&) const = default;
  };
  struct Probe {
    const NameKey& key;
    const EnginePool* pool;
  };
  struct Hash {
    using is_transparent = void;
    // Spread over all bits, of which the table uses the lowest and the highest.
    static std::size_t Spread(std::uint32_t hash) { return hash * 0x9E3779B97F4A7C15u; }
    std::size_t operator()(const Entry& entry) const { return Spread(entry.hash); }
    std::size_t operator()(const Probe& probe) const { return Spread(probe.key.hash); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry& a, const Entry& b) const { return a == b; }
    bool operator()(const Entry& entry, const Probe& probe) const {
      return entry.hash == probe.key.hash &&
             NameIn(static_cast<EngineTask&>(probe.pool->NodeOf(entry.task))) == probe.key.text;
    }
  };

  EngineTask& TaskAt(std::uint32_t index) const {
    return static_cast<EngineTask&>(pool_.NodeOf(index));
  }

  const EnginePool& pool_;
  absl::flat_hash_set<Entry, Hash, Equal> entries_;
  std::uint32_t first_ = 0;  // of the list in the tasks' extras
  std::uint32_t last_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_NAME_TABLE_H_
