// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/output.h"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "scratch_folder.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(OutputTest, AllBytesArriveInOrder) {
  const ScratchFolder folder;
  const int file = open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  Output output(file, "'out'");
  std::string expected;
  for (int i = 0; i < 50'000; ++i) {
    const std::string text = std::to_string(i) + "\n";
    output.Write(text);
    expected += text;
  }
  EXPECT_TRUE(output.Flush().ok());
  close(file);
  EXPECT_EQ(folder.Read("out"), expected);
}

TEST(OutputTest, FullDeviceIsAnErrorThatNamesTheOutput) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  Output output(full, "'big.json'");
  output.Write("x");
  EXPECT_FALSE(output.failed()) << "nothing was written yet";
  EXPECT_THAT(Message(output.Flush()),
              AllOf(HasSubstr("cannot write to 'big.json'"), HasSubstr("No space left")));
  EXPECT_TRUE(output.failed());
  output.Write("more");
  EXPECT_FALSE(output.Flush().ok()) << "the first error stays";
  close(full);
}

TEST(OutputTest, ClosedDescriptorIsAnError) {
  Output output(987654, "standard output");
  output.Write("x");
  EXPECT_THAT(Message(output.Flush()), HasSubstr("standard output"));
}

TEST(OutputTest, ReaderThatWentAwayIsAnError) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends = {};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  close(ends[0]);
  Output output(ends[1], "standard output");
  output.Write("x");
  EXPECT_THAT(Message(output.Flush()), HasSubstr("Broken pipe"));
  close(ends[1]);
}

TEST(OutputTest, PipeThatDoesNotBlockIsWaitedFor) {
  std::array<int, 2> ends = {};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  ASSERT_EQ(fcntl(ends[0], F_SETFL, 0), 0) << "only the writing end";
  const std::string text(1 << 20, 'x');  // more than a pipe holds
  std::size_t arrived = 0;
  std::thread reader([&] {
    std::array<char, 4096> block;
    for (ssize_t size = 0; (size = read(ends[0], block.data(), block.size())) > 0;) {
      arrived += static_cast<std::size_t>(size);
    }
  });
  Output output(ends[1], "standard output");
  output.Write(text);
  EXPECT_TRUE(output.Flush().ok());
  close(ends[1]);
  reader.join();
  close(ends[0]);
  EXPECT_EQ(arrived, text.size());
}

}  // namespace
}  // namespace weft::tools
