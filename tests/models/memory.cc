// SPDX-License-Identifier: Apache-2.0

#include "models/memory.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "models/threads.h"

namespace weft::models {
namespace {

// A thread that reads the same old store more often than this in one execution would
// only repeat itself: every machine shows the newest in the end.
constexpr int kStaleRepeats = 2;
// Spurious failures of weak exchanges in one execution.
constexpr int kSpurious = 1;

bool Acquires(std::memory_order order) {
  return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

bool Releases(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

bool IsSc(std::memory_order order) { return order == std::memory_order_seq_cst; }

}  // namespace

std::string NameOf(const Location& location) {
  if (!location.name.empty()) return location.name;
  static constexpr const char* kKinds[] = {"atomic ", "plain ", "lock ", "parker "};
  const Birth& birth = location.birth;
  return kKinds[static_cast<int>(location.kind)] +
         (birth.maker == 0 ? "" : std::to_string(birth.maker) + '.') +
         std::to_string(birth.nth + 1);
}

std::string NameOf(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed: return "relaxed";
    case std::memory_order_consume: return "consume";
    case std::memory_order_acquire: return "acquire";
    case std::memory_order_release: return "release";
    case std::memory_order_acq_rel: return "acq_rel";
    case std::memory_order_seq_cst: return "seq_cst";
  }
  return "";
}

// The same in every execution: addresses go by the order in which they turn up.
std::string Memory::Text(std::uint64_t value) {
  constexpr std::uint64_t kFirstAddress = std::uint64_t{1} << 40;
  constexpr std::uint64_t kLastAddress = std::uint64_t{1} << 48;
  if (value < kFirstAddress || value > kLastAddress) {
    return std::to_string(static_cast<std::int64_t>(value));
  }
  auto known = std::find(addresses_.begin(), addresses_.end(), value);
  if (known == addresses_.end()) known = addresses_.insert(known, value);
  return "address " + std::to_string(known - addresses_.begin() + 1);
}

void Memory::Begin(bool stop_everywhere) {
  stop_everywhere_ = stop_everywhere;
  for (std::uint32_t i = 0; i < count_; ++i) locations_[i].owner = nullptr;
  count_ = 0;
  made_ = {};
  fenced_ = {};
  at_light_ = {};
  at_heavy_ = {};
  stale_ = 0;
  spurious_ = 0;
  steps_.clear();
  addresses_.clear();
}

std::uint32_t Memory::Make(LocationKind kind, const void* owner, const Birth& birth,
                           std::uint64_t value) {
  if (count_ == locations_.size()) locations_.emplace_back();
  Location& location = locations_[count_++];
  location.kind = kind;
  location.owner = owner;
  location.name.clear();
  location.birth = birth;
  location.accesses = Clock();
  location.released = Clock();
  location.set = false;
  location.polled_by = 0;
  location.writer = birth.maker;
  location.written_at = birth.time;
  location.reads = Clock();
  location.history.Begin();
  StoreRecord& first = location.history.InsertAfter(-1);
  first.value = value;
  first.thread = birth.maker;
  first.time = birth.time;
  return count_ - 1;
}

Location& Memory::At(std::uint32_t number, const void* owner) {
  // The object's memory is kept until the execution ends, so its number can be trusted
  // unless another object has been made in the same place.
  if (number >= count_ || locations_[number].owner != owner) {
    threads_.Fail("used after it was destroyed: " +
                  (number < count_ ? NameOf(locations_[number]) : "an object") + " by thread " +
                  std::to_string(threads_.running().id));
  }
  return locations_[number];
}

void Memory::Destroy(std::uint32_t number, const void* owner) {
  Location& location = At(number, owner);
  const ModelThread& self = threads_.running();
  const int user = self.clock.FirstUnknownIn(location.accesses);
  if (user >= 0) {
    threads_.Fail("destroyed too early: " + NameOf(location) + " by thread " +
                  std::to_string(self.id) + ", while nothing orders this after the last use by " +
                  "thread " + std::to_string(user));
  }
  location.owner = nullptr;
  Record("destroy", location, "");
}

void Memory::CheckUse(Location& location) {
  const ModelThread& self = threads_.running();
  if (location.owner == nullptr) {
    threads_.Fail("used after it was destroyed: " + NameOf(location) + " by thread " +
                  std::to_string(self.id));
  }
  if (!self.clock.Knows(location.birth.maker, location.birth.time)) {
    threads_.Fail("data race: thread " + std::to_string(self.id) + " uses " + NameOf(location) +
                  ", whose making by thread " + std::to_string(location.birth.maker) +
                  " does not happen before");
  }
}

void Memory::Touch(Location& location) {
  ModelThread& self = threads_.running();
  location.accesses[self.id] = self.clock[self.id];
}

void Memory::BeginOperation(Location& location, bool writes) {
  if (threads_.several()) {
    const bool shared = sharing_.Touch(location.birth, threads_.running().id, writes);
    if (shared || stop_everywhere_) threads_.Point();
  }
  CheckUse(location);
  threads_.CountStep();
  Touch(location);
}

template <class Allowed>
int Memory::PickPosition(Location& location, int oldest, Allowed allowed) {
  History& history = location.history;
  const int newest = history.newest();
  if (oldest == newest) return newest;
  const auto self = static_cast<std::size_t>(threads_.running().id);
  std::array<int, History::kKept> positions{};
  std::size_t count = 0;
  positions[count++] = newest;
  for (int i = newest - 1; i >= oldest && stale_ < bounds_.stale; --i) {
    if (allowed(i) && history.at(i).stale_reads[self] < kStaleRepeats) positions[count++] = i;
  }
  const int pick = threads_.Choose(ChoiceKind::kStore, static_cast<int>(count));
  const int position = positions[static_cast<std::size_t>(pick)];
  if (pick != 0) {
    ++stale_;
    ++history.at(position).stale_reads[self];
    threads_.running().saw_stale = true;
  }
  return position;
}

void Memory::NoteRead(Location& location, int position, std::memory_order order) {
  ModelThread& self = threads_.running();
  StoreRecord& store = location.history.at(position);
  Clock::Time& first = store.first_reads[self.id];
  first = std::min(first, self.clock[self.id]);
  if (Acquires(order)) self.clock.Join(store.released);
  if (IsSc(order)) store.in_sc_order = true;
  const std::uint32_t bit = std::uint32_t{1} << self.id;
  if ((location.polled_by & bit) == 0) {
    location.polled_by |= bit;
    self.polled.push_back(&location);
  }
}

std::uint64_t Memory::Load(Location& location, std::memory_order order) {
  BeginOperation(location, /*writes=*/false);
  History& history = location.history;
  const int oldest = history.Oldest(Bound(), IsSc(order));
  const int position = PickPosition(location, oldest, [](int) { return true; });
  NoteRead(location, position, order);
  const std::uint64_t value = history.at(position).value;
  if (recording_) {
    const int behind = history.newest() - position;
    Record("load", location,
           "= " + Text(value) + ", " + NameOf(order) +
               (behind > 0 ? ", " + std::to_string(behind) + " behind the newest" : ""));
  }
  return value;
}

StoreRecord& Memory::Insert(Location& location, int after, std::uint64_t value,
                            std::memory_order order) {
  ModelThread& self = threads_.running();
  History& history = location.history;
  if (after != history.newest() || value != history.at(after).value) threads_.CountWrite();
  StoreRecord& store = history.InsertAfter(after);
  store.value = value;
  store.thread = self.id;
  store.time = self.clock[self.id];
  store.in_sc_order = IsSc(order);
  if (Releases(order)) store.released = self.clock;
  return store;
}

void Memory::Store(Location& location, std::uint64_t value, std::memory_order order) {
  BeginOperation(location, /*writes=*/true);
  History& history = location.history;
  const int oldest = history.Oldest(Bound(), IsSc(order));
  const int after = PickPosition(location, oldest, [&](int i) { return history.OpenAfter(i); });
  const int behind = history.newest() - after;
  Insert(location, after, value, order);
  if (recording_) {
    Record("store", location,
           "= " + Text(value) + ", " + NameOf(order) +
               (behind > 0 ? ", " + std::to_string(behind) + " behind the newest" : ""));
  }
}

int Memory::BeginUpdate(Location& location, std::memory_order order) {
  BeginOperation(location, /*writes=*/true);
  History& history = location.history;
  const int oldest = history.Oldest(Bound(), IsSc(order));
  return PickPosition(location, oldest, [&](int i) { return history.OpenAfter(i); });
}

void Memory::EndUpdate(Location& location, int position, std::uint64_t value,
                       std::memory_order order) {
  History& history = location.history;
  const std::uint64_t old = history.at(position).value;
  const Clock released = history.at(position).released;
  if (Acquires(order)) threads_.running().clock.Join(released);
  StoreRecord& store = Insert(location, position, value, order);
  store.is_update = true;
  store.released.Join(released);  // the release sequence goes on
  if (recording_) {
    Record("update", location, Text(old) + " -> " + Text(value) + ", " + NameOf(order));
  }
}

bool Memory::CompareExchange(Location& location, std::uint64_t& expected, std::uint64_t desired,
                             std::memory_order success, std::memory_order failure, bool weak) {
  BeginOperation(location, /*writes=*/true);
  History& history = location.history;
  const Clock clock = Bound();
  const int oldest_success = history.Oldest(clock, IsSc(success));
  const int oldest_failure = history.Oldest(clock, IsSc(failure));
  const int position = PickPosition(location, std::min(oldest_success, oldest_failure), [&](int i) {
    return history.at(i).value == expected ? i >= oldest_success && history.OpenAfter(i)
                                           : i >= oldest_failure;
  });
  const std::uint64_t found = history.at(position).value;
  const bool spurious = found == expected && weak && spurious_ < kSpurious &&
                        threads_.Choose(ChoiceKind::kSpurious, 2) == 1;
  if (found == expected && !spurious) {
    EndUpdate(location, position, desired, success);
    return true;
  }
  if (spurious) ++spurious_;
  NoteRead(location, position, failure);
  if (recording_) {
    Record("compare", location,
           "= " + Text(found) + ", not " + Text(expected) + ", " + NameOf(failure) +
               (spurious ? ", failed for no reason" : ""));
  }
  expected = found;
  return false;
}

void Memory::Record(const char* operation, const Location& location, std::string details) {
  if (recording_) Record(operation, NameOf(location) + "  " + details);
}

void Memory::Record(const char* operation, const std::string& what) {
  if (!recording_) return;
  std::string line = std::to_string(threads_.step());
  line.resize(std::max<std::size_t>(line.size(), 6), ' ');
  line += "thread " + std::to_string(threads_.running().id) + "  " + operation;
  line.resize(std::max<std::size_t>(line.size(), 26), ' ');
  steps_.push_back(line + what);
}

}  // namespace weft::models
