// SPDX-License-Identifier: Apache-2.0

#include "weft/distribution/internal/limit_files.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace weft::internal {
namespace {

constexpr std::optional<int> kAllCpus = std::nullopt;
constexpr std::optional<std::int64_t> kNoLimit = std::nullopt;

template <class T>
void ExpectGives(const absl::StatusOr<T>& parsed, const T& expected, std::string_view text) {
  ASSERT_TRUE(parsed.ok()) << parsed.status() << " for '" << text << "'";
  EXPECT_EQ(*parsed, expected) << "for '" << text << "'";
}

template <class T>
void ExpectRefused(const absl::StatusOr<T>& parsed, std::string_view text) {
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << "'" << text << "'";
  EXPECT_LT(parsed.status().message().size(), 300U);
}

TEST(LimitFilesTest, CpuMaxRoundsUpToWholeCpus) {
  const std::vector<std::pair<const char*, std::optional<int>>> cases = {
      {"max 100000\n", kAllCpus},
      {"max", kAllCpus},
      {"50000 100000\n", 1},
      {"100000 100000\n", 1},
      {"150000 100000\n", 2},
      {"200000 100000", 2},
      {"200001 100000", 3},
      {"1 1000000", 1},
      {"250000", 3},
      {"9223372036854775807 1", std::numeric_limits<int>::max()},
  };
  for (const auto& [text, cpus] : cases) ExpectGives(ParseCpuMax(text), cpus, text);
}

TEST(LimitFilesTest, CpuMaxRefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"", "\n", "max 0", "100000 0", "100000 -1", "0 100000", "-1 100000",
                           "many 100000", "100000 often", "max 100000 3", "1e5 100000",
                           "0x10 100000", "100000us 100000", "1.5 100000", "maximum 100000"}) {
    ExpectRefused(ParseCpuMax(text), text);
  }
}

TEST(LimitFilesTest, CfsQuotaRoundsUpToWholeCpus) {
  ExpectGives(ParseCfsQuota("-1\n", "100000\n"), kAllCpus, "-1");
  ExpectGives(ParseCfsQuota("-1\n", "junk"), kAllCpus, "-1 needs no period");
  ExpectGives(ParseCfsQuota("50000\n", "100000\n"), std::optional(1), "0.5");
  ExpectGives(ParseCfsQuota("100000\n", "100000\n"), std::optional(1), "1");
  ExpectGives(ParseCfsQuota("150000\n", "100000\n"), std::optional(2), "1.5");
  ExpectGives(ParseCfsQuota("6400000", "100000"), std::optional(64), "64");
}

TEST(LimitFilesTest, CfsQuotaRefusesWhatItDoesNotUnderstand) {
  for (const char* quota : {"", "max", "0", "-2", "fifty", "5 5", "1.5"}) {
    ExpectRefused(ParseCfsQuota(quota, "100000"), quota);
  }
  for (const char* period : {"", "0", "-1", "soon", "max", "1 2"}) {
    ExpectRefused(ParseCfsQuota("50000", period), period);
  }
}

TEST(LimitFilesTest, ByteLimitKnowsTheThreeSpellingsOfNone) {
  for (const char* text : {"max\n", "-1\n", "9223372036854771712\n", "9223372036854775807",
                           "9223372036854710272", "18446744073709551615\n"}) {
    ExpectGives(ParseByteLimit(text), kNoLimit, text);
  }
  ExpectGives(ParseByteLimit("268435456\n"), std::optional<std::int64_t>(268435456), "256 MiB");
  ExpectGives(ParseByteLimit("0\n"), std::optional<std::int64_t>(0), "0");
}

TEST(LimitFilesTest, ByteLimitRefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"", "\n", "lots", "-2", "1 2", "max 1", "12kB", "1.5"}) {
    ExpectRefused(ParseByteLimit(text), text);
  }
  for (const char* text : {"", "max", "-1", "1 2", "x"}) ExpectRefused(ParseBytes(text), text);
}

TEST(LimitFilesTest, KeyedBytesFindsItsLineAndUnit) {
  const std::string_view meminfo =
      "MemTotal:       24684092 kB\nMemFree:  7 kB\nMemAvailable:   24433968 kB\n";
  ExpectGives(ParseKeyedBytes(meminfo, "MemTotal:"), std::int64_t{24684092} * 1024, "total");
  ExpectGives(ParseKeyedBytes(meminfo, "MemAvailable:"), std::int64_t{24433968} * 1024, "avail");
  ExpectGives(ParseKeyedBytes("file 5\ninactive_file 4096", "inactive_file"), std::int64_t{4096},
              "stat");
}

TEST(LimitFilesTest, KeyedBytesRefusesMissingAndMalformedLines) {
  EXPECT_EQ(ParseKeyedBytes("MemTotals: 1 kB\n", "MemTotal:").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ParseKeyedBytes("", "MemTotal:").status().code(), absl::StatusCode::kNotFound);
  for (const char* text : {"MemTotal:", "MemTotal: kB", "MemTotal: -1 kB", "MemTotal: 1 MB",
                           "MemTotal: 1 kB more", "MemTotal: 9223372036854775807 kB"}) {
    ExpectRefused(ParseKeyedBytes(text, "MemTotal:"), text);
  }
}

