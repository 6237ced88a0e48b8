// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/internal/trace_core.h"

#include <algorithm>
#include <exception>
#include <fstream>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <time.h>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_cat.h"

#include "weft/integrations/trace/internal/trace_record.h"

namespace weft::internal {
namespace {

constexpr int kMostSlots = 65'000;  // more are drawn as other threads

// The writer is woken when so many chunks have been filled since it slept; it looks by itself
// after each period.
constexpr std::uint32_t kWakeAfter = 8;

std::uint32_t ChunksIn(std::int64_t bytes) {
  return static_cast<std::uint32_t>(bytes / static_cast<std::int64_t>(sizeof(TracePool::Chunk))) +
         1;
}

constexpr std::uint32_t kMostEventWords = 3;

void PutManyAttempts(TraceStream& stream, const TaskEvent& event) {
  auto* const words = stream.words();
  words[0].Write(RecordHead::Of(event, RecordHead::kManyAttempts).word());
  words[1].Write(Packed(event.task));
  const bool released = event.kind == TaskEventKind::kReleased;
  words[2].Write(released ? Packed(event.other) : static_cast<std::uint64_t>(event.attempt));
  stream.Publish(RecordHead(words[0].Read()).has_third_word() ? 3 : 2);
}

// An event that is no kSubmitted. Requires: room for kMostEventWords.
inline void PutEvent(TraceStream& stream, const TaskEvent& event) {
  const auto attempt = static_cast<std::uint32_t>(event.attempt);
  if (attempt >= RecordHead::kManyAttempts) [[unlikely]]
    return PutManyAttempts(stream, event);
  auto* const words = stream.words();
  words[0].Write(RecordHead::Of(event, attempt).word());
  words[1].Write(Packed(event.task));
  if (event.kind != TaskEventKind::kReleased) return stream.Publish(2);
  words[2].Write(Packed(event.other));
  stream.Publish(3);
}

std::string ProcessName() {
  std::ifstream file("/proc/self/comm");
  std::string name;
  return std::getline(file, name) && !name.empty() ? name : "weft";
}

// What this thread has used.
absl::Duration ThreadCpu() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return absl::DurationFromTimespec(used);
}

}  // namespace

TraceCore::TraceCore(TraceFile file, const TraceOptions& options)
    : pool_(ChunksIn(options.buffer_bytes)),
      period_(absl::ToChronoNanoseconds(options.period)),
      file_(std::move(file)),
      encoder_(static_cast<std::size_t>(options.max_live_tasks), options.wait_rows),
      merge_(pool_, encoder_, file_) {
  merge_.Add(outside_.stream);
}

void TraceCore::StartThread() {
  encoder_.Begin(ProcessName(), getpid());
  // No signal of the host's is handled on this thread; writing into a pipe without a reader is an
  // error and no signal.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void TraceCore::OnStart(int slot_count) {
  if (started_.exchange(true, std::memory_order_relaxed)) {
    // Another scheduler, whose workers would write where those of the first one do.
    second_.store(true, std::memory_order_relaxed);
    stop_.store(true, std::memory_order_release);
    return Wake();
  }
  const auto count = static_cast<std::size_t>(std::clamp(slot_count, 0, kMostSlots));
  slots_ = std::make_unique<Slot[]>(count);
  slot_count_ = count;
  // release: pairs with AddSlots.
  slots_made_.store(count, std::memory_order_release);
}

// Each event passes here: without a call, so that nothing has to be saved, but where it is rare.
void TraceCore::OnEvent(const TaskEvent& event) {
  // relaxed: whoever tells something at the same time as Close is told apart by nobody.
  if (stop_.load(std::memory_order_relaxed)) return;
  const auto slot = static_cast<std::size_t>(event.slot);  // -1: too large for every slot
  if (slot >= slot_count_) [[unlikely]]
    return OnEventOutside(event);
  TraceStream& stream = slots_[slot].stream;
  if (event.kind == TaskEventKind::kSubmitted) return AppendSubmitted(stream, event);
  if (!stream.HasRoom(kMostEventWords)) [[unlikely]]
    return AppendToNext(stream, event);
  PutEvent(stream, event);
}

void TraceCore::OnEventOutside(const TaskEvent& event) {
  std::lock_guard lock(outside_lock_);
  TraceStream& stream = outside_.stream;
  if (event.kind == TaskEventKind::kSubmitted) return AppendSubmitted(stream, event);
  if (!stream.HasRoom(kMostEventWords)) return AppendToNext(stream, event);
  PutEvent(stream, event);
}

void TraceCore::AppendToNext(TraceStream& stream, const TaskEvent& event) {
  if (MakeRoom(stream)) PutEvent(stream, event);
}

void TraceCore::AppendSubmitted(TraceStream& stream, const TaskEvent& event) {
  static constexpr TaskInfo kNothing;
  const TaskInfo& info = event.info != nullptr ? *event.info : kNothing;
  const std::string_view kind = info.kind.name().substr(0, kMostKindBytes);
  const std::string_view name = info.name.substr(0, kMostNameBytes);
  const std::uint32_t size = 3 + TextHead::WordsOf(kind.size()) + TextHead::WordsOf(name.size());
  if (!stream.HasRoom(size) && !MakeRoom(stream)) return;
  auto* const words = stream.words();
  words[0].Write(RecordHead::Of(event, 0).word());
  words[1].Write(Packed(event.task));
  words[2].Write(TextHead::Of(kind.size(), name.size(), LaneOf(info.priority)).word());
  PutText(name, PutText(kind, words + 3));
  stream.Publish(size);
}

