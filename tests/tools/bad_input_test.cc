// SPDX-License-Identifier: Apache-2.0
//
// What cannot be used, each with its message and exit code: trees, words and outputs.

#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "process.h"
#include "scratch_folder.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int kUnusable = 2;

const std::vector<std::string> kCommands = {"analyze", "files"};

void ExpectUnusable(const ProcessResult& result, const testing::Matcher<std::string>& message) {
  EXPECT_EQ(result.exit_code, kUnusable);
  EXPECT_EQ(result.signal, 0);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, AllOf(StartsWith("weft: "), message));
  EXPECT_LT(result.err.size(), 1000U) << result.err;
}

std::function<void()> WriteTo(std::string path) {
  return [path] { dup2(open(path.c_str(), O_WRONLY), STDOUT_FILENO); };
}

// -- PATH ------------------------------------------------------------------------

TEST(BadInputTest, NoSuchPathIsNamed) {
  const ScratchFolder tree;
  for (const std::string& command : kCommands) {
    ExpectUnusable(RunWeft({command, tree / "missing"}),
                   AllOf(HasSubstr(tree / "missing"), HasSubstr("No such file or directory")));
    ExpectUnusable(RunWeft({command, tree / "a\x1b[31m"}),
                   AllOf(HasSubstr("a\\x1b[31m"), Not(HasSubstr("\x1b"))));
    ExpectUnusable(RunWeft({command, ""}), HasSubstr("''"));
  }
}

TEST(BadInputTest, AFileIsNotAFolder) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  for (const std::string& command : kCommands) {
    ExpectUnusable(RunWeft({command, tree / "a.py"}),
                   AllOf(HasSubstr(tree / "a.py"),
                         AnyOf(HasSubstr("ot a directory"), HasSubstr("not a folder"))));
    ExpectUnusable(RunWeft({command, tree / "a.py/"}), HasSubstr("a.py/"));
    ExpectUnusable(RunWeft({command, "/dev/null"}), HasSubstr("/dev/null"));
  }
}

TEST(BadInputTest, AFolderThatMayNotBeReadIsNamed) {
  const ScratchFolder tree;
  tree.Write("shut/a.py", "");
  chmod((tree / "shut").c_str(), 0);
  for (const std::string& command : kCommands) {
    ExpectUnusable(RunWeft({command, tree / "shut"}, {.in_child = BecomeUnprivileged}),
                   AllOf(HasSubstr(tree / "shut"), HasSubstr("Permission denied")));
  }
  chmod((tree / "shut").c_str(), 0755);
}

TEST(BadInputTest, ALinkThatEndsNowhereIsNamed) {
  const ScratchFolder tree;
  std::filesystem::create_symlink("loop", tree / "loop");
  for (const std::string& command : kCommands) {
    ExpectUnusable(RunWeft({command, tree / "loop"}), HasSubstr(tree / "loop"));
  }
}

// -- words -----------------------------------------------------------------------

TEST(BadInputTest, WrongWordsAreNamedWithTheWayToHelp) {
  ExpectUnusable(RunWeft({}), AllOf(HasSubstr("command"), HasSubstr("weft --help")));
  ExpectUnusable(RunWeft({"frobnicate"}), HasSubstr("frobnicate"));
  ExpectUnusable(RunWeft({"analyze"}), AllOf(HasSubstr("PATH"), HasSubstr("weft analyze --help")));
  ExpectUnusable(RunWeft({"analyze", ".", "--wrong"}), HasSubstr("--wrong"));
  ExpectUnusable(RunWeft({"files", ".", "--wrong"}),
                 AllOf(HasSubstr("--wrong"), HasSubstr("weft files --help")));
}

TEST(BadInputTest, JobsOutOfRangeNamesOptionValueAndRange) {
  for (const char* jobs : {"0", "-1", "1000000", "99999999999999999999999", "x"}) {
    ExpectUnusable(RunWeft({"analyze", ".", "--jobs", jobs}),
                   AllOf(HasSubstr("--jobs"), HasSubstr(jobs), HasSubstr("from 1 to 1024")));
  }
}

TEST(BadInputTest, GlobsThatCanMatchNothingAreNamed) {
  const ScratchFolder tree;
  for (const std::string& command : kCommands) {
    ExpectUnusable(RunWeft({command, tree.path(), "--include", "a["}),
                   AllOf(HasSubstr("include"), HasSubstr("a[")));
    ExpectUnusable(RunWeft({command, tree.path(), "--exclude", ""}), HasSubstr("exclude"));
  }
}

