// SPDX-License-Identifier: Apache-2.0

#include "integrations/codebase/source_tree.h"

#include <iterator>
#include <random>
#include <utility>

#include "gtest/gtest.h"

#include "integrations/codebase/parse_text.h"
#include "testing/engines.h"

namespace weft::testing {
namespace {

constexpr const char* kExtensions[] = {".py", ".js", ".ts", ".tsx",  ".c",  ".h",
                                       ".cc", ".rs", ".go", ".java", ".txt"};
constexpr const char* kPieces[] = {"def f(): pass\n", "class A { int f() { return 1; } };\n",
                                   "import a.b;\n",   "fn f() {}\n",
                                   "#include <a>\n",  "func f() {}\n",
                                   "= ( \n",          "\n"};

}  // namespace

void WriteRandomTree(const TempTree& tree, unsigned seed, int files) {
  std::minstd_rand random(seed);
  for (int i = 0; i < files; ++i) {
    std::string path;
    for (auto depth = random() % 4; depth > 0; --depth) {
      path += "d" + std::to_string(random() % 3) + "/";
    }
    path += "f" + std::to_string(random() % 1'000) + kExtensions[random() % std::size(kExtensions)];
    std::string text;
    for (auto pieces = random() % 40; pieces > 0; --pieces) {
      text += kPieces[random() % std::size(kPieces)];
    }
    if (random() % 20 == 0) text += std::string(1, '\0');
    if (random() % 20 == 0) text = Repeat("a?", 300);
    tree.Write(path, text);
  }
}

Codebase AnalyzeWith(int workers, const std::string& root, const CodebaseOptions& options) {
  auto scheduler = MakeScheduler(workers);
  auto codebase = Codebase::Analyze(*scheduler, root, options);
  EXPECT_TRUE(codebase.ok()) << codebase.status();
  return *std::move(codebase);
}

}  // namespace weft::testing
