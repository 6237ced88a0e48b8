// SPDX-License-Identifier: Apache-2.0
//
// What an analysis keeps of one source file: a status that is always there, and
// compact facts. Syntax trees are 12 to 34 times the size of their source, so
// none outlives the task that parsed it.

#ifndef WEFT_INTEGRATIONS_CODEBASE_FILE_RECORD_H_
#define WEFT_INTEGRATIONS_CODEBASE_FILE_RECORD_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// How the analysis of one file ended. Every candidate file has exactly one.
enum class FileStatus : std::uint8_t {
  kParsed,            // the whole file fits its grammar
  kParsedWithErrors,  // facts were found, some text does not fit the grammar
  kSkipped,           // left out by a rule: `reason` names the limit or the kind
  kFailed,            // could not be read or analysed: `reason` says why
};

enum class SymbolKind : std::uint8_t {
  kModule,
  kClass,
  kInterface,
  kStruct,
  kUnion,
  kEnum,
  kTrait,
  kType,
  kFunction,
  kMethod,
  kMacro,
};

// The word used in JSON and tables: "parsed", "parsed_with_errors", …; "class", ….
std::string_view FileStatusName(FileStatus status);
std::string_view SymbolKindName(SymbolKind kind);

// A named definition. Lines count from 1; `end_line` is the line of its last byte.
//
// Thread safety: a plain value.
struct Symbol {
  static constexpr std::int32_t kNoParent = -1;

  std::string name;  // bytes as written, not necessarily UTF-8
  SymbolKind kind = SymbolKind::kFunction;
  std::int32_t line = 0;
  std::int32_t end_line = 0;
  // Index into the same file's symbols, the definition around this one. A method written
  // outside its type (Go, Rust's impl) has the type as parent where the same file defines
  // it, also further down: the index may be larger than this symbol's own.
  std::int32_t parent = kNoParent;

  friend bool operator==(const Symbol&, const Symbol&) = default;
};

// An import, include, use or require, as written in the source.
//
// Thread safety: a plain value.
struct Import {
  std::string text;  // the target as written: "os.path", "./a.js", "<vector>"
  std::int32_t line = 0;

  friend bool operator==(const Import&, const Import&) = default;
};

// The facts of one file. Symbols and imports are in source order.
//
// Thread safety: a plain value.
struct FileRecord {
  std::string path = {};      // bytes, relative to the analysed root, '/' between parts
  std::string language = {};  // as the parser registry names it; empty if none was chosen
  FileStatus status = FileStatus::kFailed;
  std::string reason = {};  // empty for kParsed
  std::int64_t bytes = 0;
  std::int64_t lines = 0;
  std::vector<Symbol> symbols = {};
  std::vector<Import> imports = {};

  friend bool operator==(const FileRecord&, const FileRecord&) = default;
};

}  // namespace weft

#endif  // WEFT_INTEGRATIONS_CODEBASE_FILE_RECORD_H_
