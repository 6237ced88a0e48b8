// SPDX-License-Identifier: Apache-2.0

#include "weft/core/cancellation.h"

#include <atomic>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(CancellationTest, DefaultTokenIsNeverCancelled) {
  const CancellationToken token;
  EXPECT_FALSE(token.cancelled());
  EXPECT_FALSE(token.can_be_cancelled());
  EXPECT_TRUE(token.reason().ok());
}

TEST(CancellationTest, FirstReasonStays) {
  CancellationSource source;
  const CancellationToken token = source.token();
  EXPECT_TRUE(token.can_be_cancelled());
  EXPECT_TRUE(source.Cancel(absl::DeadlineExceededError("first")));
  EXPECT_FALSE(source.Cancel(absl::CancelledError("second")));
  EXPECT_TRUE(token.cancelled());
  EXPECT_EQ(token.reason(), absl::DeadlineExceededError("first"));
}

TEST(CancellationTest, OkReasonBecomesCancelled) {
  CancellationSource source;
  source.Cancel(absl::OkStatus());
  EXPECT_TRUE(absl::IsCancelled(source.token().reason()));
}

TEST(CancellationTest, CallbackRunsOnceWhetherRegisteredBeforeOrAfter) {
  CancellationSource source;
  int calls = 0;
  const CancellationCallback before(source.token(), [&] { ++calls; });
  EXPECT_EQ(calls, 0);
  source.Cancel(absl::CancelledError(""));
  source.Cancel(absl::CancelledError(""));
  EXPECT_EQ(calls, 1);
  const CancellationCallback after(source.token(), [&] { ++calls; });
  EXPECT_EQ(calls, 2);
}

TEST(CancellationTest, DestroyedCallbackIsNotCalled) {
  CancellationSource source;
  int calls = 0;
  {
    const CancellationCallback gone(source.token(), [&] { ++calls; });
  }
  source.Cancel(absl::CancelledError(""));
  EXPECT_EQ(calls, 0);
}

TEST(CancellationTest, ThrowingCallbackIsCountedAndTheOthersRun) {
  CancellationSource source;
  int calls = 0;
  const CancellationCallback a(source.token(), [&] { ++calls; });
  const CancellationCallback b(source.token(), [] { throw std::runtime_error("no"); });
  const CancellationCallback c(source.token(), [&] { ++calls; });
  source.Cancel(absl::CancelledError(""));
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(source.failed_callbacks(), 1);
}

TEST(CancellationTest, CallbackSeesTheReasonAndMayCancelAgain) {
  CancellationSource source;
  absl::Status seen;
  const CancellationCallback callback(source.token(), [&] {
    seen = source.token().reason();
    EXPECT_FALSE(source.Cancel(absl::InternalError("again")));
  });
  source.Cancel(absl::CancelledError("why"));
  EXPECT_EQ(seen, absl::CancelledError("why"));
}

TEST(CancellationTest, CallbackMayLetGoOfTheSource) {
  std::optional<CancellationSource> source(std::in_place);
  const CancellationToken token = source->token();
  const CancellationCallback callback(token, [&] { source.reset(); });
  CancellationSource(*source).Cancel(absl::CancelledError("why"));
  EXPECT_FALSE(source.has_value());
  EXPECT_EQ(token.reason(), absl::CancelledError("why"));
}

TEST(CancellationTest, ManyCancellersOneReason) {
  for (int round = 0; round < 100; ++round) {
    CancellationSource source;
    std::atomic<int> won{0};
    std::atomic<int> called{0};
    const CancellationCallback callback(source.token(), [&] { ++called; });
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back(
          [&, i] { won += source.Cancel(absl::CancelledError(std::to_string(i))) ? 1 : 0; });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(called, 1);
  }
}

}  // namespace
}  // namespace weft
