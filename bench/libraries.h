// SPDX-License-Identifier: Apache-2.0
//
// The libraries that are compared; each is defined in the file of its name. WEFT_BENCH_*
// says which of the optional ones the build has found.

#ifndef WEFT_BENCH_LIBRARIES_H_
#define WEFT_BENCH_LIBRARIES_H_

namespace weft::bench {

class Suite;

void RegisterSerial(Suite& suite);
void RegisterNameMap(Suite& suite);
void RegisterWeft(Suite& suite);
void RegisterWeftGraph(Suite& suite);
void RegisterWeftFeatures(Suite& suite);
void RegisterWeftMakespans(Suite& suite);
void RegisterWeftParking(Suite& suite);
void RegisterWeftPriorities(Suite& suite);
void RegisterTrace(Suite& suite);
void RegisterProgress(Suite& suite);
void RegisterTbbFlowGraph(Suite& suite);
void RegisterTbbTaskGroup(Suite& suite);
void RegisterTbbParallelFor(Suite& suite);
void RegisterOpenMp(Suite& suite);
void RegisterStdAsync(Suite& suite);
void RegisterTaskflow(Suite& suite);
void RegisterDispenso(Suite& suite);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LIBRARIES_H_
