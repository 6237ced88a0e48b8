// SPDX-License-Identifier: Apache-2.0
//
// Keeps what a model frees until its execution ends: so that a late use of an object
// is found out by its number and does not depend on what lies there by then.

#ifndef WEFT_TESTS_MODELS_QUARANTINE_H_
#define WEFT_TESTS_MODELS_QUARANTINE_H_

namespace weft::models {

// While one lives, `delete` only notes the block. Replaces the global operators of the
// executable that it is linked into.
//
// Thread safety: one thread, and others must not delete meanwhile.
class Quarantine {
 public:
  Quarantine();
  Quarantine(const Quarantine&) = delete;
  Quarantine& operator=(const Quarantine&) = delete;
  ~Quarantine();
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_QUARANTINE_H_
