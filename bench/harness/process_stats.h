// SPDX-License-Identifier: Apache-2.0
//
// What this process has used so far, as Linux counts it.

#ifndef WEFT_BENCH_HARNESS_PROCESS_STATS_H_
#define WEFT_BENCH_HARNESS_PROCESS_STATS_H_

namespace weft::bench {

double CpuNanoseconds();  // all threads, user and system
double ResidentBytes();   // now
double PeakBytes();       // the most since the start or ResetPeak()
int ThreadCount();        // now
void ResetPeak();         // best effort: a container may forbid it

// Memory that was freed goes back to the system, so that what comes next begins cold.
void ReturnFreedMemory();

// While it lives, freed memory stays in the process, so that what comes next begins warm.
//
// Thread safety: one at a time.
class KeepFreedMemory {
 public:
  KeepFreedMemory();
  KeepFreedMemory(const KeepFreedMemory&) = delete;
  KeepFreedMemory& operator=(const KeepFreedMemory&) = delete;
  ~KeepFreedMemory();
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_HARNESS_PROCESS_STATS_H_
