// SPDX-License-Identifier: Apache-2.0
//
// What one folder gives to the walk: its names, after the rules, in order. One call of
// ListFolder is all the work of one task, and knows nothing of tasks.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_FOLDER_LISTING_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_FOLDER_LISTING_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

#include "weft/integrations/codebase/discover_files.h"
#include "weft/integrations/codebase/internal/directory_reader.h"
#include "weft/integrations/codebase/internal/folder_rules.h"

namespace weft::internal {

// The part of the options that every folder asks.
struct ListingOptions {
  bool use_ignore_files = true;
  bool include_hidden = false;
  bool has_include = false;
};

// What counts in a folder because of what is above it.
struct FolderContext {
  FolderRulesPtr ignore;
  FolderRulesPtr exclude;
  FolderRulesPtr include;
  bool included = false;  // it, or a folder above it, matches an include glob
};

// The entries that are left, in the byte order of their paths.
//
// Thread safety: a plain value.
struct FolderListing {
  struct Entry {
    std::uint32_t begin = 0;  // in names
    std::uint16_t length = 0;
    EntryType type = EntryType::kRegular;  // kRegular, kSymlink or kDirectory
    bool included = false;                 // kDirectory only: FolderContext::included below it
  };
  struct Trouble {
    std::string name;     // of an entry; empty: the folder itself
    absl::Status status;  // OK: it is a skip
    DiscoverySkipReason skip = DiscoverySkipReason::kFifo;
  };

  std::string_view name(const Entry& entry) const {
    return std::string_view(names).substr(entry.begin, entry.length);
  }

  std::string names;  // one behind the other, folders with a '/' behind their name
  std::vector<Entry> entries;
  std::vector<Trouble> trouble;  // sorted by name
  std::uint32_t files = 0;       // entries that are not folders
  std::uint32_t folders = 0;
  std::uint32_t ignored = 0;
  std::uint32_t hidden = 0;
  std::uint32_t filtered = 0;
};

// Room for names on their way, kept from folder to folder.
//
// Thread safety: one ListFolder at a time.
struct ListingScratch {
  struct Name {
    std::uint64_t key = 0;  // the first eight bytes: decides most comparisons
    std::uint32_t begin = 0;
    std::uint16_t length = 0;
    EntryType type = EntryType::kUnknown;
    bool included = false;
  };

  DirectoryBuffer buffer;
  std::string bytes;
  std::vector<Name> names;
};

// Lists the open folder `fd`. `context` is what counts in it; its own .gitignore is added, and
// for the root (`is_root`) .git/info/exclude below that. go_on() returning false ends the
// listing early. Never fails as a whole: what cannot be read is in `trouble`. ResourceExhausted
// with IsOutOfDescriptors there means: nothing of this listing holds, try again.
FolderListing ListFolder(int fd, bool is_root, const ListingOptions& options,
                         FolderContext& context, ListingScratch& scratch,
                         absl::FunctionRef<bool()> go_on);

// The context of the sub-folder of `entry`.
FolderContext EnterFolder(const FolderContext& context, std::string_view name, bool included);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_FOLDER_LISTING_H_
