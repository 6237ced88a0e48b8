// SPDX-License-Identifier: Apache-2.0
//
// The part of memory.h that waits, and plain data.

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "models/memory.h"
#include "models/threads.h"

namespace weft::models {

void Memory::ReadPlain(Location& location) {
  CheckUse(location);
  ModelThread& self = threads_.running();
  const Clock::Time now = ++self.clock[self.id];
  Record("read", location, "");
  if (!self.clock.Knows(location.writer, location.written_at)) {
    threads_.Fail("data race: thread " + std::to_string(self.id) + " reads " + NameOf(location) +
                  ", nothing orders it after the write by thread " +
                  std::to_string(location.writer));
  }
  location.reads[self.id] = now;
  Touch(location);
}

void Memory::WritePlain(Location& location) {
  CheckUse(location);
  ModelThread& self = threads_.running();
  const Clock::Time now = ++self.clock[self.id];
  Record("write", location, "");
  const bool after_write = self.clock.Knows(location.writer, location.written_at);
  const int reader = self.clock.FirstUnknownIn(location.reads);
  if (!after_write || reader >= 0) {
    threads_.Fail("data race: thread " + std::to_string(self.id) + " writes " + NameOf(location) +
                  ", nothing orders it after the " +
                  (after_write ? "read by thread " + std::to_string(reader)
                               : "write by thread " + std::to_string(location.writer)));
  }
  location.writer = self.id;
  location.written_at = now;
  Touch(location);
}

void Memory::Lock(Location& location) {
  BeginOperation(location, /*writes=*/true);
  if (location.set) threads_.WaitFor(Waiting::kForLock, &location);
  CheckUse(location);  // it may have been destroyed meanwhile
  location.set = true;
  location.holder = threads_.running().id;
  threads_.running().clock.Join(location.released);
  Record("lock", location, "");
}

// No choice before it: whatever the others could do here they can do before the
// holder's last operation, as long as nobody only tries a lock.
void Memory::Unlock(Location& location) {
  CheckUse(location);
  ModelThread& self = threads_.running();
  if (!location.set || location.holder != self.id) {
    threads_.Fail(NameOf(location) + " unlocked by thread " + std::to_string(self.id) +
                  ", which does not hold it");
  }
  threads_.CountStep();
  Touch(location);
  location.released = self.clock;
  location.set = false;
  threads_.CountWrite();
  Record("unlock", location, "");
}

bool Memory::Park(Location& location, const Threads::TimePoint* deadline) {
  BeginOperation(location, /*writes=*/true);
  if (!location.set) {
    Record("sleep", location, "");
    threads_.WaitFor(deadline == nullptr ? Waiting::kForToken : Waiting::kForTokenOrTime,
                     &location);
    CheckUse(location);
    if (!location.set) {
      threads_.Advance(*deadline);
      Record("timeout", location, "");
      return false;
    }
  }
  location.set = false;
  threads_.running().clock.Join(location.released);
  // A let-go that comes from now on is another one; the old ones have been heard.
  Touch(location);
  Record("park", location, "let go");
  return true;
}

void Memory::Unpark(Location& location) {
  BeginOperation(location, /*writes=*/true);
  location.released.Join(threads_.running().clock);
  location.set = true;
  threads_.CountWrite();
  Record("unpark", location, "");
}

void Memory::Pause(const char* name) {
  ModelThread& self = threads_.running();
  if (recording_) {
    Location nothing;
    nothing.name = "-";
    Record(name, nothing, "");
  }
  threads_.Pause();
  // What a loop polls is seen in the end; what it has not looked at may stay old.
  for (Location* const location : self.polled) {
    location->polled_by &= ~(std::uint32_t{1} << self.id);
    StoreRecord& newest = location->history.at(location->history.newest());
    newest.first_reads[self.id] = std::min(newest.first_reads[self.id], self.clock[self.id]);
  }
  self.polled.clear();
}

void Memory::Wait(Location& location, std::uint64_t old, std::memory_order order) {
  while (Load(location, order) == old) {
    ModelThread& self = threads_.running();
    StoreRecord& newest = location.history.at(location.history.newest());
    if (newest.value == old) {
      Record("sleep", location, "");
      self.notified = false;
      threads_.WaitFor(Waiting::kForNotify, &location);
      CheckUse(location);
    } else {
      // The value that a sleeper compares, under a lock of the system, is the newest.
      newest.first_reads[self.id] = std::min(newest.first_reads[self.id], self.clock[self.id]);
    }
  }
}

void Memory::Notify(Location& location, bool all) {
  BeginOperation(location, /*writes=*/true);
  const std::vector<ModelThread*> waiters = threads_.WaitersAt(location);
  Record(all ? "notify all" : "notify", location, std::to_string(waiters.size()) + " wait");
  if (waiters.empty()) return;
  if (all) {
    for (ModelThread* const waiter : waiters) waiter->notified = true;
  } else {
    const int pick = threads_.Choose(ChoiceKind::kWaiter, static_cast<int>(waiters.size()));
    waiters[static_cast<std::size_t>(pick)]->notified = true;
  }
}

}  // namespace weft::models
