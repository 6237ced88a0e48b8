// SPDX-License-Identifier: Apache-2.0
//
// A folder of files that is gone at the end of a test.

#ifndef WEFT_TESTS_INTEGRATIONS_CODEBASE_TEMP_TREE_H_
#define WEFT_TESTS_INTEGRATIONS_CODEBASE_TEMP_TREE_H_

#include <functional>
#include <string>
#include <string_view>

namespace weft::testing {

// Thread safety: one thread at a time.
class TempTree {
 public:
  TempTree();
  ~TempTree();
  TempTree(const TempTree&) = delete;
  TempTree& operator=(const TempTree&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  // Makes the folders above as well.
  void Write(std::string_view name, std::string_view bytes) const;

 private:
  std::string path_;
};

// What `body` returns when it runs as a user without privileges: in a child process,
// which is left alone with what was on this thread. Nothing there may start threads.
// Root reads everything, so permissions are only tested by somebody else.
std::string RunUnprivileged(const std::function<std::string()>& body);

}  // namespace weft::testing

#endif  // WEFT_TESTS_INTEGRATIONS_CODEBASE_TEMP_TREE_H_
