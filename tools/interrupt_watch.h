// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C as a request: the first signal cancels, the second ends the process at once.
// A thread of its own waits for signals, so that no code runs in a signal handler.

#ifndef WEFT_TOOLS_INTERRUPT_WATCH_H_
#define WEFT_TOOLS_INTERRUPT_WATCH_H_

#include <csignal>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "weft/core/cancellation.h"

namespace weft::tools {

// Watches SIGINT, SIGTERM and SIGHUP, except those that the process was started with
// ignored. Construct before any other thread starts: threads inherit the blocked
// signals from the one that makes them.
//
// Thread safety: construct and destroy on one thread, the rest from any thread.
class InterruptWatch {
 public:
  InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
  ~InterruptWatch();

  // Cancelled by the first signal.
  CancellationToken token() const { return source_.token(); }
  bool interrupted() const { return source_.token().cancelled(); }

  // The unfinished file that a second signal removes before it ends the process;
  // empty = none.
  void RemoveOnAbort(std::string path) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Watch();

  CancellationSource source_;
  sigset_t signals_;
  absl::Mutex mu_;
  std::string unfinished_file_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace weft::tools

#endif  // WEFT_TOOLS_INTERRUPT_WATCH_H_
