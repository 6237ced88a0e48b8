// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/analysis_json.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "nlohmann/json.hpp"

#include "weft/integrations/codebase/codebase.h"
#include "weft/integrations/codebase/file_record.h"
#include "weft/sync/escape_bytes.h"
#include "weft/tools/analysis_view.h"
#include "weft/tools/output.h"

namespace weft::tools {
namespace {

using Json = nlohmann::ordered_json;

Json TextOrNull(std::string_view bytes) {
  return bytes.empty() ? Json(nullptr) : Json(EscapeBytes(bytes));
}

Json ToJson(const Symbol& symbol) {
  Json json;
  json["name"] = EscapeBytes(symbol.name);
  json["kind"] = std::string(SymbolKindName(symbol.kind));
  json["line"] = symbol.line;
  json["end_line"] = symbol.end_line;
  json["parent"] = symbol.parent == Symbol::kNoParent ? Json(nullptr) : Json(symbol.parent);
  return json;
}

Json ToJson(const FileRecord& file) {
  Json json;
  json["path"] = EscapeBytes(file.path);
  json["language"] = TextOrNull(file.language);
  json["status"] = std::string(FileStatusName(file.status));
  json["reason"] = TextOrNull(file.reason);
  json["bytes"] = file.bytes;
  json["lines"] = file.lines;
  json["symbols"] = Json::array();
  for (const Symbol& symbol : file.symbols) json["symbols"].push_back(ToJson(symbol));
  json["imports"] = Json::array();
  for (const Import& import : file.imports) {
    Json entry;
    entry["text"] = EscapeBytes(import.text);
    entry["line"] = import.line;
    json["imports"].push_back(std::move(entry));
  }
  return json;
}

Json ToJson(const FileTotals& totals) {
  Json json;
  json["files"] = totals.files;
  json["parsed"] = totals.parsed;
  json["parsed_with_errors"] = totals.parsed_with_errors;
  json["skipped"] = totals.skipped;
  json["failed"] = totals.failed;
  json["bytes"] = totals.bytes;
  json["lines"] = totals.lines;
  json["symbols"] = totals.symbols;
  json["imports"] = totals.imports;
  return json;
}

Json ToJson(const std::map<std::string, FileTotals>& languages) {
  Json json = Json::object();
  for (const auto& [name, totals] : languages) json[EscapeBytes(name)] = ToJson(totals);
  return json;
}

Json ToJson(const AnalysisRun& run) {
  Json json;
  json["workers"] = run.workers;
  json["discover_seconds"] = absl::ToDoubleSeconds(run.discovering);
  json["parse_seconds"] = absl::ToDoubleSeconds(run.parsing);
  json["total_seconds"] = absl::ToDoubleSeconds(run.total);
  json["peak_memory_bytes"] = run.peak_memory_bytes;
  return json;
}

// A member on a line of its own: people compare documents line by line.
void WriteMember(Output& output, std::string_view name, const Json& value, std::string_view end) {
  output.Write("\"" + std::string(name) + "\":" + value.dump() + std::string(end));
}

}  // namespace

void WriteAnalysisJson(const AnalysisView& analysis, Output& output) {
  output.Write("{");
  WriteMember(output, "schema", "weft.analysis/1", ",\n");
  WriteMember(output, "root", EscapeBytes(analysis.root), ",\n");
  WriteMember(output, "digest", analysis.digest, ",\n");
  output.Write("\"files\":[");
  std::string_view separator = "\n";
  for (const FileRecord& file : analysis.files) {
    if (output.failed()) return;
    output.Write(separator);
    output.Write(ToJson(file).dump());
    separator = ",\n";
  }
  output.Write("\n],\n");
  WriteMember(output, "totals", ToJson(analysis.totals), ",\n");
  WriteMember(output, "languages", ToJson(analysis.languages), ",\n");
  WriteMember(output, "run", ToJson(analysis.run), "}\n");
}

}  // namespace weft::tools
