// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/trace_writer.h"

#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

#include "weft/core/internal/fork_count.h"
#include "weft/integrations/trace/internal/trace_core.h"
#include "weft/integrations/trace/internal/trace_file.h"

namespace weft {
namespace {

constexpr std::int64_t kLeastBufferBytes = std::int64_t{256} << 10;
constexpr std::int64_t kMostBufferBytes = std::int64_t{64} << 30;
constexpr std::int64_t kMostLiveTasks = 1'000'000'000;
constexpr int kMostRows = 65'536;

absl::Status Check(const TraceOptions& options) {
  const auto refuse = [](absl::string_view name, auto value, absl::string_view expected) {
    return absl::InvalidArgumentError(
        absl::StrCat("TraceOptions: ", name, " is ", value, "; expected ", expected));
  };
  if (options.buffer_bytes < kLeastBufferBytes || options.buffer_bytes > kMostBufferBytes) {
    return refuse("buffer_bytes", options.buffer_bytes, "256 KiB to 64 GiB");
  }
  if (options.max_live_tasks < 1 || options.max_live_tasks > kMostLiveTasks) {
    return refuse("max_live_tasks", options.max_live_tasks, "1 to 1,000,000,000");
  }
  if (options.wait_rows < 0 || options.wait_rows > kMostRows) {
    return refuse("wait_rows", options.wait_rows, "0 to 65,536");
  }
  if (options.period < absl::Milliseconds(1) || options.period > absl::Hours(1)) {
    return refuse("period", absl::FormatDuration(options.period), "1 ms to 1 h");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TraceWriter>> TraceWriter::Create(std::string path,
                                                                 TraceOptions options) {
  if (absl::Status checked = Check(options); !checked.ok()) return checked;
  absl::StatusOr<internal::TraceFile> file = internal::TraceFile::Create(std::move(path));
  if (!file.ok()) return file.status();
  internal::CountForks();
  auto core = std::make_unique<internal::TraceCore>(*std::move(file), options);
  try {
    core->StartThread();
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no thread to write the trace: ", error.what()));
  }
  return std::unique_ptr<TraceWriter>(new TraceWriter(std::move(core)));
}

TraceWriter::TraceWriter(std::unique_ptr<internal::TraceCore> core) : core_(std::move(core)) {}

TraceWriter::~TraceWriter() {
  if (core_->forked()) {
    // Its thread is not here, and its locks may be held for ever.
    static_cast<void>(core_.release());
  } else {
    Close().IgnoreError();
  }
}

void TraceWriter::OnStart(int slot_count) { core_->OnStart(slot_count); }

void TraceWriter::OnEvent(const TaskEvent& event) { core_->OnEvent(event); }

absl::Status TraceWriter::Close() {
  if (core_->forked()) {
    return absl::FailedPreconditionError(
        "this process was forked from the one that writes the trace");
  }
  return core_->Close();
}

TraceStats TraceWriter::stats() const { return core_->stats(); }

}  // namespace weft
