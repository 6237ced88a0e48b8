// SPDX-License-Identifier: Apache-2.0

#include "weft/distribution/internal/cost_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/distribution/kind_cost.h"

namespace weft::internal {
namespace {

constexpr std::string_view kMagic = "weft costs ";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kEnd = "end ";
constexpr std::string_view kHexDigits = "0123456789abcdef";

constexpr std::array<std::uint64_t, 256> MakeCrcTable() {
  constexpr std::uint64_t kPolynomial = 0xC96C5795D7870F42;  // of ECMA-182, reflected
  std::array<std::uint64_t, 256> table = {};
  for (std::uint64_t byte = 0; byte < table.size(); ++byte) {
    std::uint64_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ ((rest & 1) != 0 ? kPolynomial : 0);
    table[byte] = rest;
  }
  return table;
}
constexpr std::array<std::uint64_t, 256> kCrcTable = MakeCrcTable();

// "end 995dc9bbdf1939fa\n" for all that stands before it.
std::string MakeEnd(std::string_view before) {
  std::string line(kEnd);
  const std::uint64_t crc = Crc64(before);
  for (int shift = 60; shift >= 0; shift -= 4) line += kHexDigits[crc >> shift & 15];
  return line + '\n';
}

template <class Number>
void AppendNumber(std::string& text, Number number) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
  text += ' ';
}

bool IsPlain(char c) { return ' ' <= c && c <= '~' && c != '\\'; }

void AppendName(std::string& text, std::string_view name) {
  for (const char c : name) {
    if (IsPlain(c)) {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += {'\\', 'x', kHexDigits[byte / 16], kHexDigits[byte % 16]};
  }
}

// Nothing: no text that AppendName writes.
std::optional<std::string> ReadName(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    if (IsPlain(text.front())) {
      name += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (text.size() < 4 || !text.starts_with("\\x")) return std::nullopt;
    const std::size_t high = kHexDigits.find(text[2]);
    const std::size_t low = kHexDigits.find(text[3]);
    if (high == kHexDigits.npos || low == kHexDigits.npos) return std::nullopt;
    name += static_cast<char>(high * 16 + low);
    text.remove_prefix(4);
  }
  return name;
}

// Cuts a number and the blank behind it off the front of `line`.
template <class Number>
bool TakeNumber(std::string_view& line, Number& number) {
  const char* const begin = line.data();
  const auto [end, error] = std::from_chars(begin, begin + line.size(), number);
  const auto size = static_cast<std::size_t>(end - begin);
  if (error != std::errc() || size == line.size() || line[size] != ' ') return false;
  line.remove_prefix(size + 1);
  return true;
}

std::optional<KindCost> ReadCost(std::string_view line) {
  KindCost cost;
  if (!TakeNumber(line, cost.count) || !TakeNumber(line, cost.mean) ||
      !TakeNumber(line, cost.min) || !TakeNumber(line, cost.max)) {
    return std::nullopt;
  }
  std::optional<std::string> name = ReadName(line);
  if (!name.has_value()) return std::nullopt;
  cost.kind = *std::move(name);
  return cost;
}

// Cuts the next line off the front of `text`, without its line feed.
std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

absl::Status Damaged(std::string_view how) {
  return absl::DataLossError("is damaged: " + std::string(how));
}

absl::Status CheckVersion(std::string_view version) {
  if (version == kVersion) return absl::OkStatus();
  const bool is_number = !version.empty() && version.size() <= 9 && version.front() != '0' &&
                         version.find_first_not_of("0123456789") == version.npos;
  if (!is_number) return Damaged("its first line names no version");
  return absl::UnimplementedError("has version " + std::string(version) +
                                  ", and this code knows only " + std::string(kVersion));
}

}  // namespace

std::uint64_t Crc64(std::string_view bytes) {
  std::uint64_t crc = ~std::uint64_t{0};
  for (const char c : bytes) {
    crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  }
  return ~crc;
}

absl::StatusOr<std::string> EncodeCosts(std::span<const KindCost> costs) {
  if (costs.size() > kMostKinds) {
    return absl::InvalidArgumentError(std::to_string(costs.size()) + " kinds; at most " +
                                      std::to_string(kMostKinds) + " can be kept");
  }
  std::string text(kMagic);
  text += kVersion;
  text += '\n';
  std::set<std::string_view> names;
  for (const KindCost& cost : costs) {
    std::string name;
    AppendName(name, cost.kind);
    if (!IsSound(cost)) {
      return absl::InvalidArgumentError("the figures of kind '" + name +
                                        "' cannot have been observed");
    }
    if (!names.insert(cost.kind).second) {
      return absl::InvalidArgumentError("kind '" + name + "' comes twice");
    }
    AppendNumber(text, cost.count);
    for (const double microseconds : {cost.mean, cost.min, cost.max}) {
      AppendNumber(text, microseconds);
    }
    text += name + '\n';
  }
  return text + MakeEnd(text);
}

absl::StatusOr<std::vector<KindCost>> DecodeCosts(std::string_view text) {
  if (!kMagic.starts_with(text.substr(0, kMagic.size()))) {
    return absl::FailedPreconditionError("is no history of costs");
  }
  // npos + 1 is the beginning, where no last line can be.
  const std::size_t end_at =
      text.rfind('\n', text.size() - std::min<std::size_t>(2, text.size())) + 1;
  const std::string_view last_line = text.substr(end_at);
  if (!last_line.starts_with(kEnd)) return Damaged("its end is missing");
  std::string_view rest = text.substr(0, end_at);
  if (last_line != MakeEnd(rest)) return Damaged("its checksum is wrong");
  const absl::Status version = CheckVersion(TakeLine(rest).substr(kMagic.size()));
  if (!version.ok()) return version;

  std::vector<KindCost> costs;
  std::set<std::string> names;
  while (!rest.empty()) {
    const std::string where = "line " + std::to_string(costs.size() + 2);
    std::optional<KindCost> cost = ReadCost(TakeLine(rest));
    if (!cost.has_value() || !IsSound(*cost)) return Damaged(where + " cannot be right");
    if (!names.insert(cost->kind).second) return Damaged(where + " names a kind again");
    if (costs.size() == kMostKinds) return Damaged("it has too many kinds");
    costs.push_back(*std::move(cost));
  }
  return costs;
}

}  // namespace weft::internal
