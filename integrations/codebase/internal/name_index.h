// SPDX-License-Identifier: Apache-2.0
//
// Many globs asked at once about one name. Names, suffixes and prefixes are looked up
// by hash, so that 20,000 of them cost as much as one; only the rest is tried in turn.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_NAME_INDEX_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_NAME_INDEX_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "weft/integrations/codebase/internal/glob.h"

namespace weft::internal {

// Globs live in scopes, numbered from 0; a question is about the globs of one scope.
//
// Thread safety: const methods from any thread once it is filled.
// Cost: Visit takes one look-up for the name and one for each different length of the
// scope's suffixes and prefixes, and tries each of its general globs.
class NameIndex {
 public:
  std::int32_t AddScope();

  // The number of the glob, counted from 0 over all scopes; the same for one that
  // the scope has already.
  std::int32_t Add(std::int32_t scope, Glob glob);

  bool empty(std::int32_t scope) const;
  std::int32_t size() const { return static_cast<std::int32_t>(globs_.size()); }

  // Calls visit(number) for every glob of `scope` that matches `name`, in no set order.
  template <class F>
  void Visit(std::int32_t scope, std::string_view name, F&& visit) const;

 private:
  static constexpr std::int32_t kNone = -1;

  struct Scope {
    bool has_literals = false;
    std::int32_t first_affix = kNone;    // into affixes_
    std::int32_t first_general = kNone;  // into globs_
  };
  struct Entry {
    Glob glob;
    std::int32_t scope = 0;
    std::int32_t next_alike = kNone;    // of the same hash
    std::int32_t next_general = kNone;  // of the same scope
  };
  struct Affix {  // a shape and a length that occur in a scope
    Glob::Shape shape = Glob::Shape::kSuffix;
    std::uint32_t length = 0;
    std::int32_t next = kNone;
  };

  static std::uint64_t Hash(std::int32_t scope, Glob::Shape shape, std::string_view text);
  std::int32_t Find(std::int32_t scope, Glob::Shape shape, std::string_view text) const;
  void AddAffix(Scope& scope, Glob::Shape shape, std::uint32_t length);

  std::vector<Scope> scopes_;
  std::vector<Entry> globs_;
  std::vector<Affix> affixes_;
  absl::flat_hash_map<std::uint64_t, std::int32_t> by_hash_;  // the newest of that hash
};

template <class F>
void NameIndex::Visit(std::int32_t scope, std::string_view name, F&& visit) const {
  const Scope& s = scopes_[static_cast<std::size_t>(scope)];
  if (s.has_literals) {
    const std::int32_t found = Find(scope, Glob::Shape::kLiteral, name);
    if (found != kNone) visit(found);
  }
  for (std::int32_t i = s.first_affix; i != kNone;) {
    const Affix& affix = affixes_[static_cast<std::size_t>(i)];
    i = affix.next;
    if (affix.length > name.size()) continue;
    const bool suffix = affix.shape == Glob::Shape::kSuffix;
    const std::string_view part =
        suffix ? name.substr(name.size() - affix.length) : name.substr(0, affix.length);
    const std::int32_t found = Find(scope, affix.shape, part);
    if (found != kNone) visit(found);
  }
  for (std::int32_t i = s.first_general; i != kNone;) {
    const Entry& entry = globs_[static_cast<std::size_t>(i)];
    if (entry.glob.Matches(name)) visit(i);
    i = entry.next_general;
  }
}

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_NAME_INDEX_H_
