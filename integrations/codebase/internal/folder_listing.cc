// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/folder_listing.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "weft/integrations/codebase/internal/descriptor.h"
#include "weft/integrations/codebase/internal/ignore_file.h"

namespace weft::internal {
namespace {

constexpr std::string_view kIgnoreFile = ".gitignore";
constexpr std::string_view kGitFolder = ".git";
// git takes 100 MiB. Compiled rules need some 50 times their text, and a tree may hold many.
constexpr std::size_t kIgnoreFileLimit = std::size_t{4} << 20;

using Name = ListingScratch::Name;
using Verdict = RuleSet::Verdict;

// Big-endian, so that keys compare like the bytes; names hold no NUL.
std::uint64_t SortKey(std::string_view name) {
  std::uint64_t key = 0;
  std::memcpy(&key, name.data(), std::min(name.size(), sizeof key));
  return __builtin_bswap64(key);
}

class Lister {
 public:
  Lister(int fd, const ListingOptions& options, FolderContext& context, ListingScratch& scratch)
      : fd_(fd), options_(options), context_(context), scratch_(scratch) {}

  FolderListing List(bool is_root, absl::FunctionRef<bool()> go_on) {
    scratch_.bytes.clear();
    scratch_.names.clear();
    const absl::Status read = ReadDirectory(
        fd_, scratch_.buffer, [this](const RawEntry& entry) { Take(entry); }, go_on);
    if (!read.ok()) AddTrouble("", read);
    if (options_.use_ignore_files) {
      if (is_root && has_git_folder_) LoadExcludeFile();
      if (has_ignore_file_) LoadIgnoreFile();
    }
    std::erase_if(scratch_.names, [this](Name& name) { return !Keep(name); });
    Arrange();
    return std::move(listing_);
  }

 private:
  void Take(const RawEntry& entry);
  void LoadExcludeFile();
  void LoadIgnoreFile();
  bool Keep(Name& name);
  bool KeepByFilters(Name& entry, std::string_view name);
  void Arrange();
  void AddTrouble(std::string_view name, absl::Status status) {
    listing_.trouble.push_back({.name = std::string(name), .status = std::move(status)});
  }
  void AddSkip(std::string_view name, DiscoverySkipReason reason) {
    listing_.trouble.push_back({.name = std::string(name), .status = {}, .skip = reason});
  }
  std::string_view bytes(const Name& name) const {
    return std::string_view(scratch_.bytes).substr(name.begin, name.length);
  }