constexpr std::string_view kV1Mounts =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "37 31 0:33 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "38 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n";

TEST(LimitFilesTest, FindsEachControllerInItsHierarchy) {
  const std::string_view cgroup =
      "4:memory:/jobs/a\n3:cpuset:/\n2:cpuacct,cpu:/jobs/b\n1:name=systemd:/x\n0::/unit\n";
  const auto cpu = FindHierarchies(cgroup, kV1Mounts, "cpu");
  ASSERT_EQ(cpu.size(), 2U);
  EXPECT_FALSE(cpu[0].is_v2);
  EXPECT_EQ(cpu[0].mount_point, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(cpu[0].group, "/jobs/b");
  EXPECT_TRUE(cpu[1].is_v2);
  EXPECT_EQ(cpu[1].mount_point, "/sys/fs/cgroup/unified");
  EXPECT_EQ(cpu[1].group, "/unit");
  const auto memory = FindHierarchies(cgroup, kV1Mounts, "memory");
  ASSERT_EQ(memory.size(), 2U);
  EXPECT_EQ(memory[0].group, "/jobs/a");
}

TEST(LimitFilesTest, RootGroupLiesAtTheMountPoint) {
  const auto found =
      FindHierarchies("0::/\n", "1 2 0:3 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "cpu");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].group, "");
}

// A container without a namespace of its own sees its group as the top of the mount.
TEST(LimitFilesTest, MountThatShowsOnlyOurGroupIsItsTop) {
  const auto find = [](std::string_view group, std::string_view root) {
    const std::string mount =
        "1 2 0:3 " + std::string(root) + " /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
    const auto found = FindHierarchies("2:cpu:" + std::string(group) + "\n", mount, "cpu");
    return found.size() == 1 ? found[0].group : "not found";
  };
  EXPECT_EQ(find("/docker/abc", "/docker/abc"), "");
  EXPECT_EQ(find("/docker/abc/in", "/docker/abc"), "/in");
  EXPECT_EQ(find("/docker/abcdef", "/docker/abc"), "") << "a sibling is not below";
  EXPECT_EQ(find("/elsewhere", "/docker/abc"), "");
  EXPECT_EQ(find("/../../x", "/"), "") << "a group outside the namespace";
}

TEST(LimitFilesTest, PrefersTheMountThatShowsOurGroup) {
  const auto found = FindHierarchies("0::/b/c\n",
                                     "1 2 0:3 /a /mnt/a rw - cgroup2 x rw\n"
                                     "1 2 0:3 /b /mnt/b rw - cgroup2 x rw\n",
                                     "memory");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].mount_point, "/mnt/b");
  EXPECT_EQ(found[0].group, "/c");
}

TEST(LimitFilesTest, DecodesBlanksInMountPoints) {
  const auto found =
      FindHierarchies("0::/\n", "1 2 0:3 / /mnt/a\\040b\\134c\\9 rw - cgroup2 x rw\n", "cpu");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].mount_point, "/mnt/a b\\c\\9");
}

TEST(LimitFilesTest, PassesOverLinesOfOtherShapes) {
  EXPECT_TRUE(FindHierarchies("", kV1Mounts, "cpu").empty());
  EXPECT_TRUE(FindHierarchies("0::/\n", "", "cpu").empty());
  EXPECT_TRUE(FindHierarchies("junk\n::\n1:\n:\n\n5:cpuset:/\n", kV1Mounts, "memory").size() <= 1);
  EXPECT_TRUE(FindHierarchies("2:cpu:/\n", "cgroup\n- cgroup\n\n1 2 3\n", "cpu").empty());
}

// Damaged text is refused or read, whatever the bytes are: sanitizers watch.
TEST(LimitFilesTest, RandomBytesAreHarmless) {
  constexpr std::uint32_t kSeed = 4711;
  std::mt19937 random(kSeed);
  const std::string_view alphabet = "0123456789 -:,/\\\nmaxcgroup2rwkB.";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto left = random() % 60; left > 0; --left) text += alphabet[random() % alphabet.size()];
    const auto cpus = ParseCpuMax(text);
    if (cpus.ok() && cpus->has_value()) {
      EXPECT_GE(**cpus, 1) << text << " seed " << kSeed;
    }
    const auto bytes = ParseByteLimit(text);
    if (bytes.ok() && bytes->has_value()) {
      EXPECT_GE(**bytes, 0) << text << " seed " << kSeed;
    }
    (void)ParseCfsQuota(text, text);
    (void)ParseKeyedBytes(text, "m");
    (void)FindHierarchies(text, text, "cpu");
    std::string mounts(kV1Mounts);
    mounts[random() % mounts.size()] = static_cast<char>(random() & 0xffU);
    (void)FindHierarchies("2:cpu:/a\n0::/\n", mounts, "cpu");
  }
}

}  // namespace
}  // namespace weft::internal
