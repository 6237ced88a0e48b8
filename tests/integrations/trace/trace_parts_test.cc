// SPDX-License-Identifier: Apache-2.0
//
// The parts of the writer, one by one.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/trace/wire_message.h"
#include "weft/core/internal/platform.h"
#include "weft/integrations/trace/internal/counter_track.h"
#include "weft/integrations/trace/internal/packet_buffer.h"
#include "weft/integrations/trace/internal/resident_memory.h"
#include "weft/integrations/trace/internal/sample_time.h"
#include "weft/integrations/trace/internal/task_table.h"
#include "weft/integrations/trace/internal/trace_record.h"
#include "weft/integrations/trace/internal/valid_utf8.h"
#include "weft/integrations/trace/internal/wait_rows.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(PacketBufferTest, NumbersAndTextsComeBack) {
  constexpr std::uint64_t kNumbers[] = {
      0, 1, 127, 128, 16'384, std::uint64_t{1} << 62, std::numeric_limits<std::uint64_t>::max()};
  internal::PacketBuffer buffer(1);
  for (const std::uint64_t number : kNumbers) {
    buffer.Number(1, number);
    buffer.Fixed(47, number);
  }
  buffer.Text(536'870'911, "text");
  testing::WireReader reader(buffer.bytes());
  testing::WireField field;
  for (const std::uint64_t number : kNumbers) {
    ASSERT_TRUE(reader.Next(field));
    EXPECT_EQ(field.value, number);
    ASSERT_TRUE(reader.Next(field));
    EXPECT_EQ(field.number, 47);
    EXPECT_EQ(field.value, number);
  }
  ASSERT_TRUE(reader.Next(field));
  EXPECT_EQ(field.number, 536'870'911);
  EXPECT_EQ(field.bytes, "text");
  EXPECT_TRUE(reader.done());
}

TEST(PacketBufferTest, AMessageMayBeOfAnySize) {
  for (const std::size_t size : {0, 1, 120, 127, 128, 200, 16'383, 16'384, 3'000'000}) {
    internal::PacketBuffer buffer(16);
    const std::size_t outer = buffer.Open(1);
    const std::size_t inner = buffer.Open(2);
    buffer.Text(3, std::string(size, 'x'));
    buffer.Shut(inner);
    buffer.Number(4, 5);
    buffer.Shut(outer);
    buffer.Number(6, 7);
    testing::WireField field;
    testing::WireReader all(buffer.bytes());
    ASSERT_TRUE(all.Next(field)) << size;
    testing::WireReader message(field.bytes);
    ASSERT_TRUE(message.Next(field)) << size;
    testing::WireField text;
    ASSERT_TRUE(testing::WireReader(field.bytes).Next(text)) << size;
    EXPECT_EQ(text.bytes.size(), size);
    ASSERT_TRUE(message.Next(field)) << size;
    EXPECT_EQ(field.value, 5);
    ASSERT_TRUE(all.Next(field)) << size;
    EXPECT_EQ(field.value, 7);
    EXPECT_TRUE(all.done());
  }
}

TEST(WaitRowsTest, TheFirstFreeRowIsTaken) {
  internal::WaitRows rows(3);
  EXPECT_EQ(rows.Take(0, 10), 0);
  EXPECT_EQ(rows.Take(5, 20), 1);
  EXPECT_EQ(rows.Take(10, 12), 0);
  EXPECT_EQ(rows.Take(11, 30), 2);
  EXPECT_EQ(rows.Take(11, 12), internal::WaitRows::kNone);
  EXPECT_EQ(rows.Take(12, 13), 0);
}

TEST(WaitRowsTest, NoRowsAtAll) {
  internal::WaitRows rows(0);
  EXPECT_EQ(rows.Take(0, 1), internal::WaitRows::kNone);
}

TEST(WaitRowsTest, IsAsASearchOverAllRows) {
  for (const int count : {1, 5, 64, 100}) {
    internal::WaitRows rows(count);
    std::vector<std::int64_t> plain(static_cast<std::size_t>(count), -1);
    std::mt19937_64 random(7);
    for (int i = 0; i < 10'000; ++i) {
      const auto begin = static_cast<std::int64_t>(random() % 1000) + i;
      const std::int64_t end = begin + static_cast<std::int64_t>(random() % 1000);
      const auto found = std::ranges::find_if(plain, [=](std::int64_t t) { return t <= begin; });
      const int expected = found == plain.end() ? -1 : static_cast<int>(found - plain.begin());
      ASSERT_EQ(rows.Take(begin, end), expected);
      if (expected >= 0) *found = end;
    }
  }
}

