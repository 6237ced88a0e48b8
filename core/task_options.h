// SPDX-License-Identifier: Apache-2.0
//
// How a task wants to be treated: one struct for Submit and for TaskDefinition.

#ifndef WEFT_CORE_TASK_OPTIONS_H_
#define WEFT_CORE_TASK_OPTIONS_H_

namespace weft {

// Thread safety: a plain value.
struct TaskOptions {
  // Which ready task is taken first. Four lanes: below 0 low, 0 normal, 1 to 9
  // high, 10 and more urgent; strict between lanes, first come first served inside.
  int priority = 0;
};

}  // namespace weft

#endif  // WEFT_CORE_TASK_OPTIONS_H_