  const int fd_;
  const ListingOptions& options_;
  FolderContext& context_;
  ListingScratch& scratch_;
  FolderListing listing_;
  bool has_git_folder_ = false;
  bool has_ignore_file_ = false;
};

void Lister::Take(const RawEntry& entry) {
  if (entry.name == kGitFolder) {
    has_git_folder_ = entry.type == EntryType::kDirectory || entry.type == EntryType::kSymlink;
    return;
  }
  if (entry.error != 0) {
    AddTrouble(entry.name, absl::ErrnoToStatus(entry.error, "cannot find out what this is"));
    return;
  }
  if (entry.name == kIgnoreFile) {
    has_ignore_file_ = entry.type == EntryType::kRegular;
    if (entry.type == EntryType::kSymlink && options_.use_ignore_files) {
      AddSkip(entry.name, DiscoverySkipReason::kSymlinkedIgnoreFile);
    }
  }
  if (scratch_.bytes.size() + entry.name.size() >= std::numeric_limits<std::uint32_t>::max()) {
    AddTrouble(entry.name, absl::ResourceExhaustedError(
                               "left out: the names of this folder have more than 4 GiB"));
    return;
  }
  Name name{.begin = static_cast<std::uint32_t>(scratch_.bytes.size()), .type = entry.type};
  scratch_.bytes += entry.name;
  // So that "a.b" comes before what is in "a": '/' takes part in the order of paths.
  if (entry.type == EntryType::kDirectory) scratch_.bytes += '/';
  name.length = static_cast<std::uint16_t>(scratch_.bytes.size() - name.begin);
  scratch_.names.push_back(name);
}

void Lister::LoadExcludeFile() {
  const absl::StatusOr<std::string> text =
      ReadSmallFile(fd_, ".git/info/exclude", Links::kFollow, kIgnoreFileLimit);
  if (text.ok()) {
    context_.ignore = FolderRules::With(ParseIgnoreFile(*text), std::move(context_.ignore));
  } else if (!absl::IsNotFound(text.status()) && !absl::IsAborted(text.status())) {
    AddTrouble(".git/info/exclude", text.status());
  }
}

void Lister::LoadIgnoreFile() {
  const absl::StatusOr<std::string> text =
      ReadSmallFile(fd_, std::string(kIgnoreFile), Links::kRefuse, kIgnoreFileLimit);
  if (text.ok()) {
    context_.ignore = FolderRules::With(ParseIgnoreFile(*text), std::move(context_.ignore));
  } else {
    AddTrouble(kIgnoreFile, text.status());
  }
}

bool Lister::Keep(Name& entry) {
  std::string_view name = bytes(entry);
  const bool is_directory = entry.type == EntryType::kDirectory;
  if (is_directory) name.remove_suffix(1);
  if (!options_.include_hidden && name.starts_with('.')) {
    ++listing_.hidden;
    return false;
  }
  if (FolderRules::Find(context_.ignore, name, is_directory) == Verdict::kMatch) {
    ++listing_.ignored;
    return false;
  }
  if (!KeepByFilters(entry, name)) {
    ++listing_.filtered;
    return false;
  }
  switch (entry.type) {
    case EntryType::kFifo: AddSkip(name, DiscoverySkipReason::kFifo); return false;
    case EntryType::kSocket: AddSkip(name, DiscoverySkipReason::kSocket); return false;
    case EntryType::kDevice: AddSkip(name, DiscoverySkipReason::kDevice); return false;
    default: return true;
  }
}

// A folder that no include glob matches stays while one may match something below it.
bool Lister::KeepByFilters(Name& entry, std::string_view name) {
  const bool is_directory = entry.type == EntryType::kDirectory;
  if (FolderRules::Find(context_.exclude, name, is_directory) == Verdict::kMatch) return false;
  if (!options_.has_include) return true;
  entry.included = context_.included ||
                   FolderRules::Find(context_.include, name, is_directory) == Verdict::kMatch;
  return entry.included || (is_directory && FolderRules::Enter(context_.include, name));
}

void Lister::Arrange() {
  std::vector<Name>& names = scratch_.names;
  std::size_t total = 0;
  for (Name& name : names) {
    name.key = SortKey(bytes(name));
    total += name.length;
  }
  std::sort(names.begin(), names.end(), [this](const Name& a, const Name& b) {
    return a.key != b.key ? a.key < b.key : bytes(a) < bytes(b);
  });
  listing_.names.reserve(total);
  listing_.entries.reserve(names.size());
  for (const Name& name : names) {
    listing_.entries.push_back({.begin = static_cast<std::uint32_t>(listing_.names.size()),
                                .length = name.length,
                                .type = name.type,
                                .included = name.included});
    listing_.names += bytes(name);
    ++(name.type == EntryType::kDirectory ? listing_.folders : listing_.files);
  }
  std::stable_sort(listing_.trouble.begin(), listing_.trouble.end(),
                   [](const FolderListing::Trouble& a, const FolderListing::Trouble& b) {
                     return a.name < b.name;
                   });
}

}  // namespace

FolderListing ListFolder(int fd, bool is_root, const ListingOptions& options,
                         FolderContext& context, ListingScratch& scratch,
                         absl::FunctionRef<bool()> go_on) {
  return Lister(fd, options, context, scratch).List(is_root, go_on);
}

FolderContext EnterFolder(const FolderContext& context, std::string_view name, bool included) {
  FolderContext below;
  below.ignore = FolderRules::Enter(context.ignore, name);
  below.exclude = FolderRules::Enter(context.exclude, name);
  if (!included) below.include = FolderRules::Enter(context.include, name);
  below.included = included;
  return below;
}

}  // namespace weft::internal
