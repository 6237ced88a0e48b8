// SPDX-License-Identifier: Apache-2.0

#include "bench/harness/process_stats.h"

#include <climits>
#include <fstream>
#include <malloc.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

namespace weft::bench {
namespace {

// As glibc has them before its own adaptation.
constexpr int kDefaultMaxMaps = 65536;
constexpr int kDefaultTrimBytes = 128 * 1024;

double Nanoseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_usec) * 1e3;
}

// What stands after `key`; 0: it does not stand there.
double StatusNumber(std::string_view key) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    double number = 0;
    if (word == key && file >> number) return number;
  }
  return 0;
}

}  // namespace

double CpuNanoseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Nanoseconds(usage.ru_utime) + Nanoseconds(usage.ru_stime);
}

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double PeakBytes() { return StatusNumber("VmHWM:") * 1024; }

int ThreadCount() { return static_cast<int>(StatusNumber("Threads:")); }

void ResetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

void ReturnFreedMemory() { malloc_trim(0); }

KeepFreedMemory::KeepFreedMemory() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
}

KeepFreedMemory::~KeepFreedMemory() {
  mallopt(M_MMAP_MAX, kDefaultMaxMaps);
  mallopt(M_TRIM_THRESHOLD, kDefaultTrimBytes);
  malloc_trim(0);
}

}  // namespace weft::bench
