// SPDX-License-Identifier: Apache-2.0

#include <cstdint>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "weft/sync/internal/unit_counts.h"

namespace weft::models {
namespace {

using Counts = internal::UnitCounts<ModelPlatform>;
using internal::UnitFigures;

TEST(UnitCountsModel, OneOfThoseThatEndUnitsIsTheLast) {
  CheckModel({.name = "unit_counts_last", .preemptions = 4, .stale = 4}, [](Model& m) {
    Counts counts;
    counts.Announce(3, 0);
    ModelPlatform::Atomic<int> last{0};
    ModelPlatform::Plain<int> work[2] = {ModelPlatform::Plain<int>(0),
                                         ModelPlatform::Plain<int>(0)};
    const auto note = [&](bool was_last) {
      if (!was_last) return;
      last.fetch_add(1, std::memory_order_relaxed);
      Check(work[0].Read() + work[1].Read() == 2, "what came before each end is visible");
      const UnitFigures figures = counts.Read();
      Check(figures.completed == 2 && figures.failed == 1, "and so are all ends");
    };
    m.Thread([&] {
      work[0].Write(1);
      note(counts.Complete(1, 0).last);
    });
    m.Thread([&] {
      work[1].Write(1);
      note(counts.Fail(1, 0).last);
    });
    m.Thread([&] { note(counts.Complete(1, 0).last); });
    m.Finally([&] { Check(last.load(std::memory_order_relaxed) == 1, "one was the last"); });
  });
}

// Each unit announces another before it ends, as a walk through folders does.
TEST(UnitCountsModel, AReaderNeverSeesMoreThanTheTotalOrLessThanBefore) {
  CheckModel({.name = "unit_counts_reader"}, [](Model& m) {
    Counts counts;
    counts.Announce(2, 0);
    const auto work = [&](bool well) {
      counts.Announce(1, 0);
      well ? counts.Complete(1, 0) : counts.Fail(1, 0);
    };
    m.Thread([&] { work(true); });
    m.Thread([&] { work(false); });
    m.Thread([&] {
      UnitFigures before;
      for (int reading = 0; reading < 2; ++reading) {
        const UnitFigures now = counts.Read();
        // As many are left as at the beginning, or more.
        Check(now.completed + now.failed + 2 <= now.total, "the total is never behind");
        Check(now.completed >= before.completed && now.failed >= before.failed &&
                  now.total >= before.total,
              "figures never go down");
        before = now;
      }
    });
    m.Finally([&] {
      const UnitFigures end = counts.Read();
      Check(end.completed == 1 && end.failed == 1 && end.total == 4, "they are exact in the end");
    });
  });
}

TEST(UnitCountsModel, ItEndsByItsLastUnitOrByItsHandle) {
  CheckModel({.name = "unit_counts_end", .preemptions = 4, .stale = 4}, [](Model& m) {
    Counts counts;
    counts.Announce(1, 0);
    ModelPlatform::Atomic<int> last{0};
    m.Thread([&] { last.fetch_add(counts.Complete(1, 0).last, std::memory_order_relaxed); });
    m.Thread([&] { last.fetch_add(counts.End(), std::memory_order_relaxed); });
    m.Finally([&] { Check(last.load(std::memory_order_relaxed) == 1, "one has ended it"); });
  });
}

// Who holds the counts announces more until it lets go.
TEST(UnitCountsModel, WhatIsHeldEndsWithItsLastUnitOrItsLastRelease) {
  CheckModel({.name = "unit_counts_hold", .preemptions = 4, .stale = 4}, [](Model& m) {
    Counts counts;
    counts.Hold();
    counts.Announce(1, 0);
    ModelPlatform::Atomic<int> last{0};
    ModelPlatform::Plain<int> work(0);
    const auto note = [&](bool was_last) {
      if (!was_last) return;
      last.fetch_add(1, std::memory_order_relaxed);
      const UnitFigures figures = counts.Read();
      Check(figures.completed == 1 && figures.failed == 1 && figures.total == 2,
            "nothing that is held ends before all of it");
      Check(work.Read() == 1, "what came before each end is visible");
    };
    m.Thread([&] {
      counts.Announce(1, 0);
      note(counts.Fail(1, 0).last);
      note(counts.Release());
    });
    m.Thread([&] {
      work.Write(1);
      note(counts.Complete(1, 0).last);
    });
    m.Finally([&] { Check(last.load(std::memory_order_relaxed) == 1, "one was the last"); });
  });
}

}  // namespace
}  // namespace weft::models