TEST(CounterTrackTest, WritesTheFirstValueOfAStepAndTheLast) {
  internal::CounterTrack counter;
  std::vector<std::pair<std::int64_t, std::int64_t>> written;
  const auto write = [&written](std::int64_t time_ns, std::int64_t value) {
    written.emplace_back(time_ns, value);
  };
  counter.Add(0, 1, write);
  for (int i = 1; i <= 100; ++i) counter.Add(i, 1, write);
  counter.Add(10'000, -1, write);
  counter.Add(50'000, -1, write);
  counter.Add(50'001, -1, write);
  EXPECT_THAT(written,
              ElementsAre(Pair(0, 1), Pair(100, 101), Pair(10'000, 100), Pair(50'000, 99)));
  counter.Flush(write);
  counter.Flush(write);
  EXPECT_EQ(written.size(), 5);
  EXPECT_EQ(written.back(), std::pair(std::int64_t{50'001}, std::int64_t{98}));
}

TEST(CounterTrackTest, TimesDoNotFall) {
  internal::CounterTrack counter;
  std::int64_t last = 0;
  const auto write = [&last](std::int64_t time_ns, std::int64_t) {
    EXPECT_GE(time_ns, last);
    last = time_ns;
  };
  for (const std::int64_t time : {50'000, 20'000, 70'000, 65'000, 65'001}) {
    counter.Add(time, 1, write);
    counter.Flush(write);
  }
}

TEST(TaskTableTest, KeepsTasksAndArrowsUpToItsLimits) {
  internal::TaskTable table(2);
  ASSERT_NE(table.FindOrAdd(1), nullptr);
  ASSERT_NE(table.FindOrAdd(2), nullptr);
  EXPECT_EQ(table.FindOrAdd(3), nullptr);
  for (std::uint64_t arrow = 0; arrow < 8; ++arrow) {
    EXPECT_TRUE(table.AddArrow(*table.Find(1 + arrow % 2), arrow));
  }
  EXPECT_FALSE(table.AddArrow(*table.Find(1), 9));
  std::vector<std::uint64_t> arrows;
  table.TakeArrows(*table.Find(1), arrows);
  EXPECT_THAT(arrows, ::testing::UnorderedElementsAre(0, 2, 4, 6));
  EXPECT_TRUE(table.AddArrow(*table.Find(1), 9)) << "their room is free again";
  table.Erase(2);
  EXPECT_EQ(table.Find(2), nullptr);
  ASSERT_NE(table.FindOrAdd(3), nullptr);
  for (std::uint64_t arrow = 0; arrow < 7; ++arrow) {
    EXPECT_TRUE(table.AddArrow(*table.Find(3), arrow));
  }
  EXPECT_FALSE(table.AddArrow(*table.Find(3), 7));
}

TEST(SampleTimeTest, FollowsTheClockOfTheEvents) {
  using std::chrono::seconds;
  constexpr std::int64_t kSecond = 1'000'000'000;
  internal::SampleTime time;
  EXPECT_EQ(time.At(seconds(100), 0), 0) << "nothing has been told";
  EXPECT_EQ(time.At(seconds(105), 2 * kSecond), 2 * kSecond);
  EXPECT_EQ(time.At(seconds(106), 2 * kSecond), 3 * kSecond) << "time goes on without events";
  // Told later than the last time: the clocks are as far apart as before, nearly.
  const std::int64_t later = time.At(seconds(110), 6 * kSecond);
  EXPECT_LE(later, 7 * kSecond);
  EXPECT_GE(later, 7 * kSecond - kSecond / 500);
  // Told sooner.
  EXPECT_EQ(time.At(seconds(111), 9 * kSecond), 9 * kSecond);
  EXPECT_EQ(time.At(seconds(112), 9 * kSecond), 10 * kSecond);
}

TEST(ResidentMemoryTest, GrowsWithWhatIsUsed) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const internal::ResidentMemory memory;
  const auto before = memory.Sample();
  ASSERT_TRUE(before);
  EXPECT_GT(*before, 100'000);
  const std::vector<char> used(kBytes, 1);
  EXPECT_GE(*memory.Sample(), *before + static_cast<std::int64_t>(kBytes / 2));
}

TEST(RecordHeadTest, HoldsWhatAnEventSays) {
  TaskEvent event;
  event.time_ns = 63'072'000'000'000'000;  // two years
  event.kind = TaskEventKind::kEnded;
  event.state = TaskState::kSkipped;
  const auto head = internal::RecordHead::Of(event, 2);
  EXPECT_EQ(head.time_ns(), event.time_ns);
  EXPECT_EQ(head.kind(), event.kind);
  EXPECT_EQ(head.state(), event.state);
  EXPECT_EQ(head.attempt(), 2U);
}

// As the words of a record are read.
struct WordReader {
  using Cell = internal::StdPlatform::Plain<std::uint64_t>;
  std::vector<Cell> words;
  std::uint64_t Word(std::uint32_t index) const { return words[index].Read(); }
};

TEST(RecordTextTest, TextsOfAnySizeComeBack) {
  std::string text;
  std::string read;
  for (std::size_t size = 0; size <= 40; ++size) {
    const std::vector<char> tight(text.begin(), text.end());  // nothing is read beyond its end
    WordReader reader{std::vector<WordReader::Cell>(8, WordReader::Cell(~std::uint64_t{0}))};
    const auto* const end =
        internal::PutText({tight.data(), tight.size()}, reader.words.data() + 1);
    EXPECT_EQ(end - reader.words.data(), 1 + internal::TextHead::WordsOf(size));
    internal::ReadText(reader, 1, size, read);
    EXPECT_EQ(read, text);
    text += static_cast<char>('\x80' + size);
  }
}

TEST(ValidUtf8Test, EveryCodePointIsKept) {
  std::string room;
  for (std::uint32_t code = 1; code <= 0x10ffff; code += code < 0x3000 ? 1 : 251) {
    if (code >= 0xd800 && code < 0xe000) continue;
    std::string text = "12345678";
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += {static_cast<char>(0xc0 | (code >> 6)), static_cast<char>(0x80 | (code & 63))};
    } else if (code < 0x10000) {
      text += {static_cast<char>(0xe0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 63)),
               static_cast<char>(0x80 | (code & 63))};
    } else {
      text +=
          {static_cast<char>(0xf0 | (code >> 18)), static_cast<char>(0x80 | ((code >> 12) & 63)),
           static_cast<char>(0x80 | ((code >> 6) & 63)), static_cast<char>(0x80 | (code & 63))};
    }
    ASSERT_EQ(internal::ValidUtf8(text, room).data(), text.data()) << code;
  }
}

}  // namespace
}  // namespace weft