bool TraceCore::MakeRoom(TraceStream& stream) {
  const bool made = stream.MakeRoom(pool_);
  // relaxed: how many, roughly.
  if (!made || chunks_filled_.fetch_add(1, std::memory_order_relaxed) % kWakeAfter == 0) Wake();
  return made;
}

void TraceCore::Wake() {
  // The look comes first: nearly always somebody else has woken it.
  if (!woken_.load(std::memory_order_relaxed) &&
      !woken_.exchange(true, std::memory_order_acq_rel)) {
    parker_.Unpark();
  }
}

void TraceCore::Run() noexcept {
  pthread_setname_np(pthread_self(), "weft-trace");
  try {
    Write();
  } catch (const std::exception& error) {
    failure_ = absl::ResourceExhaustedError(
        absl::StrCat("the writer of trace ", file_.path(), " ended early: ", error.what()));
  }
  writer_cpu_ = ThreadCpu();
}

void TraceCore::Write() {
  auto next_sample = StdPlatform::Now();
  while (true) {
    // acquire: pairs with Close; what was told before it is drawn below.
    const bool stop = stop_.load(std::memory_order_acquire);
    woken_.exchange(false, std::memory_order_acq_rel);
    AddSlots();
    std::uint64_t words = 0;
    if (file_.ok()) {
      words = merge_.Round();
    } else {
      merge_.Discard();
    }
    // relaxed: a figure.
    drawn_.store(merge_.records(), std::memory_order_relaxed);
    const auto now = StdPlatform::Now();
    if (now >= next_sample) {
      Sample(now);
      next_sample = now + period_;
    }
    if (stop && words == 0) break;
    if (!stop && words < kChunkWords) parker_.ParkUntil(next_sample);
  }
  encoder_.Finish(Lost());
  file_.Write(encoder_.packets().bytes());
}

void TraceCore::AddSlots() {
  // acquire: pairs with OnStart.
  const std::size_t made = slots_made_.load(std::memory_order_acquire);
  for (; slots_known_ < made; ++slots_known_) merge_.Add(slots_[slots_known_].stream);
}

void TraceCore::Sample(StdPlatform::TimePoint now) {
  const std::int64_t time_ns = sample_time_.At(now.time_since_epoch(), encoder_.time_ns());
  const std::int64_t bytes = memory_.Sample().value_or(sampled_bytes_);
  if (std::exchange(sampled_bytes_, bytes) != bytes) encoder_.Memory(time_ns, bytes);
  encoder_.FlushCounters();
  file_.Write(encoder_.packets().bytes());
  encoder_.packets().Clear();
}

absl::Status TraceCore::Outcome() {
  absl::Status written = file_.Close();
  if (!failure_.ok()) return failure_;
  if (!written.ok()) return written;
  if (second_.load(std::memory_order_relaxed)) {
    return absl::FailedPreconditionError(
        absl::StrCat("trace ", file_.path(),
                     " ends where a second scheduler began to use its writer: give each scheduler "
                     "a TraceWriter of its own"));
  }
  const TraceStats all = Collect();
  if (all.dropped + all.tasks_left_out + all.arrows_left_out == 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "trace ", file_.path(), " is incomplete: ", all.dropped, " of ", all.records + all.dropped,
      " records were dropped (buffer_bytes), ", all.tasks_left_out, " tasks and ",
      all.arrows_left_out, " arrows left out (max_live_tasks)"));
}

absl::Status TraceCore::Close() {
  std::lock_guard lock(close_mu_);
  if (std::exchange(closed_, true)) return outcome_;
  // release: pairs with Write.
  stop_.store(true, std::memory_order_release);
  parker_.Unpark();
  thread_.join();
  outcome_ = Outcome();
  return outcome_;
}

std::int64_t TraceCore::Lost() const {
  std::uint64_t lost = outside_.stream.lost();
  // acquire: pairs with OnStart.
  const std::size_t made = slots_made_.load(std::memory_order_acquire);
  for (std::size_t slot = 0; slot < made; ++slot) lost += slots_[slot].stream.lost();
  return static_cast<std::int64_t>(lost);
}

TraceStats TraceCore::Collect() const {
  TraceStats stats;
  const TraceEncoder::Counts& counts = encoder_.counts();
  stats.records = merge_.records();
  stats.dropped = Lost();
  stats.arrows = counts.arrows;
  stats.tasks_left_out = counts.tasks_left_out;
  stats.arrows_left_out = counts.arrows_left_out;
  stats.waits_left_out = counts.waits_left_out;
  stats.bytes = file_.bytes();
  stats.writer_cpu = writer_cpu_;
  return stats;
}

TraceStats TraceCore::stats() {
  std::lock_guard lock(close_mu_);
  if (closed_) return Collect();
  TraceStats stats;
  stats.records = drawn_.load(std::memory_order_relaxed);
  stats.dropped = Lost();
  return stats;
}

}  // namespace weft::internal
