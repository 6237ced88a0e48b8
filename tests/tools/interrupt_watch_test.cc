// SPDX-License-Identifier: Apache-2.0
//
// Each case sends real signals, to a child process where the process must end.

#include "weft/tools/interrupt_watch.h"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "scratch_folder.h"
#include "weft/core/cancellation.h"

namespace weft::tools {
namespace {

// The exit code of a child that runs `body`; -1 when a signal ended it.
int ExitCodeOf(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(99);
  }
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void SendAndAwait(int signal, const InterruptWatch& watch) {
  absl::Notification noticed;
  const CancellationCallback callback(watch.token(), [&] { noticed.Notify(); });
  kill(getpid(), signal);
  noticed.WaitForNotification();
}

TEST(InterruptWatchTest, FirstSignalCancels) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EQ(ExitCodeOf([signal] {
                const InterruptWatch watch;
                if (watch.interrupted()) _exit(1);
                SendAndAwait(signal, watch);
                _exit(watch.interrupted() ? 0 : 2);
              }),
              0)
        << signal;
  }
}

TEST(InterruptWatchTest, SecondSignalEndsAtOnceAndTakesTheUnfinishedFileAway) {
  const ScratchFolder folder;
  folder.Write("unfinished", "{");
  EXPECT_EQ(ExitCodeOf([&] {
              InterruptWatch watch;
              watch.RemoveOnAbort(folder / "unfinished");
              SendAndAwait(SIGINT, watch);
              kill(getpid(), SIGTERM);
              absl::Notification never;
              never.WaitForNotification();
            }),
            130);
  EXPECT_FALSE(std::filesystem::exists(folder / "unfinished"));
}

TEST(InterruptWatchTest, FileThatIsFinishedStays) {
  const ScratchFolder folder;
  folder.Write("finished", "{}");
  EXPECT_EQ(ExitCodeOf([&] {
              InterruptWatch watch;
              watch.RemoveOnAbort(folder / "finished");
              watch.RemoveOnAbort("");
              SendAndAwait(SIGINT, watch);
              kill(getpid(), SIGINT);
              absl::Notification never;
              never.WaitForNotification();
            }),
            130);
  EXPECT_TRUE(std::filesystem::exists(folder / "finished"));
}

// `nohup weft ...` must survive the end of its terminal.
TEST(InterruptWatchTest, SignalIgnoredBeforeTheStartStaysIgnored) {
  EXPECT_EQ(ExitCodeOf([] {
              std::signal(SIGHUP, SIG_IGN);
              const InterruptWatch watch;
              kill(getpid(), SIGHUP);
              SendAndAwait(SIGINT, watch);
              _exit(0);
            }),
            0);
}

TEST(InterruptWatchTest, EndsWithoutASignal) {
  for (int i = 0; i < 100; ++i) const InterruptWatch watch;
}

}  // namespace
}  // namespace weft::tools
