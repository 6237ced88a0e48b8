// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/internal/packet_buffer.h"

#include <algorithm>
#include <utility>

namespace weft::internal {

PacketBuffer::PacketBuffer(std::size_t bytes)
    : begin_(std::make_unique_for_overwrite<char[]>(bytes)), at_(begin_.get()), end_(at_ + bytes) {}

void PacketBuffer::Grow(std::size_t bytes) {
  const std::size_t size = this->bytes().size();
  const std::size_t capacity =
      std::max(2 * (size + static_cast<std::size_t>(end_ - at_)), size + bytes);
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  std::memcpy(larger.get(), begin_.get(), size);
  begin_ = std::move(larger);
  at_ = begin_.get() + size;
  end_ = begin_.get() + capacity;
}

void PacketBuffer::Text(std::uint32_t field, std::string_view text) {
  Reserve(2 * kLongestVarint + text.size());
  char* const at = Varint(Varint(at_, Tag(field, kSized)), text.size());
  std::memcpy(at, text.data(), text.size());
  at_ = at + text.size();
}

void PacketBuffer::ShutLong(std::size_t begin) {
  const std::size_t size = bytes().size() - begin;
  const auto more = static_cast<std::size_t>(std::bit_width(size) + 6) / 7 - 1;
  Reserve(more);
  char* const message = begin_.get() + begin;
  std::memmove(message + more, message, size);
  Varint(message - 1, size);
  at_ += more;
}

}  // namespace weft::internal
