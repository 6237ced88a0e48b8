// SPDX-License-Identifier: Apache-2.0
//
// Room for an element that must not be lost.

#ifndef WEFT_SCHEDULER_INTERNAL_LIST_ROOM_H_
#define WEFT_SCHEDULER_INTERNAL_LIST_ROOM_H_

#include <algorithm>
#include <cstddef>
#include <vector>

namespace weft::internal {

// Makes sure that the next push_back does not throw. Throws std::bad_alloc: the list is as it was.
//
// Cost: amortised O(1), which reserve(size() + 1) is not.
template <class T>
void MakeRoomAtEnd(std::vector<T>& list) {
  constexpr std::size_t kLeast = 16;
  if (list.size() == list.capacity()) list.reserve(2 * std::max(list.size(), kLeast));
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_LIST_ROOM_H_
