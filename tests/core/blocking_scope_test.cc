// SPDX-License-Identifier: Apache-2.0

#include "weft/core/blocking_scope.h"

#include <string>

#include "gtest/gtest.h"

namespace weft {
namespace {

class RecordingHook final : public BlockingHook {
 public:
  void OnBlock() noexcept override { calls += "("; }
  void OnUnblock() noexcept override { calls += ")"; }
  std::string calls;
};

TEST(BlockingScopeTest, WithoutHookNothingHappens) { const BlockingScope scope; }

TEST(BlockingScopeTest, HookHearsOutermostScopeOnly) {
  RecordingHook hook;
  const ScopedBlockingHook install(&hook);
  {
    const BlockingScope outer;
    const BlockingScope inner;
    EXPECT_EQ(hook.calls, "(");
  }
  EXPECT_EQ(hook.calls, "()");
  { const BlockingScope again; }
  EXPECT_EQ(hook.calls, "()()");
}

TEST(BlockingScopeTest, InnerHookAnswersAloneWhileInstalled) {
  RecordingHook outer;
  RecordingHook inner;
  const ScopedBlockingHook install_outer(&outer);
  const BlockingScope blocked;
  {
    const ScopedBlockingHook install_inner(&inner);
    const BlockingScope scope;
  }
  EXPECT_EQ(outer.calls, "(");
  EXPECT_EQ(inner.calls, "()");
}

TEST(BlockingScopeTest, HookIsGoneAfterItsScope) {
  RecordingHook hook;
  { const ScopedBlockingHook install(&hook); }
  { const BlockingScope scope; }
  EXPECT_EQ(hook.calls, "");
}

}  // namespace
}  // namespace weft
