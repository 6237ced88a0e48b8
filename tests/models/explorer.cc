// SPDX-License-Identifier: Apache-2.0

#include "models/explorer.h"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/quarantine.h"

namespace weft::models {

Execution* Execution::current_ = nullptr;

Execution& Execution::Current() {
  if (current_ == nullptr) {
    std::fputs("an object of ModelPlatform is used outside of a model\n", stderr);
    std::abort();
  }
  return *current_;
}

namespace {

std::string* running_name = nullptr;

// A model that crashes says at least where: with a sanitizer, that one has the word.
[[maybe_unused]] void SayTrail(int signal) {
  std::signal(signal, SIG_DFL);
  std::fprintf(stderr, "model %s: signal %d\nreplay with WEFT_MODEL_TRAIL='%s: %s'\n",
               running_name->c_str(), signal, running_name->c_str(),
               TrailOf(Execution::Current().threads.deviations()).c_str());
  for (const std::string& line : Execution::Current().memory.steps()) {
    std::fprintf(stderr, "  %s\n", line.c_str());
  }
  std::raise(signal);
}

}  // namespace

class Explorer {
 public:
  Explorer(const Options& options, const std::function<void(Model&)>& body)
      : options_(options), body_(body) {}

  Result Run() {
    const auto start = std::chrono::steady_clock::now();
#if !defined(WEFT_MODELS_ASAN) && !defined(WEFT_MODELS_TSAN)
    const auto before = std::signal(SIGSEGV, &SayTrail);
#endif
    Fork();
    const std::unique_ptr<Chooser> chooser = MakeChooser();
    while (result_.schedules < options_.limit) {
      if (!chooser->Begin()) {
        result_.exhausted = options_.search == Search::kExhaustive && !replays();
        break;
      }
      RunOnce(*chooser);
      if (execution_->threads.failed()) {
        Explain(*chooser);
        break;
      }
      if (!chooser->stops_everywhere() && execution_->memory.sharing().TakeGrown()) {
        StartOver(*chooser);
      }
    }
#if !defined(WEFT_MODELS_ASAN) && !defined(WEFT_MODELS_TSAN)
    std::signal(SIGSEGV, before);
#endif
    result_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(result_);
  }

 private:
  bool replays() const { return !options_.replay_trail.empty() || !options_.replay_seed.empty(); }

  void Fork() {
    Rules rules;
    if (options_.search == Search::kExhaustive && !replays() && !result_.failed) {
      rules.bounds = {.preemptions = options_.preemptions, .stale = options_.stale};
    }
    rules.step_limit = options_.step_limit;
    rules.idle_pauses = options_.idle_pauses;
    execution_ = std::make_unique<Execution>(rules);
    if (replays()) execution_->memory.RecordSteps();
  }

  std::unique_ptr<Chooser> MakeChooser() {
    if (!options_.replay_trail.empty()) return MakeReplay(options_.replay_trail);
    std::string kind = options_.search == Search::kPct      ? "pct"
                       : options_.search == Search::kRandom ? "random"
                                                            : "";
    std::uint64_t seed = options_.seed;
    if (!options_.replay_seed.empty()) {
      std::istringstream(options_.replay_seed) >> kind >> seed;
      options_.limit = 1;
    }
    if (kind == "pct") return MakePct(seed, options_.depth, LengthOfDullest());
    if (kind == "random") return MakeRandom(seed);
    return MakeExhaustive(options_.stops_everywhere);
  }

  std::uint32_t LengthOfDullest() {
    const std::unique_ptr<Chooser> dull = MakeReplay("");
    dull->Begin();
    RunOnce(*dull);
    const std::uint32_t steps = execution_->threads.step();
    if (execution_->threads.failed()) Abandon();  // the search finds it again
    result_ = Result();
    return steps;
  }

  void RunOnce(Chooser& chooser) {
    execution_->memory.Begin(chooser.stops_everywhere());
    Execution::current_ = execution_.get();
    running_name = &options_.name;
    {
      const Quarantine quarantine;
      execution_->threads.Run(chooser, [this] {
        Model model;
        body_(model);
      });
    }
    Execution::current_ = nullptr;
    running_name = nullptr;
    ++result_.schedules;
    result_.steps += execution_->threads.step();
  }

  // The stacks of a failed execution are never unwound: destructors in the middle of a
  // protocol would only fail again. What they point to stays reachable.
  void Abandon() {
    static auto* const kGraveyard = new std::vector<std::unique_ptr<Execution>>();
    kGraveyard->push_back(std::move(execution_));
    Fork();
  }

  void Explain(const Chooser& chooser) {
    result_.failed = true;
    result_.failure = execution_->threads.failure();
    result_.trail = TrailOf(execution_->threads.deviations());
    result_.seed = chooser.seed();
    const Result found = result_;
    Abandon();
    RecordFailure();
    result_.schedules = found.schedules;
    result_.steps = found.steps;
    Report();
  }

  void RecordFailure() {
    const std::unique_ptr<Chooser> replay = MakeReplay(result_.trail);
    replay->Begin();
    execution_->memory.RecordSteps();
    RunOnce(*replay);
    result_.log = execution_->memory.steps();
    if (execution_->threads.failed()) {
      result_.log.push_back(execution_->threads.failure());
      Abandon();
    } else {
      result_.log.push_back("(did not fail again: the model is not deterministic)");
    }
  }

  void Report() {
    std::ostringstream out;
    out << "model " << options_.name << ": " << result_.failure << "\nafter " << result_.schedules
        << " schedules";
    if (!result_.seed.empty())
      out << ", WEFT_MODEL_SEED='" << options_.name << ": " << result_.seed << "'";
    out << "\nreplay with WEFT_MODEL_TRAIL='" << options_.name << ": " << result_.trail << "'\n";
    for (const std::string& line : result_.log) out << "  " << line << '\n';
    result_.report = out.str();
  }

  Options options_;
  const std::function<void(Model&)>& body_;
  std::unique_ptr<Execution> execution_;
  Result result_;
};

namespace {

// What follows "<name>: " in an environment variable; empty when it is for others.
std::string Asked(const char* variable, const std::string& name) {
  const char* const value = std::getenv(variable);
  const std::string_view text = value == nullptr ? "" : value;
  const std::string prefix = name + ": ";
  return text.substr(0, prefix.size()) == prefix ? std::string(text.substr(prefix.size())) : "";
}

}  // namespace

Result Explore(const Options& options, const std::function<void(Model&)>& body) {
  Options asked = options;
  const std::string trail = Asked("WEFT_MODEL_TRAIL", options.name);
  const std::string seed = Asked("WEFT_MODEL_SEED", options.name);
  if (!trail.empty()) asked.replay_trail = trail;
  if (!seed.empty()) asked.replay_seed = seed;
  Result result = Explorer(asked, body).Run();
  if (!(trail.empty() && seed.empty())) {
    std::fprintf(stderr, "replay of %s: %s\n", options.name.c_str(),
                 result.failed ? result.report.c_str() : "it did not fail");
  }
  return result;
}

}  // namespace weft::models