TEST(BadInputTest, ConfigsAreRefusedWithFileAndCause) {
  const ScratchFolder tree;
  const auto run = [&tree](std::string_view json) {
    tree.Write("config.json", json);
    return RunWeft({"analyze", tree.path(), "--config", tree / "config.json"});
  };
  ExpectUnusable(run(R"({"num_worker": 2})"),
                 AllOf(HasSubstr("config.json"), HasSubstr("unknown key 'num_worker'"),
                       HasSubstr("num_workers")));
  ExpectUnusable(run(R"({"num_workers": 5000})"), AllOf(HasSubstr("5000"), HasSubstr("1024")));
  ExpectUnusable(run(R"({"num_workers": "2"})"), HasSubstr("num_workers"));
  ExpectUnusable(run(R"({"batch_size": 7})"), HasSubstr("batch_size"));
  ExpectUnusable(run("{"), AllOf(HasSubstr("line 1"), HasSubstr("config.json")));
  ExpectUnusable(run(std::string(100'000, '[')), HasSubstr("config.json"));
  ExpectUnusable(RunWeft({"analyze", tree.path(), "--config", tree / "none.json"}),
                 AllOf(HasSubstr("none.json"), HasSubstr("No such file")));
  ExpectUnusable(RunWeft({"analyze", tree.path(), "--config", tree.path()}),
                 HasSubstr("directory"));
  ExpectUnusable(RunWeft({"analyze", tree.path(), "--config", "/dev/zero"}),
                 HasSubstr("/dev/zero"));
}

// -- outputs ---------------------------------------------------------------------

TEST(BadInputTest, AFullDeviceIsNamed) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  for (const std::string& command : kCommands) {
    ExpectUnusable(RunWeft({command, tree.path()}, {.in_child = WriteTo("/dev/full")}),
                   AllOf(HasSubstr("standard output"), HasSubstr("No space left")));
  }
  ExpectUnusable(RunWeft({"--help"}, {.in_child = WriteTo("/dev/full")}),
                 HasSubstr("standard output"));
  ExpectUnusable(
      RunWeft({"analyze", tree.path(), "--json", "-"}, {.in_child = WriteTo("/dev/full")}),
      HasSubstr("standard output"));
  const ProcessResult result = RunWeft({"analyze", tree.path(), "--json", "/dev/full"});
  EXPECT_EQ(result.exit_code, kUnusable);
  EXPECT_THAT(result.err, AllOf(HasSubstr("/dev/full"), HasSubstr("No space left")));
}

TEST(BadInputTest, AClosedOutputIsNamed) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  for (const std::string& command : kCommands) {
    ExpectUnusable(RunWeft({command, tree.path()}, {.in_child = [] { close(STDOUT_FILENO); }}),
                   HasSubstr("standard output"));
  }
}

TEST(BadInputTest, AReaderThatLeftIsNamed) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  const auto to_nobody = [] {
    int ends[2] = {-1, -1};
    if (pipe(ends) != 0) _exit(124);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
  };
  for (const std::string& command : kCommands) {
    ExpectUnusable(RunWeft({command, tree.path()}, {.in_child = to_nobody}),
                   AllOf(HasSubstr("standard output"), HasSubstr("Broken pipe")));
  }
}

TEST(BadInputTest, AClosedInputAndErrorChangeNothing) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  const ProcessResult result = RunWeft({"files", tree.path()}, {.in_child = [] {
                                         close(STDIN_FILENO);
                                         close(STDERR_FILENO);
                                       }});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "a.py\n");
}

TEST(BadInputTest, AJsonFileThatCannotBeIsRefusedBeforeTheWork) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  const auto run = [&tree](const std::string& file) {
    return RunWeft({"analyze", tree.path(), "--json", file});
  };
  ExpectUnusable(run(tree / "none/out.json"),
                 AllOf(HasSubstr("none/out.json"), HasSubstr("No such file or directory")));
  ExpectUnusable(run(tree.path()), AllOf(HasSubstr(tree.path()), HasSubstr("directory")));
  ExpectUnusable(run(""), HasSubstr("''"));
  ExpectUnusable(run(tree / "a.py/out.json"), HasSubstr("a.py/out.json"));
  EXPECT_EQ(tree.CountEntries(), 1);
}

TEST(BadInputTest, AJsonFileThatMayNotBeWrittenIsRefused) {
  const ScratchFolder tree;
  tree.Write("src/a.py", "x = 1\n");
  tree.Write("out.json", "old");
  ExpectUnusable(RunWeft({"analyze", tree / "src", "--json", tree / "out.json"},
                         {.in_child = BecomeUnprivileged}),
                 AllOf(HasSubstr("out.json"), HasSubstr("Permission denied")));
  ExpectUnusable(RunWeft({"analyze", tree / "src", "--json", tree / "new.json"},
                         {.in_child = BecomeUnprivileged}),
                 AllOf(HasSubstr("new.json"), HasSubstr("Permission denied")));
  EXPECT_EQ(tree.Read("out.json"), "old");
  EXPECT_EQ(tree.CountEntries(), 2);
}

// A limit on file sizes stands for a disk that fills up in the middle.
TEST(BadInputTest, ADiskThatFillsUpLeavesTheOldFileAndNothingElse) {
  const ScratchFolder tree;
  for (int i = 0; i < 50; ++i) {
    tree.Write("src/a" + std::to_string(i) + ".py", "def f(): pass\n");
  }
  tree.Write("out.json", "old");
  const ProcessResult result =
      RunWeft({"analyze", tree / "src", "--json", tree / "out.json"}, {.in_child = [] {
                const struct rlimit limit = {2048, 2048};
                setrlimit(RLIMIT_FSIZE, &limit);
              }});
  EXPECT_EQ(result.exit_code, kUnusable);
  EXPECT_THAT(result.err, AllOf(HasSubstr("out.json"), HasSubstr("File too large")));
  EXPECT_EQ(tree.Read("out.json"), "old");
  EXPECT_EQ(tree.CountEntries(), 2);
}

}  // namespace
}  // namespace weft::tools
