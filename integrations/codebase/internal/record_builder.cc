// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/record_builder.h"

#include <exception>
#include <string>

#include "weft/integrations/codebase/internal/limit_reasons.h"
#include "weft/integrations/codebase/internal/source_text.h"
#include "weft/scheduler/internal/exception_status.h"

namespace weft::internal {
namespace {

bool IsParsed(FileStatus status) {
  return status == FileStatus::kParsed || status == FileStatus::kParsedWithErrors;
}

std::string MessageOf(const absl::Status& status) {
  const absl::string_view message = status.message();
  return std::string(message.data(), message.size());
}

}  // namespace

FileRecord RecordBuilder::Build(std::string_view path, std::string_view bytes) {
  FileRecord record;
  record.path = path;
  record.bytes = static_cast<std::int64_t>(bytes.size());
  ParseOutcome outcome = Examine(path, bytes, record);
  record.status = outcome.status;
  record.reason = std::move(outcome.reason);
  if (!IsParsed(record.status)) {
    record.symbols.clear();
    record.imports.clear();
  }
  record.symbols.shrink_to_fit();  // records are kept for long
  record.imports.shrink_to_fit();
  return record;
}

FileRecord RecordBuilder::BuildUnread(std::string_view path, std::int64_t size,
                                      const absl::Status& error) const {
  FileRecord record;
  record.path = path;
  record.bytes = size;
  if (const SourceLanguage* language = registry_.Find(path); language != nullptr) {
    record.language = language->name;
  }
  if (size > limits_.max_file_bytes) {
    record.status = FileStatus::kSkipped;
    record.reason = OverFileBytes(limits_, size);
  } else {
    record.status = FileStatus::kFailed;
    record.reason = MessageOf(error);
  }
  return record;
}

ParseOutcome RecordBuilder::Examine(std::string_view path, std::string_view bytes,
                                    FileRecord& record) {
  const SourceLanguage* language = registry_.Find(path);
  if (language == nullptr) {
    return {FileStatus::kFailed, "no parser is registered for this name"};
  }
  record.language = language->name;
  const std::int64_t size = record.bytes;
  if (size > limits_.max_file_bytes) {
    return {FileStatus::kSkipped, OverFileBytes(limits_, size)};
  }
  SourceText source = DecodeSource(bytes);
  if (!source.skip_reason.empty()) return {FileStatus::kSkipped, source.skip_reason};
  language = registry_.Find(path, source.text);
  record.language = language->name;
  record.lines = CountLines(source.text);
  if (limits_.EstimatedBytes(size) > limits_.max_estimated_bytes) {
    return {FileStatus::kSkipped, OverEstimatedBytes(limits_, size)};
  }
  if (NestsDeeperThan(source.text, limits_.max_depth)) {
    return {FileStatus::kSkipped, OverDepth(limits_)};
  }
  return Parse(*language, source.text, record);
}

ParseOutcome RecordBuilder::Parse(const SourceLanguage& language, std::string_view text,
                                  FileRecord& record) {
  try {
    SourceParser* parser = ParserFor(language);
    if (parser == nullptr) {
      return {FileStatus::kFailed, "make_parser of '" + language.name + "' gave no parser"};
    }
    return parser->Parse(text, limits_, record);
  } catch (...) {
    const absl::Status thrown = StatusOfException(std::current_exception());
    return {FileStatus::kFailed,
            "the parser of '" + language.name + "' threw: " + MessageOf(thrown)};
  }
}

SourceParser* RecordBuilder::ParserFor(const SourceLanguage& language) {
  for (const auto& [known, parser] : parsers_) {
    if (known == &language) return parser.get();
  }
  std::unique_ptr<SourceParser> made = language.make_parser();
  if (made == nullptr) return nullptr;
  parsers_.emplace_back(&language, std::move(made));
  return parsers_.back().second.get();
}

}  // namespace weft::internal
