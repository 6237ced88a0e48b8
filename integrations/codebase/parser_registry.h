// SPDX-License-Identifier: Apache-2.0
//
// Which parser reads which file. The default registry reads nine languages; a
// program may add its own.

#ifndef WEFT_INTEGRATIONS_CODEBASE_PARSER_REGISTRY_H_
#define WEFT_INTEGRATIONS_CODEBASE_PARSER_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"

#include "weft/integrations/codebase/file_record.h"
#include "weft/integrations/codebase/parse_limits.h"

namespace weft {

// How one parse ended.
//
// Thread safety: a plain value.
struct ParseOutcome {
  FileStatus status = FileStatus::kParsed;
  std::string reason = {};  // empty for kParsed, else one line
};

// Reads the text of one file after the other.
//
// Thread safety: one thread at a time; every worker has its own.
class SourceParser {
 public:
  virtual ~SourceParser() = default;

  // Adds the symbols and imports of `source` to `record`, in source order. `source`
  // is the file without a UTF-8 byte order mark, in any encoding that contains ASCII;
  // it is within limits.max_file_bytes. The outcome must depend on these alone. On
  // kSkipped and kFailed what was added is dropped. An exception fails this file only.
  virtual ParseOutcome Parse(std::string_view source, const ParseLimits& limits,
                             FileRecord& record) = 0;
};

// A language as a registry knows it.
//
// Thread safety: a plain value; `make_parser` is called by several threads at once.
struct SourceLanguage {
  std::string name;                          // as in records and tables: "python"
  std::vector<std::string> extensions = {};  // with their dot: ".py", ".blade.php"
  std::vector<std::string> file_names = {};  // whole names: "SConstruct"
  std::function<std::unique_ptr<SourceParser>()> make_parser;  // called from any thread
};

// Maps paths to languages. Matching is exact: case counts, except as registered.
//
// Thread safety: const methods from any thread once nobody calls Add.
// Cost: a lookup is one hash for the name and one for each of its dots.
class ParserRegistry {
 public:
  // Empty: knows no language.
  ParserRegistry() = default;

  // python: .py .pyi .pyw SConstruct SConscript; javascript: .js .jsx .mjs .cjs;
  // typescript: .ts .mts .cts; tsx: .tsx; c: .c .h; cpp: .cc .cpp .cxx .c++ .C .hpp
  // .hh .hxx .h++ .H .ipp .inl .tcc .tpp .txx .ixx .cppm; rust: .rs; go: .go; java:
  // .java. A .h file is cpp when its text has, outside comments and what only C++
  // compilers see (#ifdef __cplusplus), a line that begins as only C++ does:
  // namespace, template, class, using, or an access specifier.
  //
  // Copy it to add languages. What the parsers of this language set take for symbols
  // and imports is described in each internal/extract_*.cc.
  static const ParserRegistry& Default();

  // InvalidArgument: no name, no factory, or an extension without its dot.
  // AlreadyExists: the name, an extension or a file name is taken.
  absl::Status Add(SourceLanguage language);

  // Files with `extension` whose text `matches` belong to `language` instead. The
  // first rule that matches counts. `matches` is called from any thread.
  // NotFound: the language or the extension is not registered.
  absl::Status AddContentRule(std::string_view extension, std::string_view language,
                              std::function<bool(std::string_view source)> matches);

  // The language of a path by its last component: by whole name first, then by the
  // longest extension. Null: the path is not a candidate. The pointer stays valid as
  // long as this registry or a copy of it.
  const SourceLanguage* Find(std::string_view path) const;

  // The same, with the content rules applied.
  const SourceLanguage* Find(std::string_view path, std::string_view source) const;

  // In the order of Add.
  std::vector<const SourceLanguage*> languages() const;

 private:
  struct ContentRule {
    std::string extension;
    const SourceLanguage* language;
    std::function<bool(std::string_view)> matches;
  };
  struct Match {
    const SourceLanguage* language = nullptr;
    std::string_view extension;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Index = std::unordered_map<std::string, const SourceLanguage*, Hash, std::equal_to<>>;

  Match Lookup(std::string_view path) const;

  std::vector<std::shared_ptr<const SourceLanguage>> languages_;  // shared with copies
  std::vector<ContentRule> content_rules_;
  Index by_extension_;
  Index by_file_name_;
};

}  // namespace weft

#endif  // WEFT_INTEGRATIONS_CODEBASE_PARSER_REGISTRY_H_
