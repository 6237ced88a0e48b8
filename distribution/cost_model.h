// SPDX-License-Identifier: Apache-2.0
//
// What a task will probably cost, from what tasks of its kind have cost before.

#ifndef WEFT_DISTRIBUTION_COST_MODEL_H_
#define WEFT_DISTRIBUTION_COST_MODEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "weft/core/task_kind.h"
#include "weft/distribution/kind_cost.h"

namespace weft {

// A kind in one CostModel; small, for what is kept of each task. Without a value it is
// a kind of which nothing is remembered.
//
// Thread safety: a plain value.
struct KindId {
  std::uint16_t value = 0;

  bool remembered() const { return value != 0; }
  friend bool operator==(KindId, KindId) = default;
};

// Remembers a running mean for each kind, for up to kMostKinds kinds. What there is no
// room for, in number, name or memory, has no history, which is counted and no error.
//
// Thread safety: every method may be called from any thread.
class CostModel {
 public:
  CostModel();
  // Goes on from what was kept, most important first; what is not sound, comes again, or
  // is beyond kMostKinds is left out. These kinds take no room before a task mentions them, so
  // that old names never keep new ones out.
  explicit CostModel(std::vector<KindCost> history);
  CostModel(const CostModel&) = delete;
  CostModel& operator=(const CostModel&) = delete;
  ~CostModel();

  // The id of `kind`; without a value for the empty kind, and where there is no room.
  // The name is copied. Lock-free for a kind that is known: a hash and a comparison.
  KindId Intern(TaskKind kind);

  // A run of `microseconds`. The first is the mean; a later one moves it half the way,
  // and replaces it when it is more than twice the mean (as Dask does, where a task has
  // run for twice its estimate); internal/cost_cell.h has the reasons. Lock-free.
  // What is negative, NaN or infinite is ignored: a clock went wrong, and such a number
  // would never leave the mean. So is a run without a remembered kind.
  // Requires: `kind` is of this model.
  void Observe(KindId kind, double microseconds);

  // The mean in microseconds; nothing for a kind without a run. One load.
  // Requires: `kind` is of this model.
  std::optional<double> Predict(KindId kind) const;

  // The kinds that were mentioned and have a run, now or in the history, in the order in
  // which they were first mentioned.
  std::vector<KindCost> Snapshot() const;
  // What to keep for the next time: the snapshot, then the kinds of the history that
  // were not mentioned, at most kMostKinds. Kinds that nobody mentions any more fall out
  // at the end when room is wanted.
  std::vector<KindCost> History() const;

  // How often Intern had no room.
  std::uint64_t refused() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weft

#endif  // WEFT_DISTRIBUTION_COST_MODEL_H_
