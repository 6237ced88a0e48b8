// SPDX-License-Identifier: Apache-2.0
//
// Trackers under random calls, beside a plain model. WEFT_RANDOM_JOBS says how many.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "testing/from_environment.h"
#include "weft/sync/progress_tracker.h"

namespace weft {
namespace {

using Part = ProgressTracker::Part;

// The same job, kept in the plainest way.
class PlainJob {
 public:
  struct Part {
    ProgressPartOptions options;
    std::size_t parent = 0;
    std::int64_t completed = 0, failed = 0, cost = 0;
    bool ended = false;
  };

  explicit PlainJob(ProgressPartOptions root) { parts.push_back({.options = std::move(root)}); }

  void Count(std::size_t at, bool well, std::int64_t count, std::int64_t cost) {
    (well ? parts[at].completed : parts[at].failed) += count;
    parts[at].cost += cost;
    if (AllEnded(at)) End(at);
  }
  void End(std::size_t at) {
    if (std::exchange(parts[at].ended, true) || at == 0) return;
    const ProgressPartOptions& options = parts[at].options;
    const bool well = parts[at].failed == 0 && parts[at].completed >= options.total;
    if (options.is_unit) Count(parts[at].parent, well, 1, options.unit_cost);
  }

  std::vector<ProgressLevel> Levels() const {
    std::vector<ProgressLevel> levels;
    for (std::optional<std::size_t> at = 0; at.has_value(); at = FirstOpenBelow(*at)) {
      const Part& part = parts[*at];
      const std::int64_t total = part.options.total;
      levels.push_back({part.options.label, part.completed, part.failed,
                        total == 0 ? 0 : std::max(total, part.completed + part.failed)});
    }
    return levels;
  }
  double Done(std::size_t at = 0) const {
    double done = DoneAlone(at);
    for (std::size_t i = 1; i < parts.size(); ++i) {
      if (parts[i].ended || parts[i].parent != at || !parts[i].options.is_unit) continue;
      done += ShareOfUnit(at, parts[i].options.unit_cost) * Done(i);
    }
    return done;
  }

  std::vector<Part> parts;

 private:
  bool AllEnded(std::size_t at) const {
    const std::int64_t total = parts[at].options.total;
    return total > 0 && parts[at].completed + parts[at].failed >= total;
  }
  double DoneAlone(std::size_t at) const {
    const Part& part = parts[at];
    if (AllEnded(at)) return 1;
    const double done = static_cast<double>(part.completed + part.failed);
    if (part.options.cost > 0) return std::min(1.0, double(part.cost) / double(part.options.cost));
    return part.options.total > 0 ? done / double(part.options.total) : 0;
  }
  double ShareOfUnit(std::size_t at, std::int64_t cost) const {
    const Part& part = parts[at];
    if (part.options.cost > 0) return std::min(1.0, double(cost) / double(part.options.cost));
    const auto ended = part.completed + part.failed;
    return part.options.total > 0 ? 1 / double(std::max(part.options.total, ended)) : 0;
  }
  std::optional<std::size_t> FirstOpenBelow(std::size_t at) const {
    for (std::size_t i = 1; i < parts.size(); ++i) {
      if (parts[i].parent == at && !parts[i].ended) return i;
    }
    return std::nullopt;
  }
};

// One random job, in which parts may also be dropped before those below them.
void PlayRandomJob(unsigned seed) {
  std::mt19937 random(seed);
  const auto draw = [&random](int below) {
    return std::uniform_int_distribution<int>(0, below - 1)(random);
  };
  const std::int64_t total = draw(20);
  const std::int64_t cost = draw(2) == 0 ? 0 : draw(100);
  ProgressTracker tracker({.label = "0", .total = total, .cost = cost});
  PlainJob plain({.label = "0", .total = total, .cost = cost});
  std::vector<std::optional<Part>> handles(1);
  const auto part = [&](std::size_t at) -> Part& {
    return at == 0 ? tracker.root() : *handles[at];
  };
  double shown = 0;
  for (int step = 0; step < 120; ++step) {
    const std::size_t at = static_cast<std::size_t>(draw(static_cast<int>(handles.size())));
    if (at != 0 && !handles[at].has_value()) continue;
    const std::int64_t count = draw(4);
    const std::int64_t units_cost = draw(3) == 0 ? 0 : draw(10);
    switch (draw(6)) {
      case 0:
      case 1:
        part(at).Complete(count, units_cost);
        plain.Count(at, true, count, units_cost);
        break;
      case 2:
        part(at).Fail(count, units_cost);
        plain.Count(at, false, count, units_cost);
        break;
      case 3:
        part(at).Announce(count, units_cost);
        plain.parts[at].options.total += count;
        plain.parts[at].options.cost += units_cost;
        break;
      case 4: {
        if (plain.parts[at].ended) break;
        const ProgressPartOptions options = {.label = std::to_string(handles.size()),
                                             .total = draw(6),
                                             .cost = draw(2) == 0 ? 0 : draw(30),
                                             .is_unit = draw(5) != 0,
                                             .unit_cost = draw(10)};
        handles.push_back(part(at).AddPart(options));
        plain.parts.push_back({.options = options, .parent = at});
        break;
      }
      case 5:
        if (at == 0) break;
        handles[at].reset();
        plain.End(at);
        break;
    }
    const ProgressSnapshot snapshot = tracker.Snapshot();
    ASSERT_EQ(snapshot.levels, plain.Levels()) << "seed " << seed << " step " << step;
    shown = std::max(shown, std::min(plain.Done(), 0.999));
    ASSERT_NEAR(snapshot.fraction, shown, 1e-9) << "seed " << seed << " step " << step;
  }
}

TEST(ProgressRandomTest, EqualsAPlainModel) {
  const unsigned jobs = testing::FromEnvironment("WEFT_RANDOM_JOBS", WEFT_SANITIZED ? 200 : 2000);
  for (unsigned seed = 1; seed <= jobs; ++seed) {
    PlayRandomJob(seed);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace weft
