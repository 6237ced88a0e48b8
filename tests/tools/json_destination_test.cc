// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/json_destination.h"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "scratch_folder.h"
#include "weft/core/cancellation.h"
#include "weft/tools/interrupt_watch.h"
#include "weft/tools/output.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kWriteNew = [](Output& output) { output.Write("new"); };

std::string Message(const absl::Status& status) { return std::string(status.message()); }

absl::Status WriteNew(const std::string& name) {
  InterruptWatch watch;
  const absl::StatusOr<JsonDestination> destination = JsonDestination::Find(name);
  return destination.ok() ? destination->Write(kWriteNew, watch) : destination.status();
}

TEST(JsonDestinationTest, NewFileHasTheModeOfAnyNewFile) {
  const ScratchFolder folder;
  const mode_t mask = umask(027);
  EXPECT_TRUE(WriteNew(folder / "out.json").ok());
  umask(mask);
  EXPECT_EQ(folder.Read("out.json"), "new");
  struct stat file = {};
  ASSERT_EQ(stat((folder / "out.json").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777U, 0640U);
  EXPECT_EQ(folder.CountEntries(), 1) << "nothing is left beside it";
}

TEST(JsonDestinationTest, OldFileIsReplacedAndKeepsItsMode) {
  const ScratchFolder folder;
  folder.Write("out.json", "old and longer");
  chmod((folder / "out.json").c_str(), 0604);
  EXPECT_TRUE(WriteNew(folder / "out.json").ok());
  EXPECT_EQ(folder.Read("out.json"), "new");
  struct stat file = {};
  ASSERT_EQ(stat((folder / "out.json").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777U, 0604U);
}

TEST(JsonDestinationTest, LinkToAFileStaysALink) {
  const ScratchFolder folder;
  folder.Write("real/out.json", "old");
  std::filesystem::create_symlink("real/out.json", folder / "link.json");
  EXPECT_TRUE(WriteNew(folder / "link.json").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.json"));
  EXPECT_EQ(folder.Read("real/out.json"), "new");
}

TEST(JsonDestinationTest, InterruptedWriteLeavesTheOldFileAlone) {
  const ScratchFolder folder;
  folder.Write("out.json", "old");
  InterruptWatch watch;
  const absl::StatusOr<JsonDestination> destination = JsonDestination::Find(folder / "out.json");
  ASSERT_TRUE(destination.ok()) << destination.status();
  const absl::Status status = destination->Write(
      [&](Output& output) {
        output.Write("ne");
        absl::Notification noticed;
        const CancellationCallback callback(watch.token(), [&] { noticed.Notify(); });
        kill(getpid(), SIGINT);
        noticed.WaitForNotification();
        output.Write("w");
      },
      watch);
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(folder.Read("out.json"), "old");
  EXPECT_EQ(folder.CountEntries(), 1);
}

TEST(JsonDestinationTest, PlacesThatCannotBeWrittenAreNamedBeforeTheWork) {
  const ScratchFolder folder;
  folder.Write("file", "");
  for (const char* name : {"", "no/such/out.json", "file/out.json", "."}) {
    const std::string path = *name == '\0' ? name : folder / name;
    const auto found = JsonDestination::Find(path);
    EXPECT_THAT(Message(found.status()), HasSubstr("cannot write to '" + path + "'"));
  }
}

TEST(JsonDestinationTest, DeviceIsWrittenItselfAndItsErrorReported) {
  EXPECT_TRUE(WriteNew("/dev/null").ok());
  EXPECT_THAT(Message(WriteNew("/dev/full")),
              AllOf(HasSubstr("'/dev/full'"), HasSubstr("No space left")));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(JsonDestinationTest, PipeInTheFileSystemIsWrittenItself) {
  const ScratchFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::string arrived;
  std::thread reader([&] { arrived = folder.Read("pipe"); });
  const absl::Status status = WriteNew(folder / "pipe");
  reader.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(arrived, "new");
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "pipe"));
}

TEST(JsonDestinationTest, KnowsTheNamesOfStandardOutput) {
  for (const char* name : {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    const auto found = JsonDestination::Find(name);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_TRUE(found->is_standard_output()) << name;
  }
  const ScratchFolder folder;
  EXPECT_FALSE(JsonDestination::Find(folder / "-")->is_standard_output());
}

TEST(JsonDestinationTest, DescriptorThatTheCallerOpenedIsUsed) {
  const ScratchFolder folder;
  const int file = open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  EXPECT_TRUE(WriteNew("/dev/fd/" + std::to_string(file)).ok());
  close(file);
  EXPECT_EQ(folder.Read("out"), "new");
  EXPECT_FALSE(WriteNew("/dev/fd/" + std::to_string(file)).ok()) << "closed by now";
}

}  // namespace
}  // namespace weft::tools
