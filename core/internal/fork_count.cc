// SPDX-License-Identifier: Apache-2.0

#include "weft/core/internal/fork_count.h"

#include <pthread.h>

namespace weft::internal {

bool CountForks() {
  static const bool counts = pthread_atfork(nullptr, nullptr, [] {
                               fork_count.fetch_add(1, std::memory_order_relaxed);
                             }) == 0;
  return counts;
}

}  // namespace weft::internal
