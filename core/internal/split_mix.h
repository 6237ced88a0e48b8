// SPDX-License-Identifier: Apache-2.0
//
// A small random generator for jitter: eight bytes of state, any seed is good.

#ifndef WEFT_CORE_INTERNAL_SPLIT_MIX_H_
#define WEFT_CORE_INTERNAL_SPLIT_MIX_H_

#include <cstdint>

namespace weft::internal {

// SplitMix64: G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number
// Generators", OOPSLA 2014, with the mixing constants of S. Vigna's public domain
// splitmix64.c. The same seed gives the same numbers on every machine, which the
// distributions of <random> do not promise. Not for secrets.
//
// Thread safety: a plain value.
class SplitMix64 {
 public:
  explicit constexpr SplitMix64(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31);
  }
  // Uniform in [0, 1): a multiple of 2^-53, so that 1 is never reached by rounding.
  constexpr double NextUniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace weft::internal

#endif  // WEFT_CORE_INTERNAL_SPLIT_MIX_H_
