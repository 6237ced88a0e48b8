// SPDX-License-Identifier: Apache-2.0
//
// A value that counts its copies.

#ifndef WEFT_TESTS_TESTING_TRACKED_H_
#define WEFT_TESTS_TESTING_TRACKED_H_

#include <atomic>
#include <string>
#include <utility>

namespace weft::testing {

// Thread safety: as a plain value; the count may be shared.
struct Tracked {
  explicit Tracked(std::atomic<int>& copies_at_start, std::string text_at_start = "value")
      : copies(&copies_at_start), text(std::move(text_at_start)) {}
  Tracked(Tracked&& other) noexcept = default;
  Tracked(const Tracked& other) : copies(other.copies), text(other.text) { ++*copies; }
  Tracked& operator=(Tracked&&) = delete;
  Tracked& operator=(const Tracked&) = delete;
  ~Tracked() = default;

  std::atomic<int>* copies;
  std::string text;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_TESTING_TRACKED_H_
