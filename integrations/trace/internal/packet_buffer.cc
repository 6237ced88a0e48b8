// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/internal/packet_buffer.h"

#include <bit>
#include <cstring>

namespace weft::internal {
namespace {

enum WireType : std::uint32_t { kVarint = 0, kEightBytes = 1, kSized = 2 };

constexpr std::size_t kLongestVarint = 10;

constexpr std::uint64_t Tag(std::uint32_t field, WireType type) { return (field << 3) | type; }

}  // namespace

PacketBuffer::PacketBuffer(std::size_t bytes)
    : capacity_(bytes), data_(std::make_unique_for_overwrite<char[]>(bytes)) {}

void PacketBuffer::Grow(std::size_t bytes) {
  const std::size_t capacity = std::max(2 * capacity_, size_ + bytes);
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  std::memcpy(larger.get(), data_.get(), size_);
  data_ = std::move(larger);
  capacity_ = capacity;
}

void PacketBuffer::Varint(std::uint64_t value) {
  char* at = data_.get() + size_;
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  size_ = static_cast<std::size_t>(at - data_.get());
}

void PacketBuffer::Number(std::uint32_t field, std::uint64_t value) {
  Reserve(2 * kLongestVarint);
  Varint(Tag(field, kVarint));
  Varint(value);
}

void PacketBuffer::Fixed(std::uint32_t field, std::uint64_t value) {
  static_assert(std::endian::native == std::endian::little,
                "the format's bytes come in this order");
  Reserve(kLongestVarint + sizeof(value));
  Varint(Tag(field, kEightBytes));
  std::memcpy(data_.get() + size_, &value, sizeof(value));
  size_ += sizeof(value);
}

void PacketBuffer::Text(std::uint32_t field, std::string_view text) {
  Reserve(2 * kLongestVarint + text.size());
  Varint(Tag(field, kSized));
  Varint(text.size());
  std::memcpy(data_.get() + size_, text.data(), text.size());
  size_ += text.size();
}

std::size_t PacketBuffer::Open(std::uint32_t field) {
  Reserve(kLongestVarint + 1);
  Varint(Tag(field, kSized));
  return ++size_;  // room for the length of most messages
}

void PacketBuffer::Shut(std::size_t begin) {
  const std::size_t size = size_ - begin;
  if (size >= 0x80) {
    const auto more = static_cast<std::size_t>(std::bit_width(size) + 6) / 7 - 1;
    Reserve(more);
    std::memmove(data_.get() + begin + more, data_.get() + begin, size);
  }
  size_ = begin - 1;
  Varint(size);
  size_ += size;
}

}  // namespace weft::internal
