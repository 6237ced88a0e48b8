// SPDX-License-Identifier: Apache-2.0
//
// Numbers of things, in texts.

#ifndef WEFT_CORE_INTERNAL_COUNTED_H_
#define WEFT_CORE_INTERNAL_COUNTED_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::internal {

// "1 task", "3 tasks".
inline std::string Counted(std::int64_t count, std::string_view thing) {
  std::string text = std::to_string(count);
  text += ' ';
  text += thing;
  if (count != 1) text += 's';
  return text;
}

}  // namespace weft::internal

#endif  // WEFT_CORE_INTERNAL_COUNTED_H_
