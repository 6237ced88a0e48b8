// SPDX-License-Identifier: Apache-2.0
//
// Runs a small concurrent program, a model, in every way in which a machine could run
// it within given bounds, and stops at the first that goes wrong.

#ifndef WEFT_TESTS_MODELS_EXPLORER_H_
#define WEFT_TESTS_MODELS_EXPLORER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "models/model_platform.h"

namespace weft::models {

enum class Search : std::uint8_t {
  kExhaustive,  // every execution within the bounds
  kRandom,      // any thread, any store
  kPct,         // few preemptions, at random steps
};

struct Options {
  std::string name = {};  // what a replay asks for
  Search search = Search::kExhaustive;
  // Bounds of the exhaustive search: how often a thread that could go on is stopped,
  // and how often an operation is weaker than the newest store, in one execution.
  int preemptions = 2;
  int stale = 2;
  std::int64_t limit = 5'000'000;  // schedules
  std::uint64_t seed = 1;          // of the first; the next has the next
  int depth = 3;                   // of PCT
  std::int64_t step_limit = 5000;  // of one execution
  // How often in a row Pause may end though nobody has written anything. For a loop
  // that polls a few times and then does something else.
  int idle_pauses = 0;
  // Also before operations that only one thread can notice: the same outcomes, later.
  bool stops_everywhere = false;
  // One execution: "t12=3 v14=1", or "pct 17". What the variables WEFT_MODEL_TRAIL and
  // WEFT_MODEL_SEED say after "<name>: " comes first.
  std::string replay_trail = {};
  std::string replay_seed = {};
};

struct Result {
  std::int64_t schedules = 0;
  std::int64_t steps = 0;
  double seconds = 0;
  bool exhausted = false;  // nothing is left within the bounds
  bool failed = false;
  std::string failure;           // what went wrong, one line or one for each thread
  std::string trail;             // of the execution that failed
  std::string seed;              // empty for an exhaustive search
  std::vector<std::string> log;  // its operations, in their order
  std::string report;            // all of that for a reader
};

// The hands of a model on its own threads.
//
// Thread safety: any thread of the model; Finally by its body.
class Model {
 public:
  // Starts a thread that comes after what the caller has done; its number.
  int Thread(std::function<void()> body) {
    return Execution::Current().threads.Start(std::move(body));
  }
  void Join(int thread) { Execution::Current().threads.Join(thread); }
  // Waits until all threads have ended, and runs `check` then. The last thing that the
  // body of a model does, so that its variables outlive its threads.
  void Finally(const std::function<void()>& check) {
    Execution::Current().threads.JoinAll();
    check();
  }
  template <class Object>
  void Name(const Object& object, std::string_view name) {
    object.tracked().location().name = name;
  }
};

// Fails the model that the caller runs in.
inline void Check(bool condition, std::string_view text) {
  if (!condition) Execution::Current().threads.Fail("check failed: " + std::string(text));
}

// `body` runs once for each schedule and makes all its state anew.
//
// Thread safety: one call at a time.
Result Explore(const Options& options, const std::function<void(Model&)>& body);

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_EXPLORER_H_
