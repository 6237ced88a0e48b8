// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/name_index.h"

#include <cstddef>
#include <functional>
#include <utility>

namespace weft::internal {

std::int32_t NameIndex::AddScope() {
  scopes_.emplace_back();
  return static_cast<std::int32_t>(scopes_.size()) - 1;
}

std::int32_t NameIndex::Add(std::int32_t scope, Glob glob) {
  const Glob::Shape shape = glob.shape();
  const bool hashed = shape != Glob::Shape::kGeneral;
  if (hashed) {
    const std::int32_t known = Find(scope, shape, glob.text());
    if (known != kNone) return known;
  }
  const std::int32_t number = size();
  Scope& s = scopes_[static_cast<std::size_t>(scope)];
  Entry entry{.glob = std::move(glob), .scope = scope};
  if (hashed) {
    const auto [it, fresh] = by_hash_.try_emplace(Hash(scope, shape, entry.glob.text()), number);
    if (!fresh) entry.next_alike = std::exchange(it->second, number);
    if (shape == Glob::Shape::kLiteral) {
      s.has_literals = true;
    } else {
      AddAffix(s, shape, static_cast<std::uint32_t>(entry.glob.text().size()));
    }
  } else {
    entry.next_general = std::exchange(s.first_general, number);
  }
  globs_.push_back(std::move(entry));
  return number;
}

bool NameIndex::empty(std::int32_t scope) const {
  const Scope& s = scopes_[static_cast<std::size_t>(scope)];
  return !s.has_literals && s.first_affix == kNone && s.first_general == kNone;
}

std::uint64_t NameIndex::Hash(std::int32_t scope, Glob::Shape shape, std::string_view text) {
  const std::uint64_t salt =
      static_cast<std::uint64_t>(scope) * 4 + static_cast<std::uint64_t>(shape);
  return std::hash<std::string_view>{}(text) ^ (salt * 0x9e3779b97f4a7c15U);
}

std::int32_t NameIndex::Find(std::int32_t scope, Glob::Shape shape, std::string_view text) const {
  const auto it = by_hash_.find(Hash(scope, shape, text));
  if (it == by_hash_.end()) return kNone;
  for (std::int32_t i = it->second; i != kNone;) {
    const Entry& entry = globs_[static_cast<std::size_t>(i)];
    if (entry.scope == scope && entry.glob.shape() == shape && entry.glob.text() == text) return i;
    i = entry.next_alike;
  }
  return kNone;
}

void NameIndex::AddAffix(Scope& scope, Glob::Shape shape, std::uint32_t length) {
  for (std::int32_t i = scope.first_affix; i != kNone;) {
    const Affix& affix = affixes_[static_cast<std::size_t>(i)];
    if (affix.shape == shape && affix.length == length) return;
    i = affix.next;
  }
  affixes_.push_back({shape, length, scope.first_affix});
  scope.first_affix = static_cast<std::int32_t>(affixes_.size()) - 1;
}

}  // namespace weft::internal
