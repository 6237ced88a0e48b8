// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/digest.h"

#include <array>
#include <cstddef>

// The code of the hash comes with its header: nothing to link for who links weft.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weft::internal {
namespace {

void AddRecord(const FileRecord& record, Digester& digest) {
  digest.Add(record.path);
  digest.Add(record.language);
  digest.Add(FileStatusName(record.status));
  digest.Add(record.reason);
  digest.Add(record.bytes);
  digest.Add(record.lines);
  digest.Add(static_cast<std::int64_t>(record.symbols.size()));
  for (const Symbol& symbol : record.symbols) {
    digest.Add(symbol.name);
    digest.Add(SymbolKindName(symbol.kind));
    digest.Add(symbol.line);
    digest.Add(symbol.end_line);
    digest.Add(symbol.parent);
  }
  digest.Add(static_cast<std::int64_t>(record.imports.size()));
  for (const Import& import : record.imports) {
    digest.Add(import.text);
    digest.Add(import.line);
  }
}

}  // namespace

struct Digester::State {
  XXH3_state_t hash;
};

Digester::Digester() : state_(std::make_unique<State>()) {
  XXH3_INITSTATE(&state_->hash);
  XXH3_128bits_reset(&state_->hash);
}

Digester::~Digester() = default;

void Digester::Add(std::int64_t number) {
  std::array<unsigned char, 8> bytes;
  auto rest = static_cast<std::uint64_t>(number);
  for (unsigned char& byte : bytes) {
    byte = static_cast<unsigned char>(rest & 0xff);
    rest >>= 8;
  }
  XXH3_128bits_update(&state_->hash, bytes.data(), bytes.size());
}

void Digester::Add(std::string_view text) {
  Add(static_cast<std::int64_t>(text.size()));
  XXH3_128bits_update(&state_->hash, text.data(), text.size());
}

std::string Digester::Finish() {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state_->hash));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : canonical.digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// Totals follow from the records and are left out.
std::string DigestOf(const Codebase& codebase) {
  Digester digest;
  digest.Add("weft.codebase/1");
  digest.Add(std::int64_t{codebase.complete()});
  digest.Add(static_cast<std::int64_t>(codebase.files().size()));
  for (const FileRecord& record : codebase.files()) AddRecord(record, digest);
  return digest.Finish();
}

}  // namespace weft::internal
