// SPDX-License-Identifier: Apache-2.0

#include "scheduler/event_log.h"

#include <string>
#include <vector>

namespace weft::testing {

void EventLog::OnEvent(const TaskEvent& event) {
  std::lock_guard lock(mu_);
  const auto complain = [&](const std::string& what) {
    complaints_.push_back(ToString(event.task) + ": " + what);
  };
  if (!event.task.valid()) complain("no task");
  if (event.slot < -1 || event.slot >= slot_count_) complain("slot " + std::to_string(event.slot));
  if (event.time_ns < 0) complain("before the beginning");
  if (event.slot >= 0) {
    std::int64_t& last = times_[event.slot];
    if (event.time_ns < last) complain("time falls");
    last = event.time_ns;
  }
  Told& task = tasks_[event.task];
  Note(event, task);
  if (!task.wrong.empty()) complain(task.wrong);
  task.wrong.clear();
}

void EventLog::Note(const TaskEvent& event, Told& task) {
  const auto need = [&task](bool holds, const char* what) {
    if (!holds) task.wrong = what;
  };
  need(task.ended == 0, "an event after its end");
  if (event.kind != TaskEventKind::kSubmitted) need(task.submitted == 1, "not submitted");
  need((event.info != nullptr) == (event.kind == TaskEventKind::kSubmitted), "info");
  switch (event.kind) {
    case TaskEventKind::kSubmitted:
      need(++task.submitted == 1, "submitted twice");
      if (event.info == nullptr) break;
      task.name = event.info->name;
      task.kind = event.info->kind.name();
      task.priority = event.info->priority;
      break;
    case TaskEventKind::kReleased:
      need(event.other.valid(), "released by nobody");
      need(task.started == 0, "released after its start");
      task.released.insert(event.other);
      break;
    case TaskEventKind::kReady:
      need(event.state == TaskState::kReady, "its state is not ready");
      need(task.ready == task.parked, "ready twice");
      need(!event.other.valid() || task.released.contains(event.other), "ready by a stranger");
      if (task.ready++ == 0) task.last = event.other;
      break;
    case TaskEventKind::kStarted:
      need(event.state == TaskState::kRunning, "its state is not running");
      need(!task.runs && task.ready == task.started + 1, "started before it was ready");
      need(event.slot >= 0, "started by no worker");
      need(event.attempt == ++task.started, "the number of the attempt");
      task.runs = true;
      break;
    case TaskEventKind::kParked:
      need(event.state == TaskState::kParked, "its state is not parked");
      need(task.runs && event.attempt == task.started, "parked before it ran");
      ++task.parked;
      task.runs = false;
      break;
    case TaskEventKind::kEnded:
      need(IsTerminal(event.state), "its end is none");
      ++task.ended;
      task.state = event.state;
      break;
  }
}

const EventLog::Told& EventLog::named(const std::string& name) const {
  static const Told none;
  for (const auto& [id, task] : tasks_) {
    if (task.name == name) return task;
  }
  return none;
}

std::vector<std::string> EventLog::Complaints() const {
  std::vector<std::string> complaints = complaints_;
  for (const auto& [id, task] : tasks_) {
    if (task.ended != 1) complaints.push_back(ToString(id) + " has not ended");
  }
  return complaints;
}

}  // namespace weft::testing
