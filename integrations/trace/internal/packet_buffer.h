// SPDX-License-Identifier: Apache-2.0
//
// Bytes in the wire format of protocol buffers: what TracePackets are made of.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_PACKET_BUFFER_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_PACKET_BUFFER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace weft::internal {

// Fields are written one after the other; a message within a message lies between Open and Shut.
//
// Thread safety: one thread at a time.
// Cost: a nanosecond or two a field; memory as for the most that was ever in it.
class PacketBuffer {
 public:
  explicit PacketBuffer(std::size_t bytes);

  std::string_view bytes() const {
    return {begin_.get(), static_cast<std::size_t>(at_ - begin_.get())};
  }
  void Clear() { at_ = begin_.get(); }

  void Number(std::uint32_t field, std::uint64_t value) {
    Reserve(2 * kLongestVarint);
    at_ = Varint(Varint(at_, Tag(field, kVarint)), value);
  }
  // Eight bytes, whatever the value.
  void Fixed(std::uint32_t field, std::uint64_t value) {
    static_assert(std::endian::native == std::endian::little,
                  "the format's bytes come in this order");
    Reserve(kLongestVarint + sizeof(value));
    char* const at = Varint(at_, Tag(field, kEightBytes));
    std::memcpy(at, &value, sizeof(value));
    at_ = at + sizeof(value);
  }
  void Text(std::uint32_t field, std::string_view text);

  // Returns what Shut needs.
  std::size_t Open(std::uint32_t field) {
    Reserve(kLongestVarint + 1);
    at_ = Varint(at_, Tag(field, kSized)) + 1;  // room for the length of most messages
    return static_cast<std::size_t>(at_ - begin_.get());
  }
  void Shut(std::size_t begin) {
    char* const message = begin_.get() + begin;
    const auto size = static_cast<std::size_t>(at_ - message);
    if (size >= 0x80) [[unlikely]]
      return ShutLong(begin);
    message[-1] = static_cast<char>(size);
  }

 private:
  enum WireType : std::uint32_t { kVarint = 0, kEightBytes = 1, kSized = 2 };
  static constexpr std::size_t kLongestVarint = 10;

  static constexpr std::uint64_t Tag(std::uint32_t field, WireType type) {
    return (field << 3) | type;
  }
  static char* Varint(char* at, std::uint64_t value) {
    while (value >= 0x80) {
      *at++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *at++ = static_cast<char>(value);
    return at;
  }
  void Reserve(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) [[unlikely]]
      Grow(bytes);
  }
  void Grow(std::size_t bytes);
  void ShutLong(std::size_t begin);

  std::unique_ptr<char[]> begin_;
  char* at_;
  char* end_;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_PACKET_BUFFER_H_
