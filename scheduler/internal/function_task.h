// SPDX-License-Identifier: Apache-2.0
//
// The kind of task that a TaskDefinition makes.

#ifndef WEFT_SCHEDULER_INTERNAL_FUNCTION_TASK_H_
#define WEFT_SCHEDULER_INTERNAL_FUNCTION_TASK_H_

#include <exception>
#include <utility>

#include "absl/status/status.h"

#include "weft/core/task_definition.h"
#include "weft/scheduler/internal/task_body.h"

namespace weft::internal {

// Its payload is the TaskFunction, which destroys what it holds by Reset.
//
// Thread safety: as the task.
struct FunctionKind {
  static absl::Status Call(EngineTask& task, EngineWorker& worker) {
    RunningBody running(task);
    TaskContext context(running, worker.slot(), /*attempt=*/1);
    return PayloadAs<TaskFunction>(task)(context);
  }
  static ReadyNode* Step(ReadyNode& node, EngineWorker& worker) noexcept {
    auto& task = static_cast<EngineTask&>(node);
    return Engine::Begin(task, worker) ? Run(task, worker, /*drop=*/true) : nullptr;
  }
  static ReadyNode* Run(EngineTask& task, EngineWorker& worker, bool drop) noexcept {
    Engine::NoteStart(task);
    const auto outer = worker.BeginBody(task);
    absl::Status status;
    std::exception_ptr thrown;
    try {
      status = Call(task, worker);
    } catch (...) {
      thrown = std::current_exception();
      status = StatusOfException(thrown);
    }
    Engine::DestroyRunBody(task, status);
    worker.EndBody(outer);
    if (status.ok()) return Engine::EndCompleted(task, worker, drop);
    return Engine::EndFailed(task, worker, drop, std::move(status), std::move(thrown));
  }
  static void DestroyBody(EngineTask& task) {
    auto& function = PayloadAs<TaskFunction>(task);
    struct Last {
      TaskFunction& function;
      ~Last() { function.~TaskFunction(); }
    } last{function};
    function.Reset();
  }
  static void FreeRoom(EngineTask&) noexcept {}
  static void* MakeError(const absl::Status& error) { return new absl::Status(error); }
  static void DestroyError(void* made) noexcept { delete static_cast<absl::Status*>(made); }
};

inline constexpr TaskOps kFunctionOps = {{&FunctionKind::Step, nullptr, true},
                                         &FunctionKind::Run,
                                         &FunctionKind::DestroyBody,
                                         &FunctionKind::FreeRoom,
                                         nullptr,
                                         nullptr,
                                         &FunctionKind::MakeError,
                                         &FunctionKind::DestroyError};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_FUNCTION_TASK_H_
