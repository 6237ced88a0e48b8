// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/tree_sitter_parser.h"

#include <algorithm>
#include <csetjmp>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <tree_sitter/api.h>

#include "weft/integrations/codebase/internal/extraction.h"
#include "weft/integrations/codebase/internal/limit_reasons.h"
#include "weft/integrations/codebase/internal/tree_walk.h"

namespace weft::internal {
namespace {

// The text is handed over in pieces, so that looking far ahead again and again is seen.
constexpr std::size_t kPiece = 1024;
constexpr std::uint64_t kStepsPerCallback = 100;  // fixed in the runtime

struct Input {
  std::string_view source;
  ParseArena& arena;
};

const char* ReadPiece(void* payload, std::uint32_t offset, TSPoint, std::uint32_t* length) {
  const Input& input = *static_cast<Input*>(payload);
  if (offset >= input.source.size()) {
    *length = 0;
    return "";
  }
  const std::size_t piece = std::min(kPiece, input.source.size() - offset);
  *length = static_cast<std::uint32_t>(piece);
  input.arena.CountText(piece);  // a piece over the limit is noticed at the next step
  return input.source.data() + offset;
}

bool StopAtLimit(TSParseState* state) {
  return !static_cast<Input*>(state->payload)->arena.CountSteps(kStepsPerCallback);
}

// Null: a limit was met, and arena.overrun() says which. A limit met inside the runtime
// jumps back to here, past frames of C that own nothing but memory of the arena.
TSTree* ParseTree(const TSLanguage* language, Input& input) {
  std::jmp_buf escape;
  if (setjmp(escape) != 0) {
    input.arena.set_escape(nullptr);
    return nullptr;
  }
  input.arena.set_escape(&escape);
  TSParser* parser = ts_parser_new();
  TSTree* tree = nullptr;
  if (ts_parser_set_language(parser, language)) {
    const TSInput text = {&input, ReadPiece, TSInputEncodingUTF8, nullptr};
    const TSParseOptions options = {&input, StopAtLimit};
    tree = ts_parser_parse_with_options(parser, nullptr, text, options);
  }
  input.arena.set_escape(nullptr);
  return tree;
}

ParseOutcome OverLimit(const ParseArena& arena, const ParseLimits& limits, std::int64_t size) {
  switch (arena.overrun()) {
    case ParseArena::Overrun::kOperations:
      return {FileStatus::kSkipped, OverOperations(limits, size)};
    case ParseArena::Overrun::kBytes: return {FileStatus::kSkipped, OverParseBytes(limits, size)};
    case ParseArena::Overrun::kNone: break;
  }
  return {FileStatus::kFailed, "the parser gave no syntax tree"};
}

}  // namespace

TreeSitterParser::TreeSitterParser(const Grammar& grammar, std::shared_ptr<ParseArenaPool> arenas)
    : grammar_(grammar), arenas_(std::move(arenas)) {}

ParseOutcome TreeSitterParser::Parse(std::string_view source, const ParseLimits& limits,
                                     FileRecord& record) {
  if (source.size() >= std::numeric_limits<std::uint32_t>::max()) {
    return {FileStatus::kSkipped, "size over the 4 GiB that the parser can address"};
  }
  std::unique_ptr<ParseArena> arena = arenas_->Take();
  ParseOutcome outcome = ParseIn(*arena, source, limits, record);
  arena->End();
  arenas_->Return(std::move(arena));
  return outcome;
}

ParseOutcome TreeSitterParser::ParseIn(ParseArena& arena, std::string_view source,
                                       const ParseLimits& limits, FileRecord& record) const {
  const auto size = static_cast<std::int64_t>(source.size());
  const auto max_bytes = static_cast<std::size_t>(limits.MaxParseBytes(size));
  if (!arena.Begin(max_bytes, static_cast<std::uint64_t>(limits.MaxOperations(size)))) {
    return {FileStatus::kFailed, "the system gave no address space for the syntax tree"};
  }
  std::string copy;
  source = grammar_.Prepared(source, copy);
  const UseParseArena use(arena);
  Input input = {source, arena};
  const TSTree* tree = ParseTree(grammar_.language(), input);
  if (tree == nullptr) return OverLimit(arena, limits, size);
  Extraction extraction(grammar_, source, record);
  const WalkResult walk = WalkTree(tree, grammar_, limits.max_depth, extraction);
  if (walk.too_deep) return {FileStatus::kSkipped, OverDepth(limits)};
  if (walk.errors == 0) return {};
  return {FileStatus::kParsedWithErrors, SyntaxErrors(walk.errors, walk.first_error_line)};
}

}  // namespace weft::internal
