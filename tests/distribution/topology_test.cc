// SPDX-License-Identifier: Apache-2.0
//
// Topology on forged /proc and /sys trees: what each source says, and what the
// smallest of them comes to.

#include "weft/distribution/topology.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "distribution/forged_files.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kMiB = 1 << 20;

// A machine of files: 16 processors, 8 GiB with 6 GiB available, no control groups.
class ForgedMachine : public testing::ForgedFiles {
 public:
  ForgedMachine() {
    Write("/proc/meminfo", "MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable: 6291456 kB\n");
  }

  void JoinV1(const std::string& group) {
    Write("/proc/self/cgroup", "3:memory:" + group + "\n2:cpu,cpuacct:" + group + "\n");
    Write("/proc/self/mountinfo",
          "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
          "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  }
  void WriteQuotaV1(const std::string& group, std::string_view quota, std::string_view period) {
    Write("/sys/fs/cgroup/cpu" + group + "/cpu.cfs_quota_us", quota);
    Write("/sys/fs/cgroup/cpu" + group + "/cpu.cfs_period_us", period);
  }

  Topology Read() const {
    return ReadTopology({
        .root = root(),
        .count_allowed_units = [this]() -> absl::StatusOr<int> { return units; },
        .count_affinity_cpus = [this]() -> absl::StatusOr<int> { return affinity; },
    });
  }

  absl::StatusOr<int> units = 16;
  absl::StatusOr<int> affinity = 16;
};

TEST(TopologyTest, WithoutLimitsTheProcessorsDecide) {
  ForgedMachine machine;
  const Topology topology = machine.Read();
  EXPECT_EQ(topology.usable_workers, 16);
  EXPECT_EQ(topology.memory_limit_bytes, 8192 * kMiB);
  EXPECT_EQ(topology.available_memory_bytes, 6144 * kMiB);
  EXPECT_THAT(topology.worker_limits,
              ElementsAre(WorkerLimit{LimitSource::kHwloc, "hwloc", 16},
                          WorkerLimit{LimitSource::kAffinity, "sched_getaffinity", 16}));
  EXPECT_THAT(
      topology.memory_limits,
      ElementsAre(MemoryLimit{LimitSource::kMeminfo, "/proc/meminfo", 8192 * kMiB, 6144 * kMiB}));
  EXPECT_THAT(topology.warnings, IsEmpty());
}

TEST(TopologyTest, AffinityMaskOfOneCpuGivesOneWorker) {
  ForgedMachine machine;
  machine.affinity = 1;
  EXPECT_EQ(machine.Read().usable_workers, 1);
}

TEST(TopologyTest, FewerAllowedUnitsThanTheMaskWin) {
  ForgedMachine machine;
  machine.units = 4;
  EXPECT_EQ(machine.Read().usable_workers, 4);
}

TEST(TopologyTest, FailedTopologyLoadFallsBackToTheMaskWithOneWarning) {
  ForgedMachine machine;
  machine.units = absl::InternalError("load failed");
  machine.affinity = 3;
  const Topology topology = machine.Read();
  EXPECT_EQ(topology.usable_workers, 3);
  EXPECT_THAT(topology.warnings, ElementsAre(AllOf(HasSubstr("hwloc"), HasSubstr("load failed"))));
}

TEST(TopologyTest, WithoutAnyCountOneWorkerIsLeft) {
  ForgedMachine machine;
  machine.units = absl::InternalError("load failed");
  machine.affinity = absl::InternalError("no mask");
  machine.JoinV2("/");
  machine.Write("/sys/fs/cgroup/cpu.max", "800000 100000\n");
  const Topology topology = machine.Read();
  EXPECT_EQ(topology.usable_workers, 1);
  EXPECT_EQ(topology.warnings.size(), 2U);
}

TEST(TopologyTest, ImpossibleCountsAreIgnoredWithAWarning) {
  ForgedMachine machine;
  machine.units = 0;
  machine.affinity = 2;
  const Topology topology = machine.Read();
  EXPECT_EQ(topology.usable_workers, 2);
  EXPECT_THAT(topology.warnings, ElementsAre(HasSubstr("no processor")));
}

TEST(TopologyTest, QuotaIsRoundedUpInBothVersions) {
  struct Case {
    const char* quota;
    int workers;
  };
  for (const Case& c : {Case{"50000", 1}, Case{"100000", 1}, Case{"150000", 2}}) {
    ForgedMachine v1;
    v1.JoinV1("/job");
    v1.WriteQuotaV1("/job", c.quota, "100000\n");
    EXPECT_EQ(v1.Read().usable_workers, c.workers) << c.quota;
    ForgedMachine v2;
    v2.JoinV2("/job");
    v2.Write("/sys/fs/cgroup/job/cpu.max", std::string(c.quota) + " 100000\n");
    EXPECT_EQ(v2.Read().usable_workers, c.workers) << c.quota;
    EXPECT_THAT(v2.Read().warnings, IsEmpty());
  }
}

TEST(TopologyTest, EveryAncestorGroupCounts) {
  ForgedMachine machine;
  machine.JoinV2("/a/b/c");
  machine.Write("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
  machine.Write("/sys/fs/cgroup/a/b/cpu.max", "800000 100000\n");
  machine.Write("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
  machine.Write("/sys/fs/cgroup/other/cpu.max", "100000 100000\n");
  const Topology topology = machine.Read();
  EXPECT_EQ(topology.usable_workers, 3);
  EXPECT_THAT(topology.worker_limits,
              Contains(WorkerLimit{LimitSource::kCgroupV2, "/sys/fs/cgroup/a/cpu.max", 3}));
  machine.JoinV1("/a/b");
  machine.WriteQuotaV1("/a/b", "-1\n", "100000\n");
  machine.WriteQuotaV1("", "250000\n", "50000\n");
  EXPECT_EQ(machine.Read().usable_workers, 5) << "the top of the hierarchy";
}

TEST(TopologyTest, UnlimitedAndMissingFilesAreNoLimitAndNoWarning) {
  ForgedMachine v2;
  v2.JoinV2("/job");
  EXPECT_EQ(v2.Read().usable_workers, 16) << "no file at all";
  v2.Write("/sys/fs/cgroup/job/cpu.max", "max 100000\n");
  v2.Write("/sys/fs/cgroup/job/memory.max", "max\n");
  v2.Write("/sys/fs/cgroup/job/memory.high", "max\n");
  ForgedMachine v1;
  v1.JoinV1("/job");
  v1.WriteQuotaV1("/job", "-1\n", "100000\n");
  v1.Write("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9223372036854771712\n");
  for (const ForgedMachine* machine : {&v1, &v2}) {
    const Topology topology = machine->Read();
    EXPECT_EQ(topology.usable_workers, 16);
    EXPECT_EQ(topology.memory_limit_bytes, 8192 * kMiB);
    EXPECT_THAT(topology.warnings, IsEmpty());
  }
}

TEST(TopologyTest, MalformedQuotaIsIgnoredWithAWarningNamingTheFile) {
  for (const char* text : {"", "junk\n", "100000 0\n", "0 100000\n", "-1 100000\n", "\xff\x01"}) {
    ForgedMachine machine;
    machine.JoinV2("/job");
    machine.Write("/sys/fs/cgroup/job/cpu.max", text);
    const Topology topology = machine.Read();
    EXPECT_EQ(topology.usable_workers, 16) << text;
    EXPECT_THAT(topology.warnings, ElementsAre(HasSubstr("/sys/fs/cgroup/job/cpu.max"))) << text;
  }
  for (const char* period : {"0\n", "-5\n", "junk", ""}) {
    ForgedMachine machine;
    machine.JoinV1("/job");
    machine.WriteQuotaV1("/job", "50000\n", period);
    const Topology topology = machine.Read();
    EXPECT_EQ(topology.usable_workers, 16) << period;
    EXPECT_THAT(topology.warnings, ElementsAre(HasSubstr("cpu.cfs_quota_us"))) << period;
  }
  ForgedMachine machine;
  machine.JoinV1("/job");
  machine.Write("/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "50000\n");
  EXPECT_EQ(machine.Read().warnings.size(), 1U) << "a quota without a period file";
}

TEST(TopologyTest, AMalformedFileDoesNotHideAValidOneAboveIt) {
  ForgedMachine machine;
  machine.JoinV2("/a/b");
  machine.Write("/sys/fs/cgroup/a/b/cpu.max", "junk\n");
  machine.Write("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
  EXPECT_EQ(machine.Read().usable_workers, 2);
}

TEST(TopologyTest, MemoryIsTheLimitMinusWhatCannotBeTakenBack) {
  ForgedMachine v2;
  v2.JoinV2("/job");
  v2.Write("/sys/fs/cgroup/job/memory.max", "268435456\n");
  v2.Write("/sys/fs/cgroup/job/memory.current", "104857600\n");
  v2.Write("/sys/fs/cgroup/job/memory.stat", "anon 1\ninactive_file 52428800\n");
  EXPECT_EQ(v2.Read().memory_limit_bytes, 256 * kMiB);
  EXPECT_EQ(v2.Read().available_memory_bytes, (256 - 50) * kMiB);
  EXPECT_THAT(v2.Read().warnings, IsEmpty());

  ForgedMachine v1;
  v1.JoinV1("/job");
  v1.Write("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "268435456\n");
  v1.Write("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "104857600\n");
  v1.Write("/sys/fs/cgroup/memory/job/memory.stat",
           "inactive_file 1\ntotal_inactive_file 52428800\n");
  EXPECT_EQ(v1.Read().memory_limit_bytes, 256 * kMiB);
  EXPECT_EQ(v1.Read().available_memory_bytes, (256 - 50) * kMiB);
}

TEST(TopologyTest, MemoryOfAncestorsAndTheSofterLimitCount) {
  ForgedMachine machine;
  machine.JoinV2("/a/b");
  machine.Write("/sys/fs/cgroup/a/b/memory.max", "2147483648\n");
  machine.Write("/sys/fs/cgroup/a/b/memory.current", "0\n");
  machine.Write("/sys/fs/cgroup/a/memory.max", "1073741824\n");
  machine.Write("/sys/fs/cgroup/a/memory.high", "536870912\n");
  machine.Write("/sys/fs/cgroup/a/memory.current", "1000000000\n");
  const Topology topology = machine.Read();
  EXPECT_EQ(topology.memory_limit_bytes, 512 * kMiB);
  EXPECT_EQ(topology.available_memory_bytes, 0) << "used beyond the limit is not negative";
}

TEST(TopologyTest, MalformedMemoryFilesAreIgnoredWithAWarning) {
  ForgedMachine machine;
  machine.JoinV2("/job");
  machine.Write("/sys/fs/cgroup/job/memory.max", "plenty\n");
  EXPECT_EQ(machine.Read().memory_limit_bytes, 8192 * kMiB);
  EXPECT_THAT(machine.Read().warnings, ElementsAre(HasSubstr("memory.max")));

  machine.Write("/sys/fs/cgroup/job/memory.max", "1048576\n");
  machine.Write("/sys/fs/cgroup/job/memory.current", "some\n");
  EXPECT_EQ(machine.Read().available_memory_bytes, kMiB) << "usage unknown: the whole limit";
  EXPECT_THAT(machine.Read().warnings, ElementsAre(HasSubstr("memory.current")));
}

TEST(TopologyTest, OldKernelWithoutAnEstimateCountsAllMemoryWithAWarning) {
  ForgedMachine machine;
  machine.Write("/proc/meminfo", "MemTotal: 1024 kB\n");
  EXPECT_EQ(machine.Read().available_memory_bytes, kMiB);
  EXPECT_THAT(machine.Read().warnings, ElementsAre(HasSubstr("MemAvailable")));
}

TEST(TopologyTest, WithoutAnySourceMemoryIsUnknown) {
  ForgedMachine machine;
  machine.Remove("/proc");
  const Topology topology = machine.Read();
  EXPECT_EQ(topology.memory_limit_bytes, 0);
  EXPECT_EQ(topology.available_memory_bytes, 0);
  EXPECT_EQ(topology.usable_workers, 16);
  EXPECT_THAT(topology.warnings, ElementsAre(HasSubstr("memory")));
}

TEST(TopologyTest, ADirectoryInPlaceOfAFileIsAWarning) {
  ForgedMachine machine;
  machine.JoinV2("/job");
  machine.Write("/sys/fs/cgroup/job/cpu.max/x", "");
  const Topology topology = machine.Read();
  EXPECT_EQ(topology.usable_workers, 16);
  EXPECT_THAT(topology.warnings, ElementsAre(HasSubstr("cpu.max: read")));
}

TEST(TopologyTest, SourcesHaveNames) {
  EXPECT_EQ(LimitSourceName(LimitSource::kHwloc), "hwloc");
  EXPECT_EQ(LimitSourceName(LimitSource::kAffinity), "affinity mask");
  EXPECT_EQ(LimitSourceName(LimitSource::kCgroupV1), "cgroup v1");
  EXPECT_EQ(LimitSourceName(LimitSource::kCgroupV2), "cgroup v2");
  EXPECT_EQ(LimitSourceName(LimitSource::kMeminfo), "meminfo");
}

}  // namespace
}  // namespace weft
