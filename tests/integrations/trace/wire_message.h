// SPDX-License-Identifier: Apache-2.0
//
// A message of protocol buffers without its description.

#ifndef WEFT_TESTS_INTEGRATIONS_TRACE_WIRE_MESSAGE_H_
#define WEFT_TESTS_INTEGRATIONS_TRACE_WIRE_MESSAGE_H_

#include <cstdint>
#include <cstring>
#include <string_view>

namespace weft::testing {

enum class WireType : std::uint8_t { kVarint = 0, kEightBytes = 1, kSized = 2 };

struct WireField {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t value = 0;      // of a number
  std::string_view bytes = {};  // of a sized one
};

// Reads one field after the other.
//
// Thread safety: one thread at a time.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  // False: the bytes are cut short, or no message.
  bool Next(WireField& field) {
    std::uint64_t tag = 0;
    if (!Varint(tag) || tag >> 3 == 0 || tag >> 32 != 0) return false;
    field = {.number = static_cast<std::uint32_t>(tag >> 3),
             .type = static_cast<WireType>(tag & 7)};
    switch (field.type) {
      case WireType::kVarint: return Varint(field.value);
      case WireType::kEightBytes: {
        if (rest_.size() < sizeof(field.value)) return false;
        std::memcpy(&field.value, rest_.data(), sizeof(field.value));
        rest_.remove_prefix(sizeof(field.value));
        return true;
      }
      case WireType::kSized: {
        std::uint64_t size = 0;
        if (!Varint(size) || size > rest_.size()) return false;
        field.bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
      }
    }
    return false;
  }

 private:
  bool Varint(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (rest_.empty()) return false;
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return shift < 63 || byte <= 1;
    }
    return false;
  }

  std::string_view rest_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_INTEGRATIONS_TRACE_WIRE_MESSAGE_H_
