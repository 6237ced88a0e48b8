// SPDX-License-Identifier: Apache-2.0

#include "models/fiber.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>

#if defined(WEFT_MODELS_ASAN)
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(WEFT_MODELS_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

#if !defined(WEFT_MODELS_UCONTEXT)
extern "C" void weft_models_switch(void** save, void* load);

// What a function must keep, by the System V ABI; the rest the compiler has saved.
asm(R"(
.text
.p2align 4
.globl weft_models_switch
.type weft_models_switch, @function
weft_models_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size weft_models_switch, .-weft_models_switch
)");
#endif

namespace weft::models {
namespace {

Fiber* arriving = nullptr;  // who is switched to; a new fiber learns its name from it

}  // namespace

Fiber::Fiber() {
#if defined(WEFT_MODELS_ASAN)
  pthread_attr_t attributes;
  void* bottom = nullptr;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    pthread_attr_getstack(&attributes, &bottom, &size_);
    pthread_attr_destroy(&attributes);
  }
  bottom_ = bottom;
#endif
#if defined(WEFT_MODELS_TSAN)
  shadow_fiber_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(Entry entry, void* argument)
    : entry_(entry), argument_(argument), stack_(std::malloc(kStackBytes)) {
  if (stack_ == nullptr) std::abort();
  bottom_ = stack_;
  size_ = kStackBytes;
#if defined(WEFT_MODELS_UCONTEXT)
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = kStackBytes;
  context_.uc_link = nullptr;
  makecontext(&context_, &Fiber::Start, 0);
#else
  const auto end = reinterpret_cast<std::uintptr_t>(stack_) + kStackBytes;
  void** top = reinterpret_cast<void**>(end & ~std::uintptr_t{15});
  *--top = nullptr;  // where Start would return to: the end of every backtrace
  *--top = reinterpret_cast<void*>(&Fiber::Start);
  for (int saved = 0; saved < 6; ++saved) *--top = nullptr;
  stack_pointer_ = top;
#endif
#if defined(WEFT_MODELS_TSAN)
  shadow_fiber_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#if defined(WEFT_MODELS_TSAN)
  if (stack_ != nullptr) __tsan_destroy_fiber(shadow_fiber_);
#endif
  std::free(stack_);
}

void Fiber::SwitchTo(Fiber& to) {
  void* const exceptions = abi::__cxa_get_globals();
  std::memcpy(exceptions_, exceptions, sizeof(exceptions_));
  std::memcpy(exceptions, to.exceptions_, sizeof(exceptions_));
  arriving = &to;
#if defined(WEFT_MODELS_ASAN)
  __sanitizer_start_switch_fiber(&fake_stack_, to.bottom_, to.size_);
#endif
#if defined(WEFT_MODELS_TSAN)
  __tsan_switch_to_fiber(to.shadow_fiber_, 0);
#endif
#if defined(WEFT_MODELS_UCONTEXT)
  swapcontext(&context_, &to.context_);
#else
  weft_models_switch(&stack_pointer_, to.stack_pointer_);
#endif
  Arrived();
}

void Fiber::Arrived() {
#if defined(WEFT_MODELS_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack_, nullptr, nullptr);
#endif
}

void Fiber::Start() {
  Fiber* const self = arriving;
  self->Arrived();
  self->entry_(self->argument_);
  std::abort();
}

}  // namespace weft::models
