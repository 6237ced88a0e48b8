// SPDX-License-Identifier: Apache-2.0

#include "weft/distribution/cost_model.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

#include "weft/core/internal/platform.h"
#include "weft/distribution/internal/kind_table.h"

namespace weft {
namespace {

using Platform = internal::StdPlatform;
using Table = internal::KindTable<Platform, kMostKinds>;

std::uint32_t HashOf(std::string_view name) {
  return static_cast<std::uint32_t>(absl::HashOf(absl::string_view(name.data(), name.size())));
}

}  // namespace

struct CostModel::State {
  std::vector<KindCost> history;  // constant after construction
  Table table;
  Platform::Atomic<std::uint64_t> refused{0};

  // Null: nothing was kept of it. Linear: once for each kind that is mentioned.
  const KindCost* FindInHistory(std::string_view name) const {
    const auto found = std::find_if(history.begin(), history.end(),
                                    [&](const KindCost& cost) { return cost.kind == name; });
    return found == history.end() ? nullptr : &*found;
  }

  // The kinds with the numbers 1 to `count` that have a run.
  std::vector<KindCost> ReadFirst(std::size_t count) const {
    std::vector<KindCost> costs;
    for (std::size_t i = 1; i <= count; ++i) {
      const auto number = static_cast<Table::Number>(i);
      std::optional<KindCost> cost = table.CellOf(number).Read();
      if (!cost.has_value()) continue;
      cost->kind = table.NameOf(number);
      costs.push_back(*std::move(cost));
    }
    return costs;
  }

  Table::Number Add(std::string_view name, std::uint32_t hash) {
    if (name.size() > kMostKindNameBytes) return 0;
    try {
      return table.Add(name, hash, [&](internal::CostCell<Platform>& cell) {
        const KindCost* const earlier = FindInHistory(name);
        if (earlier != nullptr) cell.Begin(*earlier);
      });
    } catch (const std::bad_alloc&) {
      return 0;  // counted as every refusal is
    }
  }
};

CostModel::CostModel() : CostModel(std::vector<KindCost>()) {}

CostModel::CostModel(std::vector<KindCost> history) : state_(std::make_unique<State>()) {
  std::set<std::string> names;
  for (KindCost& cost : history) {
    if (names.size() == kMostKinds) break;
    if (IsSound(cost) && names.insert(cost.kind).second) {
      state_->history.push_back(std::move(cost));
    }
  }
}

CostModel::~CostModel() = default;

KindId CostModel::Intern(TaskKind kind) {
  if (kind.empty()) return KindId();
  const std::uint32_t hash = HashOf(kind.name());
  if (const Table::Number known = state_->table.Find(kind.name(), hash)) return KindId{known};
  const Table::Number added = state_->Add(kind.name(), hash);
  // relaxed: a count.
  if (added == 0) state_->refused.fetch_add(1, std::memory_order_relaxed);
  return KindId{added};
}

void CostModel::Observe(KindId kind, double microseconds) {
  if (!kind.remembered() || !(microseconds >= 0) || std::isinf(microseconds)) return;
  assert(state_->table.Holds(kind.value));
  state_->table.CellOf(kind.value).Observe(microseconds);
}

std::optional<double> CostModel::Predict(KindId kind) const {
  if (!kind.remembered()) return std::nullopt;
  assert(state_->table.Holds(kind.value));
  return state_->table.CellOf(kind.value).mean();
}

std::vector<KindCost> CostModel::Snapshot() const {
  return state_->ReadFirst(state_->table.size());
}

std::vector<KindCost> CostModel::History() const {
  // Read once: what is mentioned from now on is kept as it was.
  const std::size_t mentioned = state_->table.size();
  std::vector<KindCost> costs = state_->ReadFirst(mentioned);
  for (const KindCost& earlier : state_->history) {
    if (costs.size() >= kMostKinds) break;
    const Table::Number number = state_->table.Find(earlier.kind, HashOf(earlier.kind));
    if (number == 0 || number > mentioned) costs.push_back(earlier);
  }
  return costs;
}

std::uint64_t CostModel::refused() const {
  return state_->refused.load(std::memory_order_relaxed);  // relaxed: a count
}

}  // namespace weft
