// SPDX-License-Identifier: Apache-2.0
//
// One object of a model that threads share: an atomic, plain data, a lock, a parker.

#ifndef WEFT_TESTS_MODELS_LOCATION_H_
#define WEFT_TESTS_MODELS_LOCATION_H_

#include <cstdint>
#include <string>

#include "models/clock.h"
#include "models/history.h"

namespace weft::models {

enum class LocationKind : std::uint8_t { kAtomic, kPlain, kLock, kParker };

// When an object was made: the same in every execution but for the time.
struct Birth {
  int maker = 0;
  std::uint32_t nth = 0;  // object of that thread
  Clock::Time time = 0;
};

struct Location {
  LocationKind kind = LocationKind::kAtomic;
  const void* owner = nullptr;  // where the object lies; null when it was destroyed
  std::string name;
  Birth birth;
  Clock accesses;  // the last of each thread

  History history;              // of an atomic
  std::uint32_t polled_by = 0;  // of an atomic: a bit for each thread
  int writer = 0;               // of plain data
  Clock::Time written_at = 0;   // of plain data
  Clock reads;                  // of plain data
  Clock released;               // of a lock or parker
  bool set = false;             // a lock is taken, a parker has been let go
  int holder = 0;               // of a lock
};

// The name it was given, or its kind and Birth.
std::string NameOf(const Location& location);

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_LOCATION_H_
