// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/analysis_summary.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "weft/integrations/codebase/codebase.h"
#include "weft/integrations/codebase/discover_files.h"
#include "weft/integrations/codebase/file_record.h"
#include "weft/sync/terminal_text.h"
#include "weft/tools/analysis_view.h"
#include "weft/tools/reason_groups.h"
#include "weft/tools/table.h"

namespace weft::tools {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kLabelColumns = 10;

// "Speed     123 files/s": a label, and what it stands for.
std::string Line(std::string_view label, std::string_view text) {
  return PadRight(label, kLabelColumns) + std::string(text) + "\n";
}

// "1 file", "2 files".
std::string CountFiles(std::int64_t count) {
  return FormatCount(count) + (count == 1 ? " file" : " files");
}

// For what may be folders, each counted as one.
std::string CountEntries(std::int64_t count) {
  return FormatCount(count) + (count == 1 ? " file or folder" : " files or folders");
}

std::vector<std::string> LanguageRow(const std::string& name, const FileTotals& totals) {
  return {name,
          FormatCount(totals.files),
          FormatCount(totals.lines),
          FormatBytes(totals.bytes),
          FormatCount(totals.symbols),
          FormatCount(totals.imports),
          FormatCount(totals.parsed_with_errors)};
}

bool IsParsed(const FileRecord& file) {
  return file.status == FileStatus::kParsed || file.status == FileStatus::kParsedWithErrors;
}

// Only files that were parsed: the others have no symbols to compare with their size.
std::string FormatLanguages(const AnalysisView& analysis) {
  std::map<std::string, FileTotals> languages;
  FileTotals total;
  for (const FileRecord& file : analysis.files) {
    if (!IsParsed(file)) continue;
    languages[file.language].Add(file);
    total.Add(file);
  }
  if (languages.empty()) return "";
  Table table({"Language", "Files", "Lines", "Size", "Symbols", "Imports", "With errors"});
  for (const auto& [name, totals] : languages) {
    table.AddRow(LanguageRow(MakePrintable(name), totals));
  }
  if (languages.size() > 1) table.AddRow(LanguageRow("Total", total));
  return table.Format() + "\n";
}

// Breaks at blanks; words that are longer than a line are cut.
std::string Wrap(std::string_view text, std::size_t indent) {
  std::string wrapped;
  std::string line;
  const auto end_line = [&] {
    if (!line.empty()) wrapped += std::string(indent, ' ') + line + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (CountColumns(line) + 1 + CountColumns(word) > kColumns - indent) end_line();
    if (!line.empty()) line += ' ';
    line += KeepEnd(word, kColumns - indent);
  }
  end_line();
  return wrapped;
}

// A reason with how often it occurred, and below it the first files.
std::string FormatGroup(const ReasonGroup& group) {
  constexpr std::size_t kCountColumns = 8;
  constexpr std::size_t kReasonIndent = kLabelColumns + kCountColumns + 2;
  std::string text = Wrap(MakePrintable(group.reason), kReasonIndent);
  if (text.empty()) text = Wrap("for no stated reason", kReasonIndent);
  text.replace(0, kReasonIndent - 2,
               std::string(kLabelColumns, ' ') + PadLeft(FormatCount(group.count), kCountColumns));
  for (const std::string& path : group.examples) {
    text += std::string(kReasonIndent + 2, ' ') +
            KeepEnd(MakePrintable(path), kColumns - kReasonIndent - 2) + "\n";
  }
  if (group.count > static_cast<std::int64_t>(group.examples.size())) {
    text += std::string(kReasonIndent + 2, ' ') + "...\n";
  }
  return text;
}

// The most frequent reasons, at most `most_groups`, and how many files have others.
std::string FormatGroups(const std::vector<ReasonGroup>& groups, std::size_t most_groups) {
  std::string text;
  std::int64_t others = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i < most_groups) {
      text += FormatGroup(groups[i]);
    } else {
      others += groups[i].count;
    }
  }
  if (others > 0) text += Line("", CountFiles(others) + " for other reasons");
  return text;
}

// How many were parsed, and the first files with text that does not fit.
std::string FormatParsed(const AnalysisView& analysis, const FileTotals& parsed) {
  constexpr std::size_t kMostGroups = 2;
  if (parsed.parsed_with_errors == 0) return Line("Parsed", CountFiles(parsed.files));
  return Line("Parsed", CountFiles(parsed.files) + ", " + FormatCount(parsed.parsed_with_errors) +
                            " of them with text the grammar does not know") +
         FormatGroups(GroupReasons(analysis.files, FileStatus::kParsedWithErrors), kMostGroups);
}

