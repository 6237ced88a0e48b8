// SPDX-License-Identifier: Apache-2.0
//
// Random programs against an oracle. WEFT_RANDOM_PROGRAMS says how many,
// WEFT_RANDOM_PROGRAM_FIRST with which seed to begin.

#include "scheduler/random_program.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

#include "scheduler/program_oracle.h"
#include "scheduler/program_run.h"
#include "testing/engines.h"
#include "testing/from_environment.h"

namespace weft {
namespace {

class RandomProgramTest : public ::testing::TestWithParam<int> {
 protected:
  static bool has_threads() { return GetParam() > testing::kInline; }

  std::unique_ptr<TaskScheduler> scheduler_ = testing::MakeProgramScheduler(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Engines, RandomProgramTest,
                         ::testing::Values(testing::kInline, testing::kSimulated, 1, 2, 4, 8),
                         testing::EngineName);

TEST_P(RandomProgramTest, EqualsTheOracle) {
  const unsigned first = testing::FromEnvironment("WEFT_RANDOM_PROGRAM_FIRST", 1);
  const unsigned count =
      testing::FromEnvironment("WEFT_RANDOM_PROGRAMS", WEFT_SANITIZED ? 1'000 : 20'000);
  for (unsigned seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    testing::Program program = testing::DrawProgram(seed);
    const testing::Oracle oracle(program);
    testing::RunAndCheck(program, oracle, *scheduler_, !has_threads());
    if (HasFailure()) return;
  }
  RecordProperty("late_pumps", std::to_string(scheduler_->late_pumps()));
}

}  // namespace
}  // namespace weft
