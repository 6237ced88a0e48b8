// SPDX-License-Identifier: Apache-2.0

#include "models/chooser.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/clock.h"

namespace weft::models {
namespace {

class Exhaustive final : public Chooser {
 public:
  explicit Exhaustive(bool stops_everywhere) : stops_everywhere_(stops_everywhere) {}

  bool Begin() override {
    depth_ = 0;
    if (std::exchange(fresh_, false)) return true;
    while (!trail_.empty() && trail_.back().pick + 1 == trail_.back().count) trail_.pop_back();
    if (trail_.empty()) return false;
    ++trail_.back().pick;
    return true;
  }
  int PickThread(std::uint32_t, std::span<const int> threads, int) override {
    return Next(static_cast<int>(threads.size()));
  }
  int Pick(ChoiceKind, std::uint32_t, int count) override { return Next(count); }
  bool stops_everywhere() const override { return stops_everywhere_; }
  std::string_view problem() const override { return problem_; }

  void StartOver() {
    trail_.clear();
    fresh_ = true;
  }

 private:
  struct Fork {
    std::uint8_t pick;
    std::uint8_t count;
  };

  int Next(int count) {
    if (depth_ == trail_.size()) trail_.push_back({0, static_cast<std::uint8_t>(count)});
    const Fork& fork = trail_[depth_++];
    if (fork.count == count) return fork.pick;
    problem_ = "the model is not deterministic: the same choices led to other alternatives";
    return 0;
  }

  const bool stops_everywhere_;
  std::vector<Fork> trail_;
  std::size_t depth_ = 0;
  bool fresh_ = true;
  std::string_view problem_;
};

class Random : public Chooser {
 public:
  explicit Random(std::uint64_t seed, std::string name) : name_(std::move(name)), seed_(seed) {}

  bool Begin() override {
    rng_.seed(++seed_);
    return true;
  }
  int PickThread(std::uint32_t, std::span<const int> threads, int) override {
    return Below(static_cast<int>(threads.size()));
  }
  int Pick(ChoiceKind kind, std::uint32_t, int count) override {
    // Mostly the newest store: a stale one is an event, not the rule.
    if (kind != ChoiceKind::kWaiter && Below(2) == 0) return 0;
    return Below(count);
  }
  // The number before it: what the constructor must get.
  std::string seed() const override { return name_ + ' ' + std::to_string(seed_ - 1); }

 protected:
  int Below(int count) { return static_cast<int>(rng_() % static_cast<std::uint64_t>(count)); }

 private:
  const std::string name_;
  std::uint64_t seed_;
  std::minstd_rand rng_;  // cheap to seed, which happens for every execution
};

class Pct final : public Random {
 public:
  Pct(std::uint64_t seed, int depth, std::uint32_t steps)
      : Random(seed, "pct"), changes_(static_cast<std::size_t>(depth - 1)), steps_(steps) {}

  bool Begin() override {
    Random::Begin();
    for (int thread = 0; thread < kMaxThreads; ++thread) At(thread) = kMaxThreads + thread;
    for (int i = kMaxThreads - 1; i > 0; --i) std::swap(At(i), At(Below(i + 1)));
    for (std::uint32_t& step : changes_) {
      step = static_cast<std::uint32_t>(Below(static_cast<int>(steps_) + 1));
    }
    std::sort(changes_.begin(), changes_.end());
    next_change_ = 0;
    lowest_ = kMaxThreads;
    return true;
  }
  int PickThread(std::uint32_t step, std::span<const int> threads, int running) override {
    for (; next_change_ < changes_.size() && changes_[next_change_] <= step; ++next_change_) {
      At(running) = --lowest_;
    }
    const auto best = std::max_element(threads.begin(), threads.end(),
                                       [this](int a, int b) { return At(a) < At(b); });
    return static_cast<int>(best - threads.begin());
  }
  void Paused(int thread) override { At(thread) = --lowest_; }

 private:
  int& At(int thread) { return priorities_[static_cast<std::size_t>(thread)]; }

  std::array<int, kMaxThreads> priorities_{};
  std::vector<std::uint32_t> changes_;
  const std::uint32_t steps_;
  std::size_t next_change_ = 0;
  int lowest_ = 0;
};

class Replay final : public Chooser {
 public:
  explicit Replay(std::string_view trail) {
    std::istringstream words{std::string(trail)};
    char letter = 0;
    char equals = 0;
    std::uint32_t step = 0;
    int value = 0;
    while (words >> letter >> step >> equals >> value) values_[{letter, step}] = value;
    if (!words.eof()) problem_ = "a trail is written t12=3 v14=1";
  }
  bool Begin() override { return !std::exchange(done_, true); }
  int PickThread(std::uint32_t step, std::span<const int> threads, int) override {
    const auto found = values_.find({static_cast<char>(ChoiceKind::kThread), step});
    if (found == values_.end()) return 0;
    const auto at = std::find(threads.begin(), threads.end(), found->second);
    return Known(static_cast<int>(at - threads.begin()), static_cast<int>(threads.size()));
  }
  int Pick(ChoiceKind kind, std::uint32_t step, int count) override {
    const auto found = values_.find({static_cast<char>(kind), step});
    return found == values_.end() ? 0 : Known(found->second, count);
  }
  std::string_view problem() const override { return problem_; }

 private:
  int Known(int index, int count) {
    if (index >= 0 && index < count) return index;
    problem_ = "the trail does not fit the model";
    return 0;
  }

  std::map<std::pair<char, std::uint32_t>, int> values_;
  std::string_view problem_;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<Chooser> MakeExhaustive(bool stops_everywhere) {
  return std::make_unique<Exhaustive>(stops_everywhere);
}
void StartOver(Chooser& exhaustive) { static_cast<Exhaustive&>(exhaustive).StartOver(); }

std::unique_ptr<Chooser> MakeRandom(std::uint64_t seed) {
  return std::make_unique<Random>(seed, "random");
}
std::unique_ptr<Chooser> MakePct(std::uint64_t seed, int depth, std::uint32_t steps) {
  return std::make_unique<Pct>(seed, depth, steps);
}
std::unique_ptr<Chooser> MakeReplay(std::string_view trail) {
  return std::make_unique<Replay>(trail);
}

std::string TrailOf(std::span<const Deviation> deviations) {
  std::ostringstream trail;
  for (const Deviation& deviation : deviations) {
    if (trail.tellp() > 0) trail << ' ';
    trail << static_cast<char>(deviation.kind) << deviation.step << '=' << deviation.value;
  }
  return trail.str();
}

}  // namespace weft::models
