// SPDX-License-Identifier: Apache-2.0

#include "weft/distribution/cost_history.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"

#include "weft/distribution/internal/cost_text.h"
#include "weft/distribution/internal/whole_file.h"

namespace weft {
namespace {

absl::Status OfHistory(const std::string& path, const absl::Status& why) {
  return absl::Status(
      why.code(), "history '" + absl::Utf8SafeCHexEscape(path) + "' " + std::string(why.message()));
}

absl::StatusOr<std::vector<KindCost>> Read(const std::string& path) {
  // The system would look for what stands before it.
  if (path.find('\0') != path.npos) return absl::InvalidArgumentError("has a NUL byte");
  absl::StatusOr<std::string> text = internal::ReadWholeFile(path, internal::kMostCostBytes);
  if (absl::IsNotFound(text.status())) return std::vector<KindCost>();
  if (!text.ok()) return std::move(text).status();
  return internal::DecodeCosts(*text);
}

}  // namespace

LoadedCosts LoadCostHistory(const std::string& path) {
  LoadedCosts loaded;
  if (path.empty()) return loaded;
  absl::StatusOr<std::vector<KindCost>> costs = Read(path);
  if (costs.ok()) {
    loaded.costs = *std::move(costs);
  } else {
    loaded.status = OfHistory(path, costs.status());
  }
  return loaded;
}

absl::Status SaveCostHistory(const std::string& path, std::span<const KindCost> costs) {
  if (path.empty()) return absl::OkStatus();
  const absl::StatusOr<std::string> text = internal::EncodeCosts(costs);
  if (!text.ok()) return text.status();
  const absl::Status there = Read(path).status();
  if (!there.ok() && !absl::IsDataLoss(there)) return OfHistory(path, there);
  const absl::Status replaced = internal::ReplaceWholeFile(path, *text);
  return replaced.ok() ? replaced : OfHistory(path, replaced);
}

}  // namespace weft
