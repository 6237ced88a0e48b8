// SPDX-License-Identifier: Apache-2.0
//
// How tasks end: tried again, too late, cancelled, with less than they should have given; and what
// runs in any case. On a clock that nobody waits for: nothing sleeps, and each run is the same.

#include <algorithm>
#include <iostream>
#include <stop_token>
#include <string_view>
#include <utility>

#include "weft/weft.h"

namespace {

// One attempt takes too long, the next fails with what only we know to be passing.
void TryAgain(weft::TaskScheduler& scheduler, weft::VirtualClock& clock) {
  weft::TaskOptions call;
  call.attempt_timeout = absl::Seconds(1);
  call.retry = {.max_attempts = 4, .base = absl::Seconds(1), .jitter = weft::Jitter::kNone};
  call.retry.classify = [](const absl::Status& error) {
    return absl::IsDataLoss(error) ? weft::OutcomeClass::kTransient : weft::ClassifyStatus(error);
  };
  const auto page = scheduler.Submit(call, [&clock](weft::TaskContext& context) {
    const absl::Duration takes = absl::Seconds(context.attempt() == 1 ? 60 : 0);
    clock.Advance(std::min(takes, context.time_left()));  // the call of a server
    return context.attempt() == 2 ? absl::DataLossError("half a page") : absl::OkStatus();
  });
  std::cout << "page: " << page.Get() << " after " << clock.Now() << "\n";
  for (const weft::AttemptRecord& attempt : page.result().failed_attempts) {
    std::cout << "  " << attempt.status << "; again after " << attempt.backoff << "\n";
  }
}

// A group has two seconds; the third of its tasks would need more.
void ComeTooLate(weft::TaskScheduler& scheduler, weft::VirtualClock& clock) {
  weft::TaskGroup group(scheduler, {.timeout = absl::Seconds(2)});
  const auto work = [&clock] { clock.Advance(absl::Milliseconds(900)); };
  for (const char* const id : {"read", "parse", "link", "run"}) {
    group.Schedule({.id = id, .function = work}).IgnoreError();
  }
  std::cout << group.Wait().ToString() << "\n";
}

void FailFast(weft::TaskScheduler& scheduler) {
  weft::TaskGroup group(scheduler, {.fail_fast = true});
  const auto save = [] { return absl::DataLossError("the disk is full"); };
  group.Schedule({.id = "save", .function = save}).IgnoreError();
  std::cout << group.Submit([] {}).Wait() << "\n";
}

// A token goes into a group, and from there into code that knows only the standard's.
void Cancel(weft::TaskScheduler& scheduler) {
  weft::CancellationSource user;
  weft::TaskGroup group(scheduler, {.cancellation = user.token()});
  const auto copy = group.Submit([&user](weft::TaskContext& context) {
    const std::stop_token stop = context.token().stop_token();
    user.Cancel(absl::CancelledError("the user left"));
    return stop.stop_requested() ? context.token().reason() : absl::OkStatus();
  });
  group.Detach(
      {.finaliser = true},
      [](const absl::Status& copied) { std::cout << "tidy up: " << copied << "\n"; }, copy);
  std::cout << "after the copy: " << group.Submit([] {}, copy).Get() << "\n";
}

void GiveLess(weft::TaskScheduler& scheduler) {
  const auto size = scheduler.Submit([](weft::TaskContext& context) {
    context.Degrade(absl::UnavailableError("last week's: nobody answers"));
    return 17;
  });
  std::cout << size.Get().value_or(0) << ", but " << size.result().degraded << "\n";
}

}  // namespace

int main() {
  weft::VirtualClock clock;
  weft::SchedulerOptions options;
  options.executor = *weft::SimulatedExecutor::Create(
      /*seed=*/1, /*workers=*/1, clock, [](std::string_view) { return absl::ZeroDuration(); });
  const auto scheduler = *weft::TaskScheduler::Create(std::move(options));
  TryAgain(*scheduler, clock);
  ComeTooLate(*scheduler, clock);
  FailFast(*scheduler);
  Cancel(*scheduler);
  GiveLess(*scheduler);
  return scheduler->WaitAll().degraded == 1 ? 0 : 1;
}
