// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIGEST_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIGEST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/integrations/codebase/codebase.h"

namespace weft::internal {

// XXH3-128 over values in a form that has one reading: numbers as eight bytes, lowest
// first, texts with their length in front.
//
// Thread safety: one thread.
class Digester {
 public:
  Digester();
  ~Digester();
  Digester(const Digester&) = delete;
  Digester& operator=(const Digester&) = delete;

  void Add(std::int64_t number);
  void Add(std::string_view text);

  // 32 hexadecimal digits, the highest first.
  std::string Finish();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

// Everything in `codebase` but its root and its run.
std::string DigestOf(const Codebase& codebase);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIGEST_H_
