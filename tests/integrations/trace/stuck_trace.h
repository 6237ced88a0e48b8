// SPDX-License-Identifier: Apache-2.0
//
// A trace whose writer falls behind for as long as a test wants.

#ifndef WEFT_TESTS_INTEGRATIONS_TRACE_STUCK_TRACE_H_
#define WEFT_TESTS_INTEGRATIONS_TRACE_STUCK_TRACE_H_

#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "integrations/trace/trace_fixture.h"
#include "weft/integrations/trace/trace_writer.h"

namespace weft::testing {

// A writer that cannot go on: nobody reads the pipe that it writes to.
class StuckTraceTest : public TraceTest {
 protected:
  void OpenStuck(TraceOptions options, int slots) {
    ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
    reader_ = open(path_.c_str(), O_RDONLY | O_NONBLOCK);
    ASSERT_GE(reader_, 0);
    fcntl(reader_, F_SETFL, 0);
    Open(options, slots);
  }
  // From now on what comes is read, until the other end is closed.
  void Read() {
    thread_ = std::thread([this] {
      char some[65536];
      for (ssize_t size = 1; size > 0;) {
        size = read(reader_, some, sizeof(some));
        if (size > 0) bytes_.append(some, static_cast<std::size_t>(size));
      }
    });
  }
  absl::Status Close() {
    absl::Status closed = writer_->Close();
    thread_.join();
    close(reader_);
    return closed;
  }
  std::thread thread_;
  std::string bytes_;
  int reader_ = -1;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_INTEGRATIONS_TRACE_STUCK_TRACE_H_
