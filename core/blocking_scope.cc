// SPDX-License-Identifier: Apache-2.0

#include "weft/core/blocking_scope.h"

#include <utility>

namespace weft {
namespace {

thread_local BlockingHook* hook_of_thread = nullptr;
thread_local int depth_of_thread = 0;  // open scopes under the current hook

}  // namespace

ScopedBlockingHook::ScopedBlockingHook(BlockingHook* hook)
    : outer_hook_(std::exchange(hook_of_thread, hook)),
      outer_depth_(std::exchange(depth_of_thread, 0)) {}

ScopedBlockingHook::~ScopedBlockingHook() {
  hook_of_thread = outer_hook_;
  depth_of_thread = outer_depth_;
}

BlockingScope::BlockingScope() {
  if (depth_of_thread++ == 0 && hook_of_thread != nullptr) hook_of_thread->OnBlock();
}

BlockingScope::~BlockingScope() {
  if (--depth_of_thread == 0 && hook_of_thread != nullptr) hook_of_thread->OnUnblock();
}

}  // namespace weft
