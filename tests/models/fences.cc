// SPDX-License-Identifier: Apache-2.0
//
// The fences of a model's memory: an order between reads and writes of atomics, without
// happens-before.

#include <cstddef>

#include "models/memory.h"

namespace weft::models {

Clock Memory::Bound() const {
  const ModelThread& self = threads_.running();
  Clock bound = self.clock;
  bound.Join(fenced_[static_cast<std::size_t>(self.id)]);
  return bound;
}

// Comes with the step before it: only heavy fences can tell.
void Memory::LightFence() {
  if (threads_.several() && stop_everywhere_) threads_.Point();
  const auto self = static_cast<std::size_t>(threads_.running().id);
  threads_.CountStep();
  fenced_[self].Join(at_heavy_);
  at_light_[self] = Bound();
  Record("light fence", "");
}

void Memory::HeavyFence() {
  if (threads_.several()) threads_.Point();
  const auto self = static_cast<std::size_t>(threads_.running().id);
  threads_.CountStep();
  for (const Clock& light : at_light_) fenced_[self].Join(light);
  fenced_[self].Join(at_heavy_);
  at_heavy_.Join(Bound());
  Record("heavy fence", "");
}

}  // namespace weft::models
