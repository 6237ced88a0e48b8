// SPDX-License-Identifier: Apache-2.0
//
// What waits in the queue of a pool.

#ifndef WEFT_SCHEDULER_INTERNAL_POOL_ITEM_H_
#define WEFT_SCHEDULER_INTERNAL_POOL_ITEM_H_

namespace weft::internal {

// Linked through itself, so that a pool takes it without memory of its own. Its owner keeps it
// where it is until `call` is called, once for each time that a pool has taken it.
//
// Thread safety: the owner until a pool takes it, then the pool, then `call`.
struct PoolItem {
  // `run` is false when the pool was told to cancel before its turn came. The pool does not touch
  // the item after it has made the call.
  void (*call)(PoolItem& item, bool run) noexcept = nullptr;
  PoolItem* next = nullptr;  // the pool's
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_POOL_ITEM_H_
