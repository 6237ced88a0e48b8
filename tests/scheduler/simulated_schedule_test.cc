// SPDX-License-Identifier: Apache-2.0
//
// Schedules of simulated workers, against what a list schedule must be.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "scheduler/simulated.h"
#include "weft/scheduler/task_graph.h"

namespace weft {
namespace {

using absl::Microseconds;
using testing::Simulated;
using testing::Step;

// What a list schedule must be, from what was seen of it alone.
class GreedyTest : public ::testing::TestWithParam<int> {
 protected:
  struct Job {
    double cost = 1;
    std::vector<int> after;
  };
  struct Ran {
    absl::Duration begin;
    absl::Duration end;
    int worker = 0;
  };

  static std::vector<Job> Draw(std::mt19937& random) {
    std::vector<Job> jobs(1 + random() % 60);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      jobs[i].cost = static_cast<double>(1 + random() % 20);
      for (unsigned k = random() % 4; k > 0 && i > 0; --k) {
        jobs[i].after.push_back(static_cast<int>(random() % i));
      }
    }
    return jobs;
  }

  static std::vector<Ran> RunOf(const std::vector<Job>& jobs, std::uint64_t seed, int workers) {
    Simulated scheduler(seed, workers);
    TaskGraph graph;
    std::vector<TaskGraph::Node> nodes;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      nodes.push_back(graph.Add(scheduler.Body(static_cast<int>(i))).Cost(jobs[i].cost));
      for (const int before : jobs[i].after) {
        nodes.back().After(nodes[static_cast<std::size_t>(before)]);
      }
    }
    EXPECT_TRUE(scheduler->Run(graph).status.ok());
    EXPECT_EQ(scheduler.trace().size(), jobs.size());
    std::vector<Ran> ran(jobs.size());
    for (const Step& step : scheduler.trace()) {
      const auto i = static_cast<std::size_t>(step.what);
      ran[i] = {step.end - Microseconds(jobs[i].cost), step.end, step.worker};
    }
    return ran;
  }

  // When all that it depends on has ended.
  static absl::Duration ReadyAt(const Job& job, const std::vector<Ran>& ran) {
    absl::Duration ready;
    for (const int before : job.after) {
      ready = std::max(ready, ran[static_cast<std::size_t>(before)].end);
    }
    return ready;
  }
};
INSTANTIATE_TEST_SUITE_P(Workers, GreedyTest, ::testing::Values(1, 2, 3, 8, 16));

TEST_P(GreedyTest, NoWorkerIsIdleWhileATaskIsReady) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::vector<Job> jobs = Draw(random);
    const std::vector<Ran> ran = RunOf(jobs, seed, GetParam());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const absl::Duration ready = ReadyAt(jobs[i], ran);
      ASSERT_GE(ran[i].begin, ready) << i;
      // Between being ready and beginning, all workers were at something else: at each of
      // the moments when that could have changed.
      std::vector<absl::Duration> moments = {ready};
      for (const Ran& other : ran) {
        if (other.end > ready && other.end < ran[i].begin) moments.push_back(other.end);
      }
      for (const absl::Duration moment : moments) {
        if (moment >= ran[i].begin) continue;
        const auto busy = std::count_if(ran.begin(), ran.end(), [moment](const Ran& other) {
          return other.begin <= moment && moment < other.end;
        });
        ASSERT_EQ(busy, GetParam()) << i << " was ready at " << moment;
      }
    }
  }
}

TEST_P(GreedyTest, AWorkerDoesOneThingAtATime) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::vector<Ran> ran = RunOf(Draw(random), seed, GetParam());
    std::sort(ran.begin(), ran.end(), [](const Ran& a, const Ran& b) {
      return std::tie(a.worker, a.begin) < std::tie(b.worker, b.begin);
    });
    for (std::size_t i = 1; i < ran.size(); ++i) {
      if (ran[i].worker == ran[i - 1].worker) {
        ASSERT_GE(ran[i].begin, ran[i - 1].end) << "seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace weft
