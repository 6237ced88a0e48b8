// SPDX-License-Identifier: Apache-2.0
//
// The memory limit and its usage on forged /proc and /sys trees, and on this machine.

#include "weft/distribution/memory_limit.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "distribution/forged_files.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kMiB = 1 << 20;

// A machine of files: 1 GiB of memory, of which this process has 25 MiB.
class ForgedMemory : public testing::ForgedFiles {
 public:
  ForgedMemory() {
    Write("/proc/meminfo", "MemTotal: 1048576 kB\nMemFree: 1 kB\n");
    Write("/proc/self/statm", "100000 6400 512 8 0 9000 0\n");
  }

  // `mib` of usage, of which `files` can be taken back.
  void WriteV2(const std::string& group, std::string_view most, std::int64_t mib,
               std::int64_t files) {
    const std::string folder = "/sys/fs/cgroup" + group;
    Write(folder + "/memory.max", most);
    Write(folder + "/memory.current", std::to_string(mib * kMiB) + "\n");
    const std::string half = std::to_string(files * kMiB / 2);
    Write(folder + "/memory.stat",
          "anon 1\ninactive_file " + half + "\nactive_file " + half + "\n");
  }

  absl::StatusOr<MemoryProbe> Create() const {
    return MemoryProbe::Create({.root = root(), .page_bytes = 4096});
  }
  MemoryReading Read() const {
    const auto probe = Create();
    EXPECT_TRUE(probe.ok()) << probe.status();
    const auto reading = probe->Read();
    EXPECT_TRUE(reading.ok()) << reading.status();
    return reading.value_or(MemoryReading{});
  }
};

MemoryReading MiB(std::int64_t limit, std::int64_t used) {
  return {.limit_bytes = limit * kMiB, .used_bytes = used * kMiB};
}

TEST(MemoryProbeTest, WithoutGroupsItIsTheMachinesMemoryAndOurOwn) {
  EXPECT_EQ(ForgedMemory().Read(), MiB(1024, 25));
}

TEST(MemoryProbeTest, AGroupWithoutALimitBindsNothing) {
  ForgedMemory machine;
  machine.JoinV2("/job");
  machine.WriteV2("/job", "max\n", 300, 100);
  EXPECT_EQ(machine.Read(), MiB(1024, 25));
}

TEST(MemoryProbeTest, AGroupsUsageIsWithoutInactiveFiles) {
  ForgedMemory machine;
  machine.JoinV2("/job");
  machine.WriteV2("/job", "536870912\n", 300, 100);
  EXPECT_EQ(machine.Read(), MiB(512, 200));
  machine.WriteV2("/job", "536870912\n", 100, 300);
  EXPECT_EQ(machine.Read(), MiB(512, 0));
}

TEST(MemoryProbeTest, TheSmallestOnThePathBinds) {
  ForgedMemory machine;
  machine.JoinV2("/outer/inner");
  machine.WriteV2("/outer/inner", "536870912\n", 300, 100);
  machine.WriteV2("/outer", "268435456\n", 200, 50);
  EXPECT_EQ(machine.Read(), MiB(256, 150));
  machine.Write("/sys/fs/cgroup/outer/inner/memory.high", "134217728\n");
  EXPECT_EQ(machine.Read(), MiB(128, 200));
}

TEST(MemoryProbeTest, OfEqualLimitsTheOuterGroupsUsageCounts) {
  ForgedMemory machine;
  machine.JoinV2("/outer/inner");
  machine.WriteV2("/outer/inner", "536870912\n", 100, 0);
  machine.WriteV2("/outer", "536870912\n", 400, 0);
  EXPECT_EQ(machine.Read(), MiB(512, 400));
}

TEST(MemoryProbeTest, ALimitBeyondTheMachineBindsNothing) {
  ForgedMemory machine;
  machine.JoinV2("/job");
  machine.WriteV2("/job", "1073741825\n", 300, 100);
  EXPECT_EQ(machine.Read(), MiB(1024, 25));
}

