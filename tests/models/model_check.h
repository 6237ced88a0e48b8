// SPDX-License-Identifier: Apache-2.0
//
// One model as a test: shallow faults first, then everything within the bounds.

#ifndef WEFT_TESTS_MODELS_MODEL_CHECK_H_
#define WEFT_TESTS_MODELS_MODEL_CHECK_H_

#include <functional>

#include "models/explorer.h"

namespace weft::models {

// Adds a failure to the running test when one of 2,000 random schedules, of 2,000 by
// PCT, or of all with `options.preemptions` fails; prints how many there were. With a
// sanitizer, only a part of them.
void CheckModel(const Options& options, const std::function<void(Model&)>& body);

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_MODEL_CHECK_H_
