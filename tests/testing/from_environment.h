// SPDX-License-Identifier: Apache-2.0
//
// How many of something random to try: more by hand than in a run of all tests.

#ifndef WEFT_TESTS_TESTING_FROM_ENVIRONMENT_H_
#define WEFT_TESTS_TESTING_FROM_ENVIRONMENT_H_

#include <cstdlib>

namespace weft::testing {

// The number that the environment variable `name` has, or `otherwise`.
inline unsigned FromEnvironment(const char* name, unsigned otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

}  // namespace weft::testing

#endif  // WEFT_TESTS_TESTING_FROM_ENVIRONMENT_H_
