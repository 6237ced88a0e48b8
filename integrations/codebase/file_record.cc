// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/file_record.h"

namespace weft {

std::string_view FileStatusName(FileStatus status) {
  switch (status) {
    case FileStatus::kParsed: return "parsed";
    case FileStatus::kParsedWithErrors: return "parsed_with_errors";
    case FileStatus::kSkipped: return "skipped";
    case FileStatus::kFailed: return "failed";
  }
  return "unknown";
}

std::string_view SymbolKindName(SymbolKind kind) {
  switch (kind) {
    case SymbolKind::kModule: return "module";
    case SymbolKind::kClass: return "class";
    case SymbolKind::kInterface: return "interface";
    case SymbolKind::kStruct: return "struct";
    case SymbolKind::kUnion: return "union";
    case SymbolKind::kEnum: return "enum";
    case SymbolKind::kTrait: return "trait";
    case SymbolKind::kType: return "type";
    case SymbolKind::kFunction: return "function";
    case SymbolKind::kMethod: return "method";
    case SymbolKind::kMacro: return "macro";
  }
  return "unknown";
}

}  // namespace weft
