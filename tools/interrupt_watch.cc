// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/interrupt_watch.h"

#include <csignal>
#include <pthread.h>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/tools/exit_code.h"

namespace weft::tools {
namespace {

// Nobody else sends this one; it tells the watching thread to end.
int StopSignal() { return SIGRTMIN; }

bool IsIgnored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

InterruptWatch::InterruptWatch() {
  sigemptyset(&signals_);
  sigaddset(&signals_, StopSignal());
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!IsIgnored(signal)) sigaddset(&signals_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  thread_ = std::thread([this] { Watch(); });
}

InterruptWatch::~InterruptWatch() {
  pthread_kill(thread_.native_handle(), StopSignal());
  thread_.join();
}

void InterruptWatch::RemoveOnAbort(std::string path) {
  absl::MutexLock lock(&mu_);
  unfinished_file_ = std::move(path);
}

void InterruptWatch::Watch() {
  int signal = 0;
  while (sigwait(&signals_, &signal) == 0 && signal != StopSignal()) {
    if (source_.Cancel(absl::CancelledError("interrupted"))) continue;
    {
      absl::MutexLock lock(&mu_);
      if (!unfinished_file_.empty()) unlink(unfinished_file_.c_str());
    }
    constexpr std::string_view kLastWords =
        "\nweft: interrupted a second time: ended at once; output may be incomplete\n";
    // Nothing can be done about a closed terminal here.
    [[maybe_unused]] const ssize_t written =
        write(STDERR_FILENO, kLastWords.data(), kLastWords.size());
    _exit(kExitInterrupted);
  }
}

}  // namespace weft::tools
