// SPDX-License-Identifier: Apache-2.0
//
// What the tasks of one scheduler share while they run: its named resources, and memory.

#ifndef WEFT_SCHEDULER_INTERNAL_BOUNDS_H_
#define WEFT_SCHEDULER_INTERNAL_BOUNDS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/base/call_once.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "weft/core/internal/platform.h"
#include "weft/core/resource_need.h"
#include "weft/scheduler/internal/memory_gate.h"
#include "weft/scheduler/internal/process_memory.h"
#include "weft/scheduler/internal/resource_ledger.h"
#include "weft/scheduler/internal/resource_table.h"
#include "weft/scheduler/resource_figures.h"

namespace weft::internal {

// Thread safety: every method from any thread.
class Bounds {
 public:
  using Ledger = ResourceLedger<StdPlatform>;
  using Gate = MemoryGate<StdPlatform>;

  struct Options {
    std::vector<ResourceLimit> resources = {};
    int max_memory_percent = MemoryRules().max_percent;
    // Null: nothing is read, and memory has no limit.
    std::unique_ptr<ProcessMemory> memory = nullptr;
  };
  // Errors: those of ResourceTable::Create. Throws std::bad_alloc.
  static absl::StatusOr<std::unique_ptr<Bounds>> Create(Options options);

  const ResourceTable& table() const { return table_; }
  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }

  bool reads_memory() const { return memory_ != nullptr; }
  bool Due(absl::Duration now) const { return reads_memory() && gate_.Due(Nanoseconds(now)); }
  // Requires: it reads memory.
  Gate::Ticked Tick(absl::Duration now) { return gate_.Tick(Nanoseconds(now)); }
  // Calls look() for the first who asks; the others wait until that is done.
  template <class F>
  void LookOnce(F look) {
    if (reads_memory()) absl::call_once(looked_, look);
  }
  absl::Duration next_look() const { return absl::Nanoseconds(gate_.next()); }

  // NotFound: no such resource.
  absl::StatusOr<ResourceFigures> FiguresOf(std::string_view resource) const;
  MemoryFigures memory() const;

 private:
  Bounds(ResourceTable table, Options options);
  static std::int64_t Nanoseconds(absl::Duration time) { return absl::ToInt64Nanoseconds(time); }

  const ResourceTable table_;
  Ledger ledger_;
  const std::unique_ptr<ProcessMemory> memory_;
  struct NoMemory final : MemoryHost {
    std::optional<MemoryReading> Read() noexcept override { return std::nullopt; }
    void Trim() noexcept override {}
  } no_memory_;
  Gate gate_;
  absl::once_flag looked_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_BOUNDS_H_
