// SPDX-License-Identifier: Apache-2.0
//
// The names in one folder, as the kernel gives them.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIRECTORY_READER_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIRECTORY_READER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace weft::internal {

enum class EntryType : std::uint8_t {
  kRegular,
  kSymlink,
  kDirectory,
  kFifo,
  kSocket,
  kDevice,
  kUnknown,  // the file system does not say, and asking failed
};

// Where names arrive; kept from folder to folder, because it is large.
struct DirectoryBuffer {
  alignas(8) std::array<char, std::size_t{64} * 1024> bytes;
};

// What reading one entry may report.
struct RawEntry {
  std::string_view name;  // valid during the call
  EntryType type = EntryType::kUnknown;
  int error = 0;  // errno, where type is kUnknown
};

// Calls entry(...) for each name in the folder but `.` and `..`, in no set order, and
// go_on() now and then, which stops the reading by returning false. A failure may come after
// some names.
// Cost: one system call for some 2,000 names; one more a name only where the file system does
// not give types.
absl::Status ReadDirectory(int folder, DirectoryBuffer& buffer,
                           absl::FunctionRef<void(const RawEntry&)> entry,
                           absl::FunctionRef<bool()> go_on);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIRECTORY_READER_H_
