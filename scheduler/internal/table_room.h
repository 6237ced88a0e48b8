// SPDX-License-Identifier: Apache-2.0
//
// Abseil's hash tables are not to be used again, nor destroyed, when one of them wanted
// memory and there was none: a table notes that it is larger before it is. Ours must live on.

#ifndef WEFT_SCHEDULER_INTERNAL_TABLE_ROOM_H_
#define WEFT_SCHEDULER_INTERNAL_TABLE_ROOM_H_

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

namespace weft::internal {

// Makes sure that the next element to be inserted needs no memory of the table. Throws
// std::bad_alloc: the table is as it was.
//
// Cost: two comparisons, mostly; amortised O(1).
template <class Table>
void MakeRoomForOne(Table& table) {
  // So full, a table makes room by tidying up; the smallest always grow.
  constexpr std::size_t kSmall = 16;
  if (table.capacity() > kSmall && table.size() * 32 <= table.capacity() * 25) [[likely]]
    return;
  union Larger {
    Larger() {}
    ~Larger() {}
    Table table;
  } larger;
  ::new (static_cast<void*>(&larger.table)) Table;
  larger.table.reserve(2 * std::max(table.size(), kSmall));  // throws: it is left as it is
  for (auto& element : table) larger.table.insert(std::move(element));
  table.swap(larger.table);
  larger.table.~Table();
}

// What stands under `key`, inserted if need be. Throws std::bad_alloc.
template <class Table, class Key>
auto& SafelyAt(Table& table, const Key& key) {
  MakeRoomForOne(table);
  return table[key];
}
// Whether `key` was not there yet. Throws std::bad_alloc.
template <class Table, class Key>
bool InsertSafely(Table& table, const Key& key) {
  MakeRoomForOne(table);
  return table.insert(key).second;
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_TABLE_ROOM_H_
