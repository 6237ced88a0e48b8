// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/progress_mode.h"

#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <string>
#include <unistd.h>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/pseudo_terminal.h"

namespace weft {
namespace {

using ::weft::testing::PseudoTerminal;

// A variable of the environment, as it was before when the test ends.
class Variable {
 public:
  explicit Variable(const char* name) : name_(name) {
    if (const char* const value = std::getenv(name)) before_ = value;
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { Set(before_.has_value() ? before_->c_str() : nullptr); }

  void Set(const char* value) {
    value == nullptr ? unsetenv(name_) : setenv(name_, value, /*overwrite=*/1);
  }

 private:
  const char* const name_;
  std::optional<std::string> before_;
};

class ProgressModeTest : public ::testing::Test {
 protected:
  ProgressModeTest() {
    term_.Set("xterm");
    no_color_.Set(nullptr);
  }
  ~ProgressModeTest() override { close(file_); }

  Variable term_{"TERM"};
  Variable no_color_{"NO_COLOR"};
  const PseudoTerminal terminal_{80};
  const int file_ = open("/dev/null", O_WRONLY | O_CLOEXEC);
};

TEST_F(ProgressModeTest, ATerminalGetsABarUnlessProgressIsOff) {
  const int terminal = terminal_.descriptor();
  EXPECT_EQ(ChooseProgressMode(ProgressChoice::kAuto, terminal), ProgressMode::kBar);
  EXPECT_EQ(ChooseProgressMode(ProgressChoice::kAlways, terminal), ProgressMode::kBar);
  EXPECT_EQ(ChooseProgressMode(ProgressChoice::kNever, terminal), ProgressMode::kHidden);
}

TEST_F(ProgressModeTest, ElsewhereItIsLinesAndOnlyWhenAskedFor) {
  EXPECT_EQ(ChooseProgressMode(ProgressChoice::kAuto, file_), ProgressMode::kHidden);
  EXPECT_EQ(ChooseProgressMode(ProgressChoice::kAlways, file_), ProgressMode::kLines);
  EXPECT_EQ(ChooseProgressMode(ProgressChoice::kNever, file_), ProgressMode::kHidden);
}

TEST_F(ProgressModeTest, JsonIsJsonEverywhere) {
  no_color_.Set("1");
  EXPECT_EQ(ChooseProgressMode(ProgressChoice::kJson, file_), ProgressMode::kJson);
  EXPECT_EQ(ChooseProgressMode(ProgressChoice::kJson, terminal_.descriptor()), ProgressMode::kJson);
}

TEST_F(ProgressModeTest, NoColorMakesItPlain) {
  for (const char* value : {"1", "0", "false"}) {
    no_color_.Set(value);
    for (const ProgressChoice choice : {ProgressChoice::kAuto, ProgressChoice::kAlways}) {
      EXPECT_EQ(ChooseProgressMode(choice, terminal_.descriptor()), ProgressMode::kLines) << value;
    }
  }
  no_color_.Set("");
  EXPECT_EQ(ChooseProgressMode(ProgressChoice::kAuto, terminal_.descriptor()), ProgressMode::kBar)
      << "empty is as if it were not there";
}

TEST_F(ProgressModeTest, ADumbTerminalGetsPlainLines) {
  for (const char* value : {"dumb", "", static_cast<const char*>(nullptr)}) {
    term_.Set(value);
    EXPECT_EQ(ChooseProgressMode(ProgressChoice::kAuto, terminal_.descriptor()),
              ProgressMode::kLines);
  }
}

TEST_F(ProgressModeTest, LinesComeOnceASecondTheRestTenTimes) {
  EXPECT_EQ(ProgressInterval(ProgressMode::kLines), absl::Seconds(1));
  EXPECT_EQ(ProgressInterval(ProgressMode::kBar), absl::Milliseconds(100));
  EXPECT_EQ(ProgressInterval(ProgressMode::kJson), absl::Milliseconds(100));
}

}  // namespace
}  // namespace weft
