// SPDX-License-Identifier: Apache-2.0
//
// Topology on the running system: a real affinity mask and real control groups. Each
// case changes a child process only. A case that this machine does not permit says so.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <sched.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"

#include "weft/distribution/topology.h"

namespace weft {
namespace {

// Runs `check` in a child process; true when it returned true there.
bool HoldsInChild(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) _exit(check() ? 0 : 1);
  if (child < 0) return false;
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool WriteFile(const std::string& path, std::string_view text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

// A control group of our own below a mount point, removed at the end.
class ScratchGroup {
 public:
  explicit ScratchGroup(const std::string& parent)
      : path_(parent + "/weft_test_" + std::to_string(getpid())) {
    std::error_code ignored;
    made_ = std::filesystem::create_directory(path_, ignored);
  }
  ~ScratchGroup() {
    if (made_) rmdir(path_.c_str());
  }
  ScratchGroup(const ScratchGroup&) = delete;
  ScratchGroup& operator=(const ScratchGroup&) = delete;

  bool made() const { return made_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_ = false;
};

// Where the hierarchy that can limit `controller` is mounted, if a file of that
// controller could be set in a group of ours.
std::optional<std::string> FindMount(std::string_view type, std::string_view option) {
  std::ifstream mounts("/proc/self/mounts");
  std::string device, point, kind, options, rest;
  while (mounts >> device >> point >> kind >> options && std::getline(mounts, rest)) {
    const std::string list = "," + options + ",";
    if (kind != type) continue;
    if (option.empty() || list.find("," + std::string(option) + ",") != list.npos) return point;
  }
  return std::nullopt;
}

TEST(TopologyRealTest, CountsAtLeastOneWorkerAndSomeMemory) {
  const Topology topology = ReadTopology();
  EXPECT_GE(topology.usable_workers, 1);
  EXPECT_GT(topology.memory_limit_bytes, 0);
  EXPECT_LE(topology.available_memory_bytes, topology.memory_limit_bytes);
  for (const std::string& warning : topology.warnings) {
    std::cout << "warning: " << warning << "\n";
  }
  EXPECT_LE(topology.usable_workers, std::max<long>(1, sysconf(_SC_NPROCESSORS_ONLN)));
}

TEST(TopologyRealTest, PinnedToOneCpuGivesOneWorker) {
  EXPECT_TRUE(HoldsInChild([] {
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) != 0) return false;
    int first = 0;
    while (!CPU_ISSET(first, &mask)) ++first;
    CPU_ZERO(&mask);
    CPU_SET(first, &mask);
    if (sched_setaffinity(0, sizeof mask, &mask) != 0) return false;
    return ReadTopology().usable_workers == 1;
  }));
}

// Expects that a child inside the group finds `workers` there, and no more to use.
void ExpectQuotaSeen(const ScratchGroup& group, const std::string& file, int workers) {
  EXPECT_TRUE(HoldsInChild([&] {
    if (!WriteFile(group.path() + "/cgroup.procs", std::to_string(getpid()))) {
      std::cerr << "cannot join " << group.path() << "\n";
      return false;
    }
    const Topology topology = ReadTopology();
    bool seen = false;
    for (const WorkerLimit& limit : topology.worker_limits) {
      if (limit.where == group.path() + file) seen = limit.workers == workers;
    }
    if (!seen) std::cerr << group.path() << file << ": the limit was not found\n";
    return seen && topology.usable_workers <= workers;
  })) << file
      << " granting " << workers;
}

TEST(TopologyRealTest, FollowsAQuotaOfCgroupV1) {
  const std::optional<std::string> mount = FindMount("cgroup", "cpu");
  if (!mount.has_value()) GTEST_SKIP() << "no cgroup v1 hierarchy carries the cpu controller";
  const ScratchGroup group(*mount);
  if (!group.made() || !WriteFile(group.path() + "/cpu.cfs_quota_us", "50000")) {
    GTEST_SKIP() << "not permitted to set a quota below " << *mount;
  }
  ASSERT_TRUE(WriteFile(group.path() + "/cpu.cfs_period_us", "100000"));
  struct Case {
    const char* quota;
    int workers;
  };
  for (const Case& c : {Case{"50000", 1}, Case{"100000", 1}, Case{"150000", 2}}) {
    ASSERT_TRUE(WriteFile(group.path() + "/cpu.cfs_quota_us", c.quota));
    ExpectQuotaSeen(group, "/cpu.cfs_quota_us", c.workers);
  }
}

TEST(TopologyRealTest, FollowsAQuotaOfCgroupV2) {
  const std::optional<std::string> mount = FindMount("cgroup2", "");
  if (!mount.has_value()) GTEST_SKIP() << "cgroup v2 is not mounted";
  const ScratchGroup group(*mount);
  if (!group.made() || !std::filesystem::exists(group.path() + "/cpu.max") ||
      !WriteFile(group.path() + "/cpu.max", "50000 100000")) {
    GTEST_SKIP() << "not permitted to set cpu.max below " << *mount
                 << ", or the cpu controller is not in that hierarchy";
  }
  ExpectQuotaSeen(group, "/cpu.max", 1);
  ASSERT_TRUE(WriteFile(group.path() + "/cpu.max", "150000 100000"));
  ExpectQuotaSeen(group, "/cpu.max", 2);
}

TEST(TopologyRealTest, FollowsAMemoryLimitOfCgroupV1) {
  const std::optional<std::string> mount = FindMount("cgroup", "memory");
  if (!mount.has_value()) GTEST_SKIP() << "no cgroup v1 hierarchy carries the memory controller";
  const ScratchGroup group(*mount);
  if (!group.made() || !WriteFile(group.path() + "/memory.limit_in_bytes", "134217728")) {
    GTEST_SKIP() << "not permitted to set a memory limit below " << *mount;
  }
  EXPECT_TRUE(HoldsInChild([&] {
    if (!WriteFile(group.path() + "/cgroup.procs", std::to_string(getpid()))) return false;
    const Topology topology = ReadTopology();
    return topology.memory_limit_bytes == 134217728 &&
           topology.available_memory_bytes <= 134217728 && topology.available_memory_bytes > 0;
  }));
}

}  // namespace
}  // namespace weft
