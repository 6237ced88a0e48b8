// SPDX-License-Identifier: Apache-2.0

#include "bench/harness/dag.h"

#include <algorithm>
#include <array>
#include <random>

namespace weft::bench {
namespace {

constexpr std::uint32_t kLayers = 100;
constexpr std::uint32_t kMaxInDegree = 5;
constexpr std::uint32_t kSeed = 42;

}  // namespace

void Dag::AddNode(std::span<const std::uint32_t> predecessors) {
  predecessors_.insert(predecessors_.end(), predecessors.begin(), predecessors.end());
  begin_.push_back(static_cast<std::uint32_t>(predecessors_.size()));
}

Dag Chain(std::uint32_t length) {
  Dag dag;
  for (std::uint32_t i = 0; i < length; ++i) {
    const std::uint32_t before = i - 1;
    dag.AddNode({&before, i > 0 ? std::size_t{1} : 0});
  }
  return dag;
}

Dag Tree(std::uint32_t levels) {
  Dag dag;
  for (std::uint32_t i = 0; i < (1u << levels) - 1; ++i) {
    const std::uint32_t parent = (i - 1) / 2;
    dag.AddNode({&parent, i > 0 ? std::size_t{1} : 0});
  }
  return dag;
}

Dag Wavefront(std::uint32_t side) {
  Dag dag;
  for (std::uint32_t row = 0; row < side; ++row) {
    for (std::uint32_t column = 0; column < side; ++column) {
      std::array<std::uint32_t, 2> before{};
      std::size_t count = 0;
      if (row > 0) before[count++] = (row - 1) * side + column;
      if (column > 0) before[count++] = row * side + column - 1;
      dag.AddNode({before.data(), count});
    }
  }
  return dag;
}

Dag RandomLayers(std::uint32_t width) {
  Dag dag;
  // A modulus of the raw numbers: the distributions of <random> differ between libraries.
  std::mt19937 random(kSeed);
  for (std::uint32_t i = 0; i < kLayers * width; ++i) {
    std::vector<std::uint32_t> before;
    if (i >= width) {
      const std::uint32_t first = (i / width - 1) * width;
      for (auto left = 1 + random() % kMaxInDegree; left > 0; --left) {
        const auto node = first + static_cast<std::uint32_t>(random() % width);
        if (std::ranges::find(before, node) == before.end()) before.push_back(node);
      }
    }
    dag.AddNode(before);
  }
  return dag;
}

Dag Independent(std::uint32_t count) {
  Dag dag;
  for (std::uint32_t i = 0; i < count; ++i) dag.AddNode({});
  return dag;
}

Dag Fan(std::uint32_t leaves) {
  Dag dag;
  dag.AddNode({});
  const std::uint32_t root = 0;
  for (std::uint32_t i = 0; i < leaves; ++i) dag.AddNode({&root, 1});
  return dag;
}

}  // namespace weft::bench
