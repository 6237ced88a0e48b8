// SPDX-License-Identifier: Apache-2.0
//
// Keeps what kinds of tasks have cost from one process to the next, in a small file.

#ifndef WEFT_DISTRIBUTION_COST_HISTORY_H_
#define WEFT_DISTRIBUTION_COST_HISTORY_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "weft/distribution/kind_cost.h"

namespace weft {

// What was found. A history is a help and no input: without one the first runs are
// ordered less well, so nothing that is wrong with it stops anybody.
//
// Thread safety: a plain value.
struct LoadedCosts {
  std::vector<KindCost> costs;  // sound, no kind twice; empty unless the status is OK
  // OK also where there is no file, and for the empty path.
  // DataLoss: damaged or cut off; found by a checksum over all of it, so that no wrong
  // figure is taken for a measured one. Unimplemented: of a later version of weft.
  // FailedPrecondition: another file, or no regular one. ResourceExhausted: far larger
  // than any history. InvalidArgument: a path with a NUL byte. Otherwise the code of the
  // system's error. Texts name the path.
  absl::Status status;
};

// Blocks for the disk. The empty path keeps nothing.
//
// Thread safety: any thread, any process.
LoadedCosts LoadCostHistory(const std::string& path);

// Replaces the history at `path` by `costs`, whole or not at all, with mode 0600; the
// folder has to exist. Who saves at the same time does not tear it: the last one wins
// with all that it has, and nothing is merged. A file that is missing, damaged or ours is
// replaced, a link as well; whatever else LoadCostHistory complains about is somebody
// else's and stays, with that status. InvalidArgument: costs that are not sound, a kind
// that comes twice, more than kMostKinds.
// Blocks until it is on the disk. The empty path keeps nothing, and is OK.
//
// Thread safety: any thread, any process.
[[nodiscard]] absl::Status SaveCostHistory(const std::string& path,
                                           std::span<const KindCost> costs);

}  // namespace weft

#endif  // WEFT_DISTRIBUTION_COST_HISTORY_H_
