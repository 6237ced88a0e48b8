// SPDX-License-Identifier: Apache-2.0
//
// Waits that can never end, and edges that would close a cycle, are refused with the path.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/table_room.h"

namespace weft::internal {

// Breadth first from a task, or a body, to those that cannot go on before it has ended: its
// successors, those who sleep until it or its group has ended, and those below it, and
// below these, on the stacks of threads that wait. A run of a graph cannot go on either
// while a body of it waits, nor the body that called the run.
//
// Thread safety: one thread.
class Engine::PathSearch {
 public:
  explicit PathSearch(Engine& engine) : engine_(engine) {}
  PathSearch(const PathSearch&) = delete;
  PathSearch& operator=(const PathSearch&) = delete;

  void StartAt(EngineTask& task) { Visit(&task, nullptr, 0); }
  // The body that has just begun to wait, `frame` being its own.
  void StartAt(const WaitFrame& frame) {
    own_ = &frame;
    Visit(frame.self, frame.graph, 0);
    VisitBelow(frame.outer, 0);
  }

  // "target -> ... -> start", each waiting for the next; empty: there is none.
  std::string PathFrom(const WaitTarget& target) {
    for (std::size_t i = 0; i < visits_.size(); ++i) {
      if (visits_[i].task == nullptr) {
        ExpandRun(i);
        continue;
      }
      if (IsPart(*visits_[i].task, target)) return PathTo(i);
      ExpandTask(i);
    }
    return {};
  }
  std::string start() const { return NameOf(visits_.front()); }

 private:
  struct Place {
    EngineTask* task;    // null: a run of
    const Graph* graph;  // which is only compared
    std::size_t parent;
    std::size_t nodes = 0;  // of the graph
  };

  static std::string NameOf(const Place& place) {
    return place.task != nullptr
               ? Engine::NameOf(*place.task)
               : absl::StrCat("a graph of ", place.nodes, place.nodes == 1 ? " node" : " nodes");
  }
  std::string PathTo(std::size_t i) const {
    std::string path = NameOf(visits_[i]);
    while (i != 0) {
      i = visits_[i].parent;
      path += " -> " + NameOf(visits_[i]);
    }
    return path;
  }

  void Visit(EngineTask* task, const Graph* graph, std::size_t parent) {
    const void* const place = task != nullptr ? static_cast<const void*>(task) : graph;
    if (place == nullptr || !InsertSafely(seen_, place)) return;
    if (task != nullptr) kept_.Keep(*task);
    visits_.push_back({task, graph, parent});
  }
  void VisitBelow(const WaitFrame* top, std::size_t parent) {
    for (const WaitFrame* below = top; below != nullptr; below = below->outer) {
      Visit(below->self, below->graph, parent);
    }
  }
  void ExpandTask(std::size_t i) {
    EngineTask& task = *visits_[i].task;
    successors_.clear();
    engine_.AddSuccessors(task, successors_, kept_);
    for (EngineTask* const successor : successors_) Visit(successor, nullptr, i);
    engine_.waits_.WithAll([&](const Waiter* first) {
      for (const Waiter* waiter = first; waiter != nullptr; waiter = waiter->next) {
        if (waiter->frame != nullptr && waiter->frame != own_ && IsPart(task, waiter->target)) {
          VisitBelow(waiter->frame, i);
        }
      }
    });
  }
  // Under the lock: the run, and whoever called it, cannot go.
  void ExpandRun(std::size_t i) {
    absl::MutexLock lock(&engine_.mu_);
    for (const GraphRun* run = engine_.graph_runs_; run != nullptr; run = run->next) {
      if (run->graph != visits_[i].graph) continue;
      visits_[i].nodes = run->graph->node_count();
      return VisitBelow(run->caller, i);
    }
  }

  Engine& engine_;
  const WaitFrame* own_ = nullptr;
  std::vector<Place> visits_;
  std::vector<EngineTask*> successors_;
  PinnedTasks kept_;
  absl::flat_hash_set<const void*> seen_;
};

absl::Status Engine::CheckWait(const WaitFrame& frame) {
  if (frame.self == nullptr && frame.graph == nullptr) return absl::OkStatus();
  PathSearch search(*this);
  search.StartAt(frame);
  const std::string path = search.PathFrom(frame.target);
  if (path.empty()) return CheckKnots(frame);
  return absl::FailedPreconditionError("this wait would never end: " + search.start() +
                                       " waits for " + path);
}

absl::Status Engine::CheckEdge(EngineTask& from, EngineTask& to, std::string_view refused) {
  PathSearch search(*this);
  search.StartAt(from);
  const std::string path = search.PathFrom({.task = &to});
  if (path.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(NameOf(from), " ", absl::string_view(refused.data(), refused.size()), " ",
                   NameOf(to), ": circular dependency: ", NameOf(from), " -> ", path));
}

}  // namespace weft::internal
