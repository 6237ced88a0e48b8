// SPDX-License-Identifier: Apache-2.0

#include "integrations/trace/fake_scheduler.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace weft::testing {
namespace {

constexpr TaskKind kKinds[] = {{}, "parse", "link", "a \"kind\"\twith\nall"};

bool OneOf100(std::mt19937_64& random, int percent) {
  return static_cast<int>(random() % 100) < percent;
}

}  // namespace

FakeScheduler::FakeScheduler(const FakePlan& plan, TaskObserver& observer)
    : plan_(plan), observer_(observer) {
  MakeTasks();
  observer_.OnStart(plan_.slots);
}

void FakeScheduler::MakeTasks() {
  std::mt19937_64 random(plan_.seed);
  tasks_.resize(static_cast<std::size_t>(plan_.tasks));
  for (int i = 0; i < plan_.tasks; ++i) {
    FakeTask& task = tasks_[static_cast<std::size_t>(i)];
    std::set<int> before;
    const int reach = std::min(i, plan_.reach);
    for (int n =
             static_cast<int>(random() % static_cast<std::uint64_t>(plan_.most_dependencies + 1));
         n > 0 && reach > 0; --n) {
      before.insert(i - 1 - static_cast<int>(random() % static_cast<std::uint64_t>(reach)));
    }
    task.dependencies.assign(before.begin(), before.end());
    if (plan_.names && random() % 4 != 0) task.name = "task " + std::to_string(i);
    if (OneOf100(random, plan_.parks_of_100)) task.parks = 1 + static_cast<int>(random() % 4);
  }
}

std::vector<std::pair<TaskId, TaskId>> FakeScheduler::edges() const {
  std::vector<std::pair<TaskId, TaskId>> edges;
  for (const FakeTask& task : tasks_) {
    for (const int before : task.dependencies) {
      edges.emplace_back(tasks_[static_cast<std::size_t>(before)].id, task.id);
    }
  }
  std::ranges::sort(edges);
  return edges;
}

std::int64_t FakeScheduler::Tell(TaskEventKind kind, int task, Teller teller, int other,
                                 int attempt) {
  const FakeTask& about = tasks_[static_cast<std::size_t>(task)];
  TaskEvent event;
  event.kind = kind;
  event.state = about.state;
  event.slot = teller.slot;
  event.attempt = attempt;
  event.task = about.id;
  if (other >= 0) event.other = tasks_[static_cast<std::size_t>(other)].id;
  event.time_ns = clock_();
  const TaskInfo info{about.name, kKinds[task % 4], task % 7 == 0 ? 20 - task % 30 : 0};
  if (kind == TaskEventKind::kSubmitted) event.info = &info;
  observer_.OnEvent(event);
  return event.time_ns;
}

void FakeScheduler::Submit(int task, Teller teller) {
  FakeTask& submitted = tasks_[static_cast<std::size_t>(task)];
  {
    std::lock_guard lock(mu_);
    std::uint32_t index = next_index_;
    if (free_indices_.empty()) {
      ++next_index_;
      generations_.push_back(0);
    } else {
      index = free_indices_.back();
      free_indices_.pop_back();
    }
    submitted.id = {index, ++generations_[index]};
  }
  submitted.waits_for = static_cast<int>(submitted.dependencies.size()) + 1;
  Tell(TaskEventKind::kSubmitted, task, teller);
  std::vector<int> skipped;
  for (const int before : submitted.dependencies) {
    FakeTask& dependency = tasks_[static_cast<std::size_t>(before)];
    std::unique_lock lock(mu_);
    if (IsTerminal(dependency.state)) {
      const TaskState how = dependency.state;
      lock.unlock();
      Release(task, before, how, teller, skipped);
    } else {
      dependency.successors.push_back(task);
    }
  }
  // Whoever brings the last of what it waits for goes on with it.
  std::unique_lock lock(mu_);
  const bool last = --submitted.waits_for == 0;
  const bool doomed = submitted.doomed;
  lock.unlock();
  if (!last) return;
  if (doomed) {
    End(task, TaskState::kSkipped, teller);
  } else {
    MakeReady(task, -1, teller);
  }
}

void FakeScheduler::Release(int task, int by, TaskState how, Teller teller,
                            std::vector<int>& skipped) {
  Tell(TaskEventKind::kReleased, task, teller, by);
  FakeTask& released = tasks_[static_cast<std::size_t>(task)];
  std::unique_lock lock(mu_);
  released.doomed |= how != TaskState::kCompleted;
  const bool last = --released.waits_for == 0;
  const bool doomed = released.doomed;
  lock.unlock();
  if (!last) return;
  if (doomed) {
    skipped.push_back(task);
  } else {
    MakeReady(task, by, teller);
  }
}

void FakeScheduler::MakeReady(int task, int by, Teller teller) {
  tasks_[static_cast<std::size_t>(task)].ready_ns.push_back(
      Tell(TaskEventKind::kReady, task, teller, by));
  std::lock_guard lock(mu_);
  ready_.push_back(task);
}

