// SPDX-License-Identifier: Apache-2.0
//
// Bytes in the wire format of protocol buffers: what TracePackets are made of.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_PACKET_BUFFER_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_PACKET_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace weft::internal {

// Fields are written one after the other; a message within a message lies between Open and Shut.
//
// Thread safety: one thread at a time.
// Cost: a few nanoseconds a field; memory as for the most that was ever in it.
class PacketBuffer {
 public:
  explicit PacketBuffer(std::size_t bytes);

  std::string_view bytes() const { return {data_.get(), size_}; }
  void Clear() { size_ = 0; }

  void Number(std::uint32_t field, std::uint64_t value);
  // Eight bytes, whatever the value.
  void Fixed(std::uint32_t field, std::uint64_t value);
  void Text(std::uint32_t field, std::string_view text);

  // Returns what Shut needs.
  std::size_t Open(std::uint32_t field);
  void Shut(std::size_t begin);

 private:
  void Reserve(std::size_t bytes) {
    if (capacity_ - size_ < bytes) [[unlikely]]
      Grow(bytes);
  }
  void Grow(std::size_t bytes);
  // Requires: Reserve(10).
  void Varint(std::uint64_t value);

  std::size_t capacity_;
  std::size_t size_ = 0;
  std::unique_ptr<char[]> data_;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_PACKET_BUFFER_H_
