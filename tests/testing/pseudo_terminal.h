// SPDX-License-Identifier: Apache-2.0
//
// A terminal without a screen: one side for a program, the other for a test.

#ifndef WEFT_TESTS_TESTING_PSEUDO_TERMINAL_H_
#define WEFT_TESTS_TESTING_PSEUDO_TERMINAL_H_

#include <string>

namespace weft::testing {

// Aborts where the system has none.
//
// Thread safety: one thread at a time.
class PseudoTerminal {
 public:
  explicit PseudoTerminal(int columns);
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;
  ~PseudoTerminal();

  int descriptor() const { return program_; }
  void SetColumns(int columns) const;

  // What has been written since the last call. Blocks until it has come through.
  std::string Read() const;

  // Gives both ends away: the caller closes them.
  int TakeProgramEnd();
  int TakeTestEnd();

 private:
  int test_ = -1;
  int program_ = -1;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_TESTING_PSEUDO_TERMINAL_H_
