// SPDX-License-Identifier: Apache-2.0
//
// Registers every workload that a library can do.

#ifndef WEFT_BENCH_HARNESS_REGISTER_LIBRARY_H_
#define WEFT_BENCH_HARNESS_REGISTER_LIBRARY_H_

#include "bench/harness/graph_workloads.h"
#include "bench/harness/library.h"
#include "bench/harness/suite.h"
#include "bench/harness/task_workloads.h"
#include "bench/harness/upkeep_workloads.h"

namespace weft::bench {

template <class L>
void RegisterLibrary(Suite& suite) {
  if constexpr (RunsGraphs<L>) AddGraphWorkloads<L>(suite);
  AddTaskWorkloads<L>(suite);
  AddUpkeepWorkloads<L>(suite);
}

}  // namespace weft::bench

#endif  // WEFT_BENCH_HARNESS_REGISTER_LIBRARY_H_