TEST(MemoryProbeTest, TheFirstVersionIsReadAsWell) {
  ForgedMemory machine;
  machine.Write("/proc/self/cgroup", "3:memory:/job\n");
  machine.Write("/proc/self/mountinfo",
                "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  const std::string folder = "/sys/fs/cgroup/memory/job";
  machine.Write(folder + "/memory.limit_in_bytes", "536870912\n");
  machine.Write(folder + "/memory.usage_in_bytes", "314572800\n");
  machine.Write(folder + "/memory.stat",
                "inactive_file 1\ntotal_inactive_file 94371840\ntotal_active_file 10485760\n");
  EXPECT_EQ(machine.Read(), MiB(512, 200));
}

TEST(MemoryProbeTest, FollowsALimitThatChanges) {
  ForgedMemory machine;
  machine.JoinV2("/job");
  machine.WriteV2("/job", "max\n", 300, 100);
  const auto probe = machine.Create();
  ASSERT_TRUE(probe.ok());
  EXPECT_EQ(*probe->Read(), MiB(1024, 25));
  machine.WriteV2("/job", "536870912\n", 300, 100);
  EXPECT_EQ(*probe->Read(), MiB(512, 200));
  machine.Remove("/sys/fs/cgroup/job");
  EXPECT_EQ(*probe->Read(), MiB(1024, 25));
}

TEST(MemoryProbeTest, WhatMakesNoSenseAtTheBeginningIsLeftOutAndSaid) {
  ForgedMemory machine;
  machine.JoinV2("/job");
  machine.WriteV2("/job", "a lot\n", 300, 100);
  const auto probe = machine.Create();
  ASSERT_TRUE(probe.ok());
  EXPECT_THAT(probe->warnings(), ElementsAre(HasSubstr("/sys/fs/cgroup/job/memory.max")));
  EXPECT_EQ(*probe->Read(), MiB(1024, 25));
  EXPECT_THAT(ForgedMemory().Create()->warnings(), IsEmpty());
}

TEST(MemoryProbeTest, WhatMakesNoSenseLaterIsAnErrorWithItsPlace) {
  ForgedMemory machine;
  machine.JoinV2("/job");
  machine.WriteV2("/job", "536870912\n", 300, 100);
  const auto probe = machine.Create();
  ASSERT_TRUE(probe.ok());
  machine.Write("/sys/fs/cgroup/job/memory.stat", "nothing\n");
  EXPECT_EQ(probe->Read().status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(probe->Read().status().message(), HasSubstr("/job/memory.stat"));
  machine.Write("/sys/fs/cgroup/job/memory.current", "-1\n");
  EXPECT_THAT(probe->Read().status().message(), HasSubstr("/job/memory.current"));
  machine.Remove("/sys/fs/cgroup/job/memory.current");
  EXPECT_EQ(probe->Read().status().code(), absl::StatusCode::kNotFound);
  machine.Write("/sys/fs/cgroup/job/memory.max", "\n");
  EXPECT_EQ(probe->Read().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(MemoryProbeTest, WithoutAnOwnUsageThereIsNoReading) {
  ForgedMemory machine;
  for (const char* text : {"", "100", "100 ", "100 x 3", "100 -4 3"}) {
    machine.Write("/proc/self/statm", text);
    const auto reading = machine.Create()->Read();
    EXPECT_EQ(reading.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(reading.status().message(), HasSubstr("/proc/self/statm"));
  }
}

TEST(MemoryProbeTest, WithoutThePhysicalMemoryThereIsNoProbe) {
  ForgedMemory machine;
  machine.Write("/proc/meminfo", "MemFree: 1 kB\n");
  EXPECT_THAT(machine.Create().status().message(), HasSubstr("/proc/meminfo"));
  machine.Write("/proc/meminfo", "MemTotal: 0 kB\n");
  EXPECT_EQ(machine.Create().status().code(), absl::StatusCode::kInvalidArgument);
  machine.Remove("/proc/meminfo");
  EXPECT_EQ(machine.Create().status().code(), absl::StatusCode::kNotFound);
}

TEST(MemoryProbeTest, ThisMachineHasSomeAndUsesSome) {
  const auto probe = MemoryProbe::Create();
  ASSERT_TRUE(probe.ok()) << probe.status();
  const auto reading = probe->Read();
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_GT(reading->used_bytes, 0);
  EXPECT_GT(reading->limit_bytes, kMiB);
}

}  // namespace
}  // namespace weft
