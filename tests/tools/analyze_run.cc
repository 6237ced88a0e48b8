// SPDX-License-Identifier: Apache-2.0

#include "analyze_run.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "process.h"
#include "scratch_folder.h"
#include "weft/sync/terminal_text.h"

namespace weft::tools {

nlohmann::json ParseJson(const std::string& text) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(json.is_discarded()) << text.substr(0, 300);
  return json;
}

nlohmann::json Analyze(const ScratchFolder& tree, std::vector<std::string> options, int exit_code) {
  options.insert(options.begin(), {"analyze", tree.path(), "--json", "-"});
  const ProcessResult result = RunWeft(options);
  EXPECT_EQ(result.exit_code, exit_code) << result.err;
  return ParseJson(result.out);
}

nlohmann::json FindFile(const nlohmann::json& document, const std::string& path) {
  for (const nlohmann::json& file : document["files"]) {
    if (file["path"] == path) return file;
  }
  ADD_FAILURE() << "no file " << path << " in " << document["files"].dump(1).substr(0, 1000);
  return {};
}

void ExpectFitsTerminal(const std::string& text) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    EXPECT_LE(CountColumns(line), 80U) << line;
    EXPECT_EQ(MakePrintable(line), line);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
}

void WriteMixedTree(const ScratchFolder& tree) {
  for (int i = 0; i < 60; ++i) {
    const std::string n = std::to_string(i);
    tree.Write("p" + n + "/m" + n + ".py", "import os\nclass A:\n  def f" + n + "(self): pass\n");
    tree.Write("c/f" + n + ".c", "#include <a.h>\nint f" + n + "(void) { return 0; }\n");
    tree.Write("j/f" + n + ".js", "import x from './x.js';\nfunction f() {}\n");
  }
  tree.Write("broken.py", "def f(:\n  pass\n");
  tree.Write("binary.py", std::string("x\0y", 3));
  tree.Write("notes.txt", "nothing to parse\n");
}

}  // namespace weft::tools
