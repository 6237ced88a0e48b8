// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_FILE_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace weft::internal {

// A file that is written from its beginning to its end. After the first error nothing more is
// written.
//
// Thread safety: one thread at a time.
class TraceFile {
 public:
  // Makes the file, or empties it. Errors: those of open(2), by the code that fits.
  static absl::StatusOr<TraceFile> Create(std::string path);
  TraceFile(TraceFile&& other) noexcept;
  TraceFile& operator=(TraceFile&&) = delete;
  ~TraceFile();

  void Write(std::string_view bytes);
  // Returns the first error of all. Write must not follow.
  absl::Status Close();
  // Lets go of the file and of nothing else: for a forked child.
  void Abandon();

  bool ok() const { return status_.ok(); }
  const std::string& path() const { return path_; }
  std::int64_t bytes() const { return bytes_; }

 private:
  TraceFile(std::string path, int descriptor);
  void Fail(int error, std::string_view what);

  std::string path_;
  int descriptor_;
  std::int64_t bytes_ = 0;  // written
  absl::Status status_;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_FILE_H_
