// SPDX-License-Identifier: Apache-2.0
//
// Who decides, wherever an execution of a model could go on in several ways.

#ifndef WEFT_TESTS_MODELS_CHOOSER_H_
#define WEFT_TESTS_MODELS_CHOOSER_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::models {

// The letters that a trail is written with.
enum class ChoiceKind : char {
  kThread = 't',    // who runs next
  kStore = 'v',     // which store is read, or written behind; 0 is the newest
  kSpurious = 's',  // whether a weak exchange fails without a reason
  kWaiter = 'w',    // whom notify_one lets go
};

// A choice that was not the first alternative.
struct Deviation {
  ChoiceKind kind;
  std::uint32_t step;
  int value;  // a thread's number for kThread, else an index
};

struct Bounds {
  static constexpr int kNone = std::numeric_limits<int>::max();
  int preemptions = kNone;
  int stale = kNone;
};

// The first alternative is always the dullest: the same thread goes on, the newest
// store is read. The step grows from choice to choice of one kind.
//
// Thread safety: one thread at a time.
class Chooser {
 public:
  virtual ~Chooser() = default;

  // Before each execution. False: nothing is left to try.
  virtual bool Begin() = 0;
  // `running` may be among the threads, and is the first of them if it need not stop.
  virtual int PickThread(std::uint32_t step, std::span<const int> threads, int running) = 0;
  virtual int Pick(ChoiceKind kind, std::uint32_t step, int count) = 0;
  // The running thread has nothing to do for now.
  virtual void Paused(int /*thread*/) {}
  // False: points that only one thread can ever notice may be left out.
  virtual bool stops_everywhere() const { return true; }
  // Non-empty: the model did not do the same again.
  virtual std::string_view problem() const { return {}; }
  // How to name the execution that runs; empty when only the trail names it.
  virtual std::string seed() const { return {}; }
};

// Every execution within the bounds of the model, depth first.
std::unique_ptr<Chooser> MakeExhaustive(bool stops_everywhere);
// Starts over, when points turned up at which a choice had been left out.
void StartOver(Chooser& exhaustive);

// Any thread, any store, evenly.
std::unique_ptr<Chooser> MakeRandom(std::uint64_t seed);

// Burckhardt and others, "A randomized scheduler with probabilistic guarantees of
// finding bugs" (ASPLOS 2010): the thread with the highest priority runs; at depth - 1
// steps it loses its priority. `steps` is how long an execution takes, about.
std::unique_ptr<Chooser> MakePct(std::uint64_t seed, int depth, std::uint32_t steps);

// One execution, written as "t12=3 v14=1": what deviates from the dull.
std::unique_ptr<Chooser> MakeReplay(std::string_view trail);
std::string TrailOf(std::span<const Deviation> deviations);

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_CHOOSER_H_
