// SPDX-License-Identifier: Apache-2.0
//
// Lets a body say "I am about to block", so that whoever owns its thread can keep
// the cores busy meanwhile.

#ifndef WEFT_CORE_BLOCKING_SCOPE_H_
#define WEFT_CORE_BLOCKING_SCOPE_H_

namespace weft {

// What the owner of a thread does about blocking on it. Calls come in pairs, on
// that thread, and never nest: inner scopes change nothing.
//
// Thread safety: called on the thread that it was installed on.
class BlockingHook {
 public:
  virtual ~BlockingHook() = default;
  virtual void OnBlock() noexcept = 0;
  virtual void OnUnblock() noexcept = 0;
};

// Makes `hook` answer for the calling thread while this object lives; the hook
// before it answers again afterwards. Null: nobody answers.
//
// Thread safety: one thread; destroy in reverse order of construction.
class ScopedBlockingHook {
 public:
  explicit ScopedBlockingHook(BlockingHook* hook);
  ScopedBlockingHook(const ScopedBlockingHook&) = delete;
  ScopedBlockingHook& operator=(const ScopedBlockingHook&) = delete;
  ~ScopedBlockingHook();

 private:
  BlockingHook* outer_hook_;
  int outer_depth_;
};

// Put one around a call that waits for something other than the processor: a
// lock held for long, a socket, another process. Costs nothing without a hook.
//
// Thread safety: one thread; destroy in reverse order of construction.
class BlockingScope {
 public:
  BlockingScope();
  BlockingScope(const BlockingScope&) = delete;
  BlockingScope& operator=(const BlockingScope&) = delete;
  ~BlockingScope();
};

}  // namespace weft

#endif  // WEFT_CORE_BLOCKING_SCOPE_H_
