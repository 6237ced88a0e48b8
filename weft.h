// SPDX-License-Identifier: Apache-2.0
//
// The whole public API of the library's floors. Each floor can be used alone. Integrations
// (traces, codebases) have headers of their own.

#ifndef WEFT_WEFT_H_
#define WEFT_WEFT_H_

#include "weft/core/blocking_scope.h"
#include "weft/core/cancellation.h"
#include "weft/core/clock.h"
#include "weft/core/parallel_processing_config.h"
#include "weft/core/resource_need.h"
#include "weft/core/retry_policy.h"
#include "weft/core/task_context.h"
#include "weft/core/task_definition.h"
#include "weft/core/task_id.h"
#include "weft/core/task_options.h"
#include "weft/core/task_ref.h"
#include "weft/core/task_result.h"
#include "weft/core/task_state.h"
#include "weft/core/virtual_clock.h"
#include "weft/distribution/cost_history.h"
#include "weft/distribution/cost_model.h"
#include "weft/distribution/kind_cost.h"
#include "weft/distribution/memory_limit.h"
#include "weft/distribution/ready_order.h"
#include "weft/distribution/topology.h"
#include "weft/scheduler/gather.h"
#include "weft/scheduler/inline_executor.h"
#include "weft/scheduler/parallel_for.h"
#include "weft/scheduler/parallel_map.h"
#include "weft/scheduler/parallel_stream.h"
#include "weft/scheduler/resource_figures.h"
#include "weft/scheduler/resource_pool.h"
#include "weft/scheduler/run_summary.h"
#include "weft/scheduler/shutdown_mode.h"
#include "weft/scheduler/simulated_executor.h"
#include "weft/scheduler/stuck_report.h"
#include "weft/scheduler/task.h"
#include "weft/scheduler/task_executor.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_observer.h"
#include "weft/scheduler/task_queue.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/scheduler/tbb_executor.h"
#include "weft/scheduler/thread_pool.h"
#include "weft/scheduler/worker_local.h"
#include "weft/sync/failure_log.h"
#include "weft/sync/progress_snapshot.h"
#include "weft/sync/progress_tracker.h"

#endif  // WEFT_WEFT_H_
