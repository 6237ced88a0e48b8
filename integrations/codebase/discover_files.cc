// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/discover_files.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "weft/integrations/codebase/internal/descriptor.h"
#include "weft/integrations/codebase/internal/directory_walk.h"
#include "weft/integrations/codebase/internal/path_pattern.h"

namespace weft {
namespace {

using internal::FolderRules;
using internal::FolderRulesPtr;
using internal::PathPattern;

bool HasDotPart(std::string_view glob) {
  while (true) {
    const std::size_t slash = glob.find('/');
    const std::string_view part = glob.substr(0, slash);
    if (part == "." || part == "..") return true;
    if (slash == std::string_view::npos) return false;
    glob.remove_prefix(slash + 1);
  }
}

absl::StatusOr<PathPattern> ParseGlob(absl::string_view option, const std::string& text) {
  const auto refuse = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, " glob '", absl::CHexEscape(text), "': ", why));
  };
  std::string glob = text;
  if (glob.starts_with("./")) glob.erase(0, 1);  // from the root: as with a slash in front
  if (glob.empty()) return refuse("it is empty and matches nothing; '*' matches everything");
  if (glob.starts_with('!')) {
    return refuse(
        "'!' does not negate here: use include and exclude; '\\!' is a name's first byte");
  }
  if (HasDotPart(glob)) return refuse("'.' and '..' match nothing: write it from the root down");
  std::optional<PathPattern> pattern =
      internal::ParsePathPattern(glob, internal::GitDialect::kSince252);
  if (!pattern.has_value() || glob.find('\0') != std::string::npos) {
    return refuse(
        "it can match nothing: is there a '[' without ']', a class that does not exist, a '\\' "
        "at the end, or nothing between two slashes? '\\[' is an ordinary bracket");
  }
  return *std::move(pattern);
}

absl::StatusOr<FolderRulesPtr> ParseGlobs(absl::string_view option,
                                          const std::vector<std::string>& globs) {
  internal::RuleSet rules;
  for (const std::string& glob : globs) {
    absl::StatusOr<PathPattern> pattern = ParseGlob(option, glob);
    if (!pattern.ok()) return pattern.status();
    rules.Add(*std::move(pattern));
  }
  return FolderRules::With(std::move(rules), {});
}

}  // namespace

std::string_view DiscoverySkipReasonText(DiscoverySkipReason reason) {
  switch (reason) {
    case DiscoverySkipReason::kFifo: return "a FIFO";
    case DiscoverySkipReason::kSocket: return "a socket";
    case DiscoverySkipReason::kDevice: return "a device";
    case DiscoverySkipReason::kOtherFileSystem: return "on another file system";
    case DiscoverySkipReason::kSymlinkedIgnoreFile:
      return "an ignore file that is a symbolic link: its rules do not count";
  }
  return "unknown";
}

absl::StatusOr<Discovery> DiscoverFiles(TaskGroup& group, const std::string& root,
                                        const DiscoverOptions& options) {
  absl::StatusOr<FolderRulesPtr> exclude = ParseGlobs("exclude", options.exclude);
  if (!exclude.ok()) return exclude.status();
  absl::StatusOr<FolderRulesPtr> include = ParseGlobs("include", options.include);
  if (!include.ok()) return include.status();
  absl::StatusOr<internal::Descriptor> folder = internal::OpenRoot(root);
  if (!folder.ok()) return folder.status();
  const absl::StatusOr<internal::FileIdentity> identity = internal::Identify(folder->fd());
  if (!identity.ok()) return identity.status();

  internal::WalkOptions walk_options;
  walk_options.listing = {.use_ignore_files = options.use_ignore_files,
                          .include_hidden = options.include_hidden,
                          .has_include = !options.include.empty()};
  walk_options.root_context.exclude = *std::move(exclude);
  walk_options.root_context.include = *std::move(include);
  walk_options.cross_file_systems = options.cross_file_systems;
  walk_options.found = options.progress;
  walk_options.kept_descriptors = internal::FolderDescriptors::DefaultLimit();
  TaskGroup folders(group.scheduler(), {.cancellation = group.token()});
  const auto walk = std::make_shared<internal::DirectoryWalk>(folders, *std::move(folder),
                                                              *identity, std::move(walk_options));
  walk->Start();
  const RunSummary summary = folders.Wait();
  if (!summary.status.ok()) return summary.status;
  if (summary.refused > 0) return summary.failures.front().status;
  return walk->TakeResult();
}

}  // namespace weft
