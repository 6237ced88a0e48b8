// SPDX-License-Identifier: Apache-2.0
//
// What a run loop stands on.

#ifndef WEFT_SCHEDULER_INTERNAL_RUN_LOOP_HOST_H_
#define WEFT_SCHEDULER_INTERNAL_RUN_LOOP_HOST_H_

#include <cstdint>
#include <limits>

namespace weft::internal {

// How often a pump tells its host that it goes on: after so many turns, which are counted down.
//
// Thread safety: the pump.
struct PumpTurns {
  std::uint32_t left = 1;
  std::uint32_t stride = 1;
  std::int64_t told_at = 0;  // the host's
};

// Thread safety: called from any thread, several at once; OnTurns and OnSlot by the pump itself.
class RunLoopHost {
 public:
  // Brings a thread that calls RunLoop::Drain(slot). False: it cannot.
  virtual bool StartPump(int slot) noexcept = 0;
  // A pump that was needed could not be had: perhaps it can be later (WakeIfNeeded).
  virtual void OnNoPump() noexcept {}
  // The ledger may be calm after this.
  virtual void BeforeCalm() noexcept {}
  // A pump is about to look for something to run, or to run it. Says after how many turns, at least
  // one, it is to tell the next time, if it has not stopped before.
  virtual void OnTurns(PumpTurns& turns) noexcept {
    turns.left = std::numeric_limits<std::uint32_t>::max();
  }
  // This thread works as `slot` from now on.
  virtual void OnSlot(int slot) noexcept = 0;

 protected:
  ~RunLoopHost() = default;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RUN_LOOP_HOST_H_
