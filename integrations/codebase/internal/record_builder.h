// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_RECORD_BUILDER_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_RECORD_BUILDER_H_

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "weft/integrations/codebase/file_record.h"
#include "weft/integrations/codebase/parse_limits.h"
#include "weft/integrations/codebase/parser_registry.h"

namespace weft::internal {

// Makes records, with one parser for each language it meets.
//
// Thread safety: one thread at a time; every worker has its own.
class RecordBuilder {
 public:
  // Both must outlive it.
  RecordBuilder(const ParserRegistry& registry, const ParseLimits& limits)
      : registry_(registry), limits_(limits) {}

  // From the bytes of a file that was read.
  FileRecord Build(std::string_view path, std::string_view bytes);

  // For a file that was not, `size` bytes long if known: `error` is that of
  // FileTree::Read.
  FileRecord BuildUnread(std::string_view path, std::int64_t size, const absl::Status& error) const;

 private:
  // Null: the factory gave none.
  SourceParser* ParserFor(const SourceLanguage& language);
  ParseOutcome Examine(std::string_view path, std::string_view bytes, FileRecord& record);
  ParseOutcome Parse(const SourceLanguage& language, std::string_view text, FileRecord& record);

  const ParserRegistry& registry_;
  const ParseLimits& limits_;
  std::vector<std::pair<const SourceLanguage*, std::unique_ptr<SourceParser>>> parsers_;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_RECORD_BUILDER_H_
