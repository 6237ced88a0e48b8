// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <cstdint>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "weft/integrations/trace/internal/chunk_pool.h"
#include "weft/integrations/trace/internal/record_stream.h"

namespace weft::models {
namespace {

constexpr std::uint32_t kWords = 4;

using Stream = internal::RecordStream<ModelPlatform, kWords>;
using Reader = internal::RecordReader<ModelPlatform, kWords>;
using Pool = Stream::Pool;

// A record of one word more than `words`, of which the first is `value`.
bool Tell(Stream& stream, Pool& pool, std::uint64_t value, std::uint32_t words = 0) {
  if (!stream.HasRoom(words + 1) && !stream.MakeRoom(pool)) return false;
  stream.words()[0].Write(value);
  for (std::uint32_t i = 1; i <= words; ++i) stream.words()[i].Write(value + 100);
  stream.Publish(words + 1);
  return true;
}

// Reads records of one word, in their order from `next` on, and adds up what was lost.
void ReadAll(const Stream& stream, Reader& reader, Pool& pool, std::uint64_t& next,
             std::uint64_t& lost) {
  const std::uint64_t end = stream.published();
  while (reader.Seek(stream, end, &pool)) {
    const bool gap = reader.Word(0) == Stream::kGap;
    if (gap) {
      lost += reader.Word(1);
      next += reader.Word(1);
    } else {
      Check(reader.Word(0) == next++, "records come in order, each once");
    }
    reader.Advance(gap ? 2 : 1);
  }
}

// Three chunks are needed and there are two: one is used again, or records are lost.
TEST(RecordStreamModel, WhatIsNotReadWasLostAndCounted) {
  CheckModel({.name = "stream_order"}, [](Model& m) {
    constexpr std::uint64_t kRecords = 3 * kWords;
    Pool pool(2);
    Stream stream;
    Reader reader;
    std::uint64_t next = 1;
    std::uint64_t lost = 0;
    m.Thread([&] {
      for (std::uint64_t value = 1; value <= kRecords; ++value) Tell(stream, pool, value);
    });
    m.Thread([&] {
      for (int i = 0; i < 2; ++i) ReadAll(stream, reader, pool, next, lost);
    });
    m.Finally([&] {
      ReadAll(stream, reader, pool, next, lost);
      std::uint64_t told = kRecords;
      Check(next - 1 + (stream.lost() - lost) == told, "what is not there is counted");
      while (told < 4 * kRecords) {  // losses and gaps by turns
        Tell(stream, pool, ++told);
        if (told % kRecords == 0) ReadAll(stream, reader, pool, next, lost);
      }
      Check(next - 1 + (stream.lost() - lost) == told, "each loss is counted once");
    });
  });
}

// A record never lies in two chunks.
TEST(RecordStreamModel, ARecordLiesInOneChunk) {
  CheckModel({.name = "stream_sizes"}, [](Model& m) {
    Pool pool(3);
    Stream stream;
    Reader reader;
    std::uint64_t next = 1;
    const auto read = [&] {
      const std::uint64_t end = stream.published();
      while (reader.Seek(stream, end, &pool)) {
        const std::uint64_t value = reader.Word(0);
        Check(value == next++, "records come in order");
        const auto words = static_cast<std::uint32_t>(value % 2);
        if (words == 1) Check(reader.Word(1) == value + 100, "a record is whole");
        reader.Advance(1 + words);
      }
    };
    m.Thread([&] {
      for (std::uint64_t value = 1; value <= 5; ++value) {
        Tell(stream, pool, value, static_cast<std::uint32_t>(value % 2));
      }
    });
    m.Thread([&] { read(); });
    m.Finally([&] {
      read();
      Check(next == 6, "all are there");
    });
  });
}

// Two words are left, and a record of three is lost: what comes next must not go before the gap.
TEST(RecordStreamModel, ARecordBehindALossComesBehindItsGap) {
  CheckModel({.name = "stream_loss"}, [](Model& m) {
    Pool pool(1);
    Stream stream;
    Reader reader;
    std::uint64_t next = 1;
    std::uint64_t lost = 0;
    m.Thread([&] {
      for (std::uint64_t value = 1; value <= 4; ++value) {
        Tell(stream, pool, value, value == 3 ? 2 : 0);
      }
    });
    m.Thread([&] { ReadAll(stream, reader, pool, next, lost); });
    m.Finally([&] { ReadAll(stream, reader, pool, next, lost); });
  });
}

// Two take while one gives back: each chunk has one owner at a time.
TEST(RecordStreamModel, AChunkHasOneOwner) {
  CheckModel({.name = "chunk_owner"}, [](Model& m) {
    Pool pool(4);
    Pool::Chunk* const first = pool.Take();
    Pool::Chunk* const second = pool.Take();
    first->words[0].Write(1);
    second->words[0].Write(2);
    pool.Give(*first);
    pool.Give(*second);
    for (int thread = 0; thread < 2; ++thread) {
      m.Thread([&pool] {
        Pool::Chunk* const chunk = pool.Take();
        Check(chunk != nullptr, "there are four");
        chunk->words[0].Change() += 1;  // a data race if another has it
      });
    }
    m.Thread([&pool] {
      Pool::Chunk* const one = pool.Take();
      one->words[0].Change() += 1;
      Pool::Chunk* const other = pool.Take();
      pool.Give(*one);
      other->words[0].Change() += 1;
    });
    m.Finally([] {});
  });
}

// Made, used and given back by one thread, then taken by the other.
TEST(RecordStreamModel, AGivenChunkHasBeenRead) {
  CheckModel({.name = "chunk_read"}, [](Model& m) {
    Pool pool(2);
    m.Thread([&pool] {
      Pool::Chunk* const chunk = pool.Take();
      chunk->words[0].Write(7);
      Check(chunk->words[0].Read() == 7, "nobody else has it");
      pool.Give(*chunk);
    });
    m.Thread([&pool] { pool.Take()->words[0].Write(8); });
    m.Finally([] {});
  });
}

// One tells, and lets the other know, who then tells: whoever sees the second in a cut knows
// the first as well.
TEST(RecordStreamModel, ACutKnowsTheCauses) {
  CheckModel({.name = "stream_cut", .preemptions = 3}, [](Model& m) {
    Pool pool(4);
    Stream cause;
    Stream effect;
    ModelPlatform::Atomic<int> told{0};
    m.Thread([&] {
      Tell(cause, pool, 1);
      told.store(1, std::memory_order_release);
    });
    m.Thread([&] {
      if (told.load(std::memory_order_acquire) == 1) Tell(effect, pool, 2);
    });
    m.Thread([&] {
      const std::array<const Stream*, 2> streams{&cause, &effect};
      std::array<internal::Cut, 2> cuts;
      internal::TakeCuts(streams, cuts);
      if (cuts[1].told == 0) return;
      Check(cuts[0].known == 1, "the cause is known");
      Reader reader;
      Check(reader.Seek(cause, cuts[0].known, nullptr) && reader.Word(0) == 1, "and can be read");
    });
    m.Finally([] {});
  });
}

}  // namespace
}  // namespace weft::models
