// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/bounds.h"

#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace weft::internal {

absl::StatusOr<std::unique_ptr<Bounds>> Bounds::Create(Options options) {
  absl::StatusOr<ResourceTable> table = ResourceTable::Create(std::move(options.resources));
  if (!table.ok()) return table.status();
  return std::unique_ptr<Bounds>(new Bounds(*std::move(table), std::move(options)));
}

Bounds::Bounds(ResourceTable table, Options options)
    : table_(std::move(table)),
      ledger_(table_.units()),
      memory_(std::move(options.memory)),
      gate_({.max_percent = options.max_memory_percent},
            memory_ != nullptr ? static_cast<MemoryHost&>(*memory_) : no_memory_, ledger_) {}

absl::StatusOr<ResourceFigures> Bounds::FiguresOf(std::string_view resource) const {
  const absl::StatusOr<std::size_t> found = table_.Find(resource);
  if (!found.ok()) return found.status();
  return ledger_.figures(*found);
}

MemoryFigures Bounds::memory() const {
  const MemoryGateFigures gate = gate_.figures();
  return {.declared = ledger_.figures(ResourceClaim::kMemory),
          .limit_bytes = gate.limit_bytes,
          .used_bytes = gate.used_bytes,
          .readings = gate.readings,
          .failed_readings = gate.failed_readings,
          .closings = gate.closings,
          .last_error = memory_ != nullptr ? memory_->last_error() : absl::OkStatus()};
}

}  // namespace weft::internal
