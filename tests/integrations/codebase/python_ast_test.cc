// SPDX-License-Identifier: Apache-2.0
//
// The interpreter's own parser as a judge: every class and function of the installed
// Python library, by line and name.

#include <cstdio>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/integrations/codebase/parse_files.h"

namespace weft {
namespace {

using Definitions = std::set<std::pair<std::int64_t, std::string>>;

std::string OutputOf(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string text;
  char piece[65536];
  while (const std::size_t got = fread(piece, 1, sizeof piece, pipe)) text.append(piece, got);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return text;
}

struct Judged {
  std::map<std::string, Definitions> files;
  std::map<std::string, std::string> refused;  // by the interpreter, and why
};

Judged AskPython(const std::string& folder) {
  Judged judged;
  std::istringstream lines(OutputOf(
      "'" WEFT_PYTHON "' -B '" WEFT_TEST_FOLDER "/python_definitions.py' '" + folder + "'"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    const std::string path = line.substr(0, first);
    const std::string number = line.substr(first + 1, second - first - 1);
    const std::string name = line.substr(second + 1);
    if (number == "-") {
      judged.refused[path] = name;
    } else if (number == "0") {
      judged.files[path];
    } else {
      judged.files[path].insert({std::stoll(number), name});
    }
  }
  return judged;
}

Definitions DefinitionsOf(const FileRecord& record) {
  Definitions definitions;
  for (const Symbol& symbol : record.symbols) definitions.insert({symbol.line, symbol.name});
  return definitions;
}

std::string Difference(const Definitions& expected, const Definitions& found) {
  std::string text;
  for (const auto& [line, name] : expected) {
    if (!found.contains({line, name})) text += "\n  missing " + name + " @" + std::to_string(line);
  }
  for (const auto& [line, name] : found) {
    if (!expected.contains({line, name})) text += "\n  extra " + name + " @" + std::to_string(line);
  }
  return text;
}

TEST(PythonAstTest, InstalledLibraryHasTheDefinitionsThatTheInterpreterSees) {
  const std::string folder = OutputOf(
      "'" WEFT_PYTHON "' -c 'import sysconfig; print(sysconfig.get_path(\"stdlib\"), end=\"\")'");
  ASSERT_FALSE(folder.empty());
  const Judged judged = AskPython(folder);
  ASSERT_GT(judged.files.size(), 50u) << "no library in " << folder;

  std::vector<std::string> paths;
  for (const auto& [path, definitions] : judged.files) paths.push_back(path);
  for (const auto& [path, reason] : judged.refused) paths.push_back(path);
  auto scheduler = testing::MakeScheduler(2);
  TaskGroup group(*scheduler);
  const auto parsed = ParseFiles(group, folder, paths);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_EQ(parsed->records.size(), paths.size());

  std::size_t count = 0;
  std::vector<std::string> with_errors;
  for (const FileRecord& record : parsed->records) {
    const auto expected = judged.files.find(record.path);
    // What the interpreter refuses has no truth to compare with, only a status.
    if (expected == judged.files.end()) {
      EXPECT_NE(record.status, FileStatus::kFailed) << record.path << ": " << record.reason;
      continue;
    }
    count += expected->second.size();
    const std::string difference = Difference(expected->second, DefinitionsOf(record));
    if (record.status == FileStatus::kParsed) {
      EXPECT_EQ(difference, "") << record.path;
    } else {
      EXPECT_EQ(record.status, FileStatus::kParsedWithErrors) << record.path << record.reason;
      with_errors.push_back(record.path + ": " + record.reason + difference);
    }
  }
  // The grammar refuses a few forms that the interpreter takes: an attribute broken after
  // its dot with the rest indented less (test_compile.py), `from __future__ import *`,
  // which is refused only after parsing (badsyntax_future8.py).
  EXPECT_LE(with_errors.size(), 3u);
  std::printf("%zu definitions in %zu files of %s; %zu refused by the interpreter\n", count,
              judged.files.size(), folder.c_str(), judged.refused.size());
  for (const std::string& file : with_errors) std::printf("with errors: %s\n", file.c_str());
}

}  // namespace
}  // namespace weft
