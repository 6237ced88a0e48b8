// SPDX-License-Identifier: Apache-2.0
//
// Shell patterns over bytes, as git reads them: a pattern becomes tokens, and the
// tokens between two slashes become a Glob, which is matched against one file name.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_GLOB_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_GLOB_H_

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::internal {

using ByteSet = std::bitset<256>;

// Nothing longer can be named to Linux. (What lies deeper is reached folder by folder, but
// git cannot speak of it: a pattern that needs more bytes matches nothing.)
inline constexpr std::uint32_t kLongestPath = 4096;

struct GlobToken {
  enum class Kind : std::uint8_t {
    kByte,          // exactly `byte`
    kAnyByte,       // ?
    kSet,           // [...]: one byte of sets[value]
    kStars,         // a run of `value` asterisks
    kSlash,         // /
    kEscapedSlash,  // \/: a slash too, but `**` before it stands for a folder at least
  };

  Kind kind = Kind::kByte;
  unsigned char byte = 0;
  std::uint32_t value = 0;
};

struct GlobTokens {
  std::vector<GlobToken> tokens;
  std::vector<ByteSet> sets;
};

// nullopt for a pattern that git never matches with anything: a class without its
// end, a class name that does not exist, a backslash with nothing behind it.
// Cost: linear in the pattern.
std::optional<GlobTokens> TokenizeGlob(std::string_view pattern);

// One part of a pattern, matched against one name; neither holds a slash.
//
// Thread safety: immutable after Compile.
// Cost: a match takes at most (tokens x bytes of the name) steps, whatever the
// pattern; a pattern that needs more bytes than the name has is refused at once.
class Glob {
 public:
  // What a rule set can look up by hashing instead of trying.
  enum class Shape : std::uint8_t {
    kLiteral,  // text
    kSuffix,   // *text, also the lone asterisk
    kPrefix,   // text*
    kGeneral,  // the rest
  };

  // `tokens` without slashes, their sets in `sets`. nullopt when no file name can
  // match: nothing between two slashes, or more bytes than a path can have.
  static std::optional<Glob> Compile(std::span<const GlobToken> tokens,
                                     std::span<const ByteSet> sets);

  bool Matches(std::string_view name) const;

  Shape shape() const { return shape_; }
  std::uint32_t least_bytes() const { return least_bytes_; }

  // The fixed bytes of a literal, suffix or prefix; of a general pattern the bytes
  // with which every matching name begins.
  const std::string& text() const { return text_; }

 private:
  struct Op {
    GlobToken::Kind kind = GlobToken::Kind::kByte;  // kByte, kAnyByte, kSet or kStars
    unsigned char byte = 0;
    std::uint16_t set = 0;
  };
  // Apart from the rest: an ignore file has many literals and few of these.
  struct Program {
    std::vector<Op> ops;
    std::vector<ByteSet> sets;

    void Append(const GlobToken& token, std::span<const ByteSet> all_sets);
    bool Matches(std::string_view name) const;
    bool Accepts(const Op& op, unsigned char byte) const;
  };

  std::string text_;
  std::unique_ptr<const Program> rest_;  // kGeneral only: what follows text_
  std::uint32_t least_bytes_ = 0;        // no shorter name matches
  Shape shape_ = Shape::kGeneral;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_GLOB_H_
