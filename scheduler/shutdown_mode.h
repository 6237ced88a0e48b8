// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_SHUTDOWN_MODE_H_
#define WEFT_SCHEDULER_SHUTDOWN_MODE_H_

namespace weft {

// What becomes of what has not begun when a scheduler, or a pool, shuts down.
enum class ShutdownMode {
  kDrain,   // what was submitted runs to its end
  kCancel,  // it is cancelled; what has begun runs to its end
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_SHUTDOWN_MODE_H_
