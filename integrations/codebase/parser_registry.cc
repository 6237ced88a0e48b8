// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/parser_registry.h"

#include <utility>

namespace weft {
namespace {

std::string_view LastComponent(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

absl::Status Taken(const std::string& language, const std::string& what) {
  return absl::AlreadyExistsError("language '" + language + "': '" + what +
                                  "' is registered already");
}

}  // namespace

absl::Status ParserRegistry::Add(SourceLanguage language) {
  const std::string& name = language.name;
  if (name.empty()) return absl::InvalidArgumentError("a language needs a name");
  if (language.make_parser == nullptr) {
    return absl::InvalidArgumentError("language '" + name + "' has no make_parser");
  }
  for (const auto& other : languages_) {
    if (other->name == name) return Taken(name, name);
  }
  for (const std::string& extension : language.extensions) {
    if (extension.size() < 2 || extension.front() != '.') {
      return absl::InvalidArgumentError("language '" + name + "': extension '" + extension +
                                        "' must begin with a dot, like '.py'");
    }
    if (by_extension_.contains(extension)) return Taken(name, extension);
  }
  for (const std::string& file_name : language.file_names) {
    if (by_file_name_.contains(file_name)) return Taken(name, file_name);
  }
  languages_.push_back(std::make_shared<const SourceLanguage>(std::move(language)));
  const SourceLanguage& added = *languages_.back();
  for (const std::string& extension : added.extensions) by_extension_[extension] = &added;
  for (const std::string& file_name : added.file_names) by_file_name_[file_name] = &added;
  return absl::OkStatus();
}

absl::Status ParserRegistry::AddContentRule(std::string_view extension, std::string_view language,
                                            std::function<bool(std::string_view)> matches) {
  if (!by_extension_.contains(extension)) {
    return absl::NotFoundError("no language has the extension '" + std::string(extension) + "'");
  }
  for (const auto& candidate : languages_) {
    if (candidate->name != language) continue;
    content_rules_.push_back({std::string(extension), candidate.get(), std::move(matches)});
    return absl::OkStatus();
  }
  return absl::NotFoundError("no language has the name '" + std::string(language) + "'");
}

ParserRegistry::Match ParserRegistry::Lookup(std::string_view path) const {
  const std::string_view name = LastComponent(path);
  if (const auto found = by_file_name_.find(name); found != by_file_name_.end()) {
    return {found->second, {}};
  }
  // A dot in front makes a hidden file, not an extension.
  for (std::size_t dot = name.find('.', 1); dot != std::string_view::npos;
       dot = name.find('.', dot + 1)) {
    const std::string_view extension = name.substr(dot);
    const auto found = by_extension_.find(extension);
    if (found != by_extension_.end()) return {found->second, extension};
  }
  return {};
}

const SourceLanguage* ParserRegistry::Find(std::string_view path) const {
  return Lookup(path).language;
}

const SourceLanguage* ParserRegistry::Find(std::string_view path, std::string_view source) const {
  const Match match = Lookup(path);
  if (match.extension.empty()) return match.language;
  for (const ContentRule& rule : content_rules_) {
    if (rule.extension == match.extension && rule.matches(source)) return rule.language;
  }
  return match.language;
}

std::vector<const SourceLanguage*> ParserRegistry::languages() const {
  std::vector<const SourceLanguage*> all;
  for (const auto& language : languages_) all.push_back(language.get());
  return all;
}

}  // namespace weft
