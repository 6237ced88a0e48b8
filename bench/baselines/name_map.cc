// SPDX-License-Identifier: Apache-2.0
//
// What names cost without tasks: a hash table of strings that grows as they come, in which
// each name is entered and those before it are looked up. The bodies run in the order in
// which the names come, each after those that it names.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "bench/harness/register_library.h"
#include "bench/libraries.h"

namespace weft::bench {
namespace {

class NameMap {
 public:
  static constexpr std::string_view kName = "flat_hash_map";
  static constexpr bool kSequential = true;

  explicit NameMap(int) {}

  void SubmitNames(const Dag& dag, const std::vector<std::string>& names, Work& work) {
    absl::flat_hash_map<std::string, std::uint32_t> nodes;
    for (std::uint32_t node = 0; node < dag.size(); ++node) {
      nodes.emplace(names[node], node);
      bool found = true;
      for (const std::uint32_t before : dag.predecessors(node)) {
        found &= nodes.find(names[before]) != nodes.end();
      }
      if (found) work.Run(node);
    }
  }
};

}  // namespace

void RegisterNameMap(Suite& suite) { RegisterLibrary<NameMap>(suite); }

}  // namespace weft::bench
