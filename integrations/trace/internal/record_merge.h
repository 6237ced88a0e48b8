// SPDX-License-Identifier: Apache-2.0
//
// Brings the records of all streams into one order and hands them to the encoder.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_RECORD_MERGE_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_RECORD_MERGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "weft/core/internal/platform.h"
#include "weft/integrations/trace/internal/record_stream.h"
#include "weft/integrations/trace/internal/trace_encoder.h"
#include "weft/integrations/trace/internal/trace_file.h"
#include "weft/integrations/trace/internal/trace_record.h"

namespace weft::internal {

using TraceStream = RecordStream<StdPlatform, kChunkWords>;
using TracePool = TraceStream::Pool;

// In rounds. In each the encoder first learns from all records that could be causes of those that
// it then draws, by time; one whose causes have not been drawn yet waits for them, into the next
// round if need be.
//
// Thread safety: one thread at a time.
class RecordMerge {
 public:
  // All live longer.
  RecordMerge(TracePool& pool, TraceEncoder& encoder, TraceFile& file)
      : pool_(pool), encoder_(encoder), file_(file) {}

  // In the order of the encoder's streams.
  void Add(const TraceStream& stream);

  // Draws what has been published, or the first part of it. Returns how many words there were.
  std::uint64_t Round();
  // Instead: lets it all go.
  void Discard();

  std::int64_t records() const { return records_; }

 private:
  using Reader = RecordReader<StdPlatform, kChunkWords>;

  struct Source {
    Reader learn;
    Reader draw;
    std::int64_t order = 0;                      // of the last record
    std::uint64_t stuck_at = ~std::uint64_t{0};  // where it waited at the end of a round
  };
  struct Next {
    std::int64_t order;
    std::size_t stream;
  };

  void Learn(std::size_t stream);
  void Draw();
  // By time; starts after everything else of that time, since most of it is what they wait for.
  static std::int64_t OrderOf(std::int64_t time_ns, TaskEventKind kind) {
    return 2 * time_ns + (kind == TaskEventKind::kStarted ? 1 : 0);
  }
  static std::int64_t OrderOf(RecordHead head) { return OrderOf(head.time_ns(), head.kind()); }
  // Up to what time a round draws: all there is, or less where much is there.
  std::int64_t Horizon() const;
  // Puts the stream into the queue if there is something to draw in this round.
  void Queue(std::size_t stream);
  // Draws the record at the reader. False: what comes before it has not been drawn, and it may
  // wait.
  bool DrawOne(std::size_t stream, bool may_wait);
  void DrawEvent(std::size_t stream, RecordHead head, std::uint64_t task);
  void Retry();
  void EndWaits();
  std::uint64_t ArrowOf(std::size_t stream, const Reader& reader) const;
  static std::uint32_t WordsOf(const Reader& reader, RecordHead head);

  TracePool& pool_;
  TraceEncoder& encoder_;
  TraceFile& file_;
  std::vector<const TraceStream*> streams_;
  std::vector<Source> sources_;
  std::vector<Cut> cuts_;
  std::int64_t horizon_ = 0;  // the order up to which the round draws
  std::int64_t learn_until_ns_ = 0;
  std::int64_t learned_ns_ = 0;       // the latest time of what has been learned
  std::vector<Next> queue_;           // a heap, the earliest first
  std::vector<std::size_t> waiting_;  // streams whose next record waits
  bool retry_ = false;                // one of them may be able to go on
  std::string kind_;
  std::string name_;
  std::int64_t records_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_RECORD_MERGE_H_