std::string FormatReasons(const AnalysisView& analysis, FileStatus status, std::string_view label) {
  constexpr std::size_t kMostGroups = 8;
  const std::vector<ReasonGroup> groups = GroupReasons(analysis.files, status);
  std::int64_t files = 0;
  for (const ReasonGroup& group : groups) files += group.count;
  if (files == 0) return Line(label, "0 files");
  // What discovery could not open may have been a folder.
  const bool other = std::any_of(
      analysis.files.begin(), analysis.files.end(),
      [status](const FileRecord& file) { return file.status == status && file.language.empty(); });
  return Line(label, other ? CountEntries(files) : CountFiles(files)) +
         FormatGroups(groups, kMostGroups);
}

std::string FormatEntryCounts(const EntryCounts& entries) {
  std::string text;
  const auto add = [&text](std::int64_t count, const std::string& what) {
    if (count > 0) text += (text.empty() ? "" : ", ") + what;
  };
  add(entries.other_files, CountFiles(entries.other_files) + " without a parser");
  add(entries.ignored, CountEntries(entries.ignored) + " ignored");
  add(entries.hidden, CountEntries(entries.hidden) + " hidden");
  add(entries.filtered, CountEntries(entries.filtered) + " by --include or --exclude");
  add(entries.symlinks, FormatCount(entries.symlinks) +
                            (entries.symlinks == 1 ? " symbolic link" : " symbolic links"));
  return text;
}

std::string FormatLeftOut(const AnalysisView& analysis) {
  std::vector<FileRecord> skipped;
  for (const DiscoverySkip& skip : analysis.skipped_entries) {
    FileRecord& record = skipped.emplace_back();
    record.path = skip.path;
    record.status = FileStatus::kSkipped;
    record.reason = DiscoverySkipReasonText(skip.reason);
  }
  std::string text = Wrap(FormatEntryCounts(analysis.entries), kLabelColumns);
  for (const ReasonGroup& group : GroupReasons(skipped, FileStatus::kSkipped)) {
    text += FormatGroup(group);
  }
  constexpr std::string_view kLabel = "Left out";
  return text.empty() ? text : text.replace(0, kLabel.size(), kLabel);
}

std::int64_t BytesOf(const AnalysisView& analysis, std::string_view path) {
  const auto found =
      std::lower_bound(analysis.files.begin(), analysis.files.end(), path,
                       [](const FileRecord& file, std::string_view p) { return file.path < p; });
  return found != analysis.files.end() && found->path == path ? found->bytes : 0;
}

// Not the files whose time would show as 0.00 s: most of these were not parsed at all.
std::string FormatSlowest(const AnalysisView& analysis) {
  constexpr absl::Duration kShortestShown = absl::Milliseconds(5);
  std::string text;
  for (const SlowFile& file : analysis.run.slowest) {
    if (file.duration < kShortestShown) continue;
    const std::string figures = PadLeft(FormatSeconds(absl::ToDoubleSeconds(file.duration)), 8) +
                                "  " + PadLeft(FormatBytes(BytesOf(analysis, file.path)), 8) + "  ";
    text += Line(
        text.empty() ? "Slowest" : "",
        figures + KeepEnd(MakePrintable(file.path), kColumns - kLabelColumns - figures.size()));
  }
  return text.empty() ? "" : text + "\n";
}

std::string FormatRun(const AnalysisView& analysis, const FileTotals& total) {
  const AnalysisRun& run = analysis.run;
  const auto seconds = [](absl::Duration d) { return FormatSeconds(absl::ToDoubleSeconds(d)); };
  std::string text =
      Line("Time", seconds(run.total) + ": " + seconds(run.discovering) + " finding files, " +
                       seconds(run.parsing) + " parsing with " + FormatCount(run.workers) +
                       (run.workers == 1 ? " worker" : " workers"));
  if (total.files > 0 && run.parsing > absl::ZeroDuration()) {
    const auto a_second = [&run](std::int64_t count) {
      return static_cast<std::int64_t>(static_cast<double>(count) /
                                       absl::ToDoubleSeconds(run.parsing));
    };
    text += Line("Speed", FormatCount(a_second(total.files)) + " files/s, " +
                              FormatBytes(a_second(total.bytes)) + "/s");
  }
  if (run.peak_memory_bytes > 0) {
    text += Line("Memory", FormatBytes(run.peak_memory_bytes) + " at most");
  }
  return text + Line("Digest", analysis.digest);
}

}  // namespace

std::string FormatSummary(const AnalysisView& analysis) {
  FileTotals parsed;
  for (const FileRecord& file : analysis.files) {
    if (IsParsed(file)) parsed.Add(file);
  }
  std::string text = FormatLanguages(analysis);
  if (analysis.files.empty()) {
    text += analysis.entries.filtered > 0 ? "No source file passes --include and --exclude.\n\n"
                                          : "No source files here.\n\n";
  }
  text += FormatParsed(analysis, parsed);
  text += FormatReasons(analysis, FileStatus::kSkipped, "Skipped");
  text += FormatReasons(analysis, FileStatus::kFailed, "Failed");
  text += FormatLeftOut(analysis) + "\n";
  return text + FormatSlowest(analysis) + FormatRun(analysis, parsed);
}

}  // namespace weft::tools
