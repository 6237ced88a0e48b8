// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/late_watch.h"

#include <exception>
#include <pthread.h>
#include <thread>
#include <utility>

#include "absl/synchronization/mutex.h"

namespace weft::internal {

LateWatch::~LateWatch() {
  std::thread thread;
  {
    absl::MutexLock lock(&mu_);
    ending_ = true;
    std::swap(thread, thread_);
  }
  parker_.Unpark();
  if (thread.joinable()) thread.join();
}

void LateWatch::Wake() noexcept {
  {
    absl::MutexLock lock(&mu_);
    if (!thread_.joinable()) {
      try {
        thread_ = std::thread([this] { Look(); });
      } catch (const std::exception&) {  // the next request tries again
        pumps_->StopWatching();
      }
      return;
    }
  }
  parker_.Unpark();
}

void LateWatch::Look() {
  pthread_setname_np(pthread_self(), "weft-watch");
  while (!ending()) {
    const Pumps::Watch watch = pumps_->WatchOver(StdPlatform::Now());
    if (watch.late) {
      BringOne();
    } else if (watch.until) {
      parker_.ParkUntil(*watch.until);
    } else {
      parker_.Park();
    }
  }
}

void LateWatch::BringOne() {
  bool brought = false;
  try {
    brought = threads_.Run([pumps = pumps_] { pumps->RunNext(); });
  } catch (const std::exception&) {  // no memory for the job: as if there were no thread
  }
  if (!brought) pumps_->NotCalled(StdPlatform::Now());
}

}  // namespace weft::internal