bool FakeScheduler::Start(Worker& worker) {
  int task = 0;
  {
    std::lock_guard lock(mu_);
    if (ready_.empty()) return false;
    task = ready_.front();
    ready_.pop_front();
  }
  FakeTask& started = tasks_[static_cast<std::size_t>(task)];
  if (started.runs.empty() && OneOf100(worker.random, plan_.cancelled_of_100)) {
    End(task, TaskState::kCancelled, {worker.slot});
    return true;
  }
  const int attempt = 1 + static_cast<int>(started.runs.size());
  {
    std::lock_guard lock(mu_);
    started.state = TaskState::kRunning;
  }
  const std::int64_t now = Tell(TaskEventKind::kStarted, task, {worker.slot}, -1, attempt);
  started.runs.push_back({worker.slot, now, -1});
  worker.running.push_back(task);
  return true;
}

void FakeScheduler::Stop(Worker& worker) {
  const int task = worker.running.back();
  worker.running.pop_back();
  FakeTask& stopped = tasks_[static_cast<std::size_t>(task)];
  if (stopped.parks > 0) {
    --stopped.parks;
    stopped.runs.back().end_ns = Tell(TaskEventKind::kParked, task, {worker.slot}, -1,
                                      static_cast<int>(stopped.runs.size()));
    if (virtual_now_ != nullptr) ++*virtual_now_;  // timers take time
    // By a timer's thread, or by nobody.
    if (stopped.parks % 2 == 0) return MakeReady(task, -1, {-1});
    stopped.ready_ns.push_back(-1);
    std::lock_guard lock(mu_);
    ready_.push_back(task);
    return;
  }
  End(task,
      OneOf100(worker.random, plan_.fails_of_100) ? TaskState::kFailed : TaskState::kCompleted,
      {worker.slot});
}

void FakeScheduler::End(int task, TaskState state, Teller teller) {
  std::vector<int> skipped;
  EndOne(task, state, teller, skipped);
  for (std::size_t i = 0; i < skipped.size(); ++i) {
    EndOne(skipped[i], TaskState::kSkipped, teller, skipped);
  }
}

void FakeScheduler::EndOne(int task, TaskState state, Teller teller, std::vector<int>& skipped) {
  FakeTask& ended = tasks_[static_cast<std::size_t>(task)];
  std::vector<int> successors;
  {
    std::lock_guard lock(mu_);
    ended.state = state;
    successors.swap(ended.successors);
  }
  const std::int64_t now = Tell(TaskEventKind::kEnded, task, teller);
  if (!ended.runs.empty() && ended.runs.back().end_ns < 0) ended.runs.back().end_ns = now;
  for (const int successor : successors) Release(successor, task, state, teller, skipped);
  std::lock_guard lock(mu_);
  free_indices_.push_back(ended.id.index);
  ++ended_;
}

bool FakeScheduler::Step(Worker& worker) {
  const bool may_start = worker.running.size() < (plan_.nested ? 3 : 1);
  if (may_start && (worker.running.empty() || worker.random() % 4 == 0) && Start(worker)) {
    return true;
  }
  if (worker.running.empty()) return false;
  Stop(worker);
  return true;
}

void FakeScheduler::RunHere() {
  std::mt19937_64 random(plan_.seed);
  std::int64_t now = 0;
  virtual_now_ = &now;
  clock_ = [&random, &now] {
    return now += random() % 3 == 0 ? static_cast<int>(random() % 2000) : 0;
  };
  std::vector<Worker> workers;
  for (int slot = 0; slot < plan_.slots; ++slot) {
    workers.push_back({slot, std::mt19937_64(random()), {}});
  }
  int submitted = 0;
  while (ended_ < plan_.tasks) {
    if (submitted < plan_.tasks && random() % 3 == 0) {
      // From outside, or by a worker.
      const auto who = random() % (workers.size() + 1);
      Submit(submitted++, {static_cast<int>(who) - 1});
    }
    Step(workers[random() % workers.size()]);
  }
  clock_ = nullptr;
  virtual_now_ = nullptr;
}

void FakeScheduler::RunThreads() {
  const auto begin = std::chrono::steady_clock::now();
  clock_ = [begin] {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
  };
  std::vector<std::thread> threads;
  for (int slot = 0; slot < plan_.slots; ++slot) {
    threads.emplace_back([this, slot] {
      Worker worker{slot, std::mt19937_64(plan_.seed + static_cast<std::uint64_t>(slot)), {}};
      while (true) {
        if (Step(worker)) continue;
        {
          std::lock_guard lock(mu_);
          if (ended_ == plan_.tasks) return;
        }
        std::this_thread::yield();
      }
    });
  }
  std::mutex order;
  int next = 0;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (true) {
        std::lock_guard lock(order);
        if (next == plan_.tasks) return;
        Submit(next++, {-1});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace weft::testing
