// SPDX-License-Identifier: Apache-2.0

#include "integrations/codebase/random_tree.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <random>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace weft::testing {
namespace {

using Kind = TreeItem::Kind;

class Generator {
 public:
  Generator(std::uint32_t seed, bool forgetful_stars)
      : random_(seed), forgetful_stars_(forgetful_stars) {}

  TreeItems Make() {
    MakeFolders();
    MakeFiles();
    for (const std::string& folder : folders_) {
      if (Chance(folder.empty() ? 90 : 30)) MakeIgnoreFile(folder, folder + ".gitignore");
    }
    if (Chance(30)) MakeIgnoreFile("", ".git/info/exclude");
    return std::move(items_);
  }

 private:
  std::size_t Below(std::size_t bound) { return random_() % bound; }
  bool Chance(std::size_t percent) { return Below(100) < percent; }
  template <class Container>
  auto Pick(const Container& from) {
    return from[Below(std::size(from))];
  }

  std::string Name();
  std::string NewPath();  // empty if the draw is taken
  void MakeFolders();
  void MakeFiles();
  void MakeIgnoreFile(const std::string& folder, const std::string& path);
  std::string Byte(char byte);
  std::string PartFor(const std::string& name);
  std::string Pattern(const std::vector<std::string>& paths);
  std::string Line(const std::vector<std::string>& paths);

  std::mt19937 random_;
  const bool forgetful_stars_;
  TreeItems items_;
  std::vector<std::string> folders_ = {""};  // with a slash behind
  std::vector<std::string> names_ = {"a"};
  std::set<std::string> taken_;
};

std::string Generator::Name() {
  static const std::vector<std::string> kNames = {
      "a",  "b",        "c",        "ab",  "a.c", "b.c",   "foo", "bar",  "x y", " ",  "a ", "\t",
      "\n", "\xff\xfe", "\xc3\xa9", "-a",  "[a]", "a\\b",  "!a",  "#a",   "a*",  "a?", ".h", "A",
      "]",  "a-b",      "{a,b}",    "a\r", "..a", "build", "zzz", "a\nb", "*",   "**", ":",  "A.C"};
  if (Chance(75)) return Pick(kNames);
  std::string name;
  for (std::size_t n = 1 + Below(4); n > 0; --n)
    name += Pick(std::string("ab.-[]\\!# \t\n\xff*?:"));
  return name;
}

std::string Generator::NewPath() {
  const std::string name = Name();
  if (name == "." || name == "..") return "";
  const std::string path = Pick(folders_) + name;
  if (!taken_.insert(path).second) return "";
  names_.push_back(name);
  return path;
}

void Generator::MakeFolders() {
  for (std::size_t n = 1 + Below(12); n > 0; --n) {
    const std::string path = NewPath();
    if (path.empty()) continue;
    items_.push_back({.kind = Kind::kFolder, .path = path});
    folders_.push_back(path + "/");
  }
}

void Generator::MakeFiles() {
  for (std::size_t n = 1 + Below(40); n > 0; --n) {
    const std::string path = NewPath();
    if (path.empty()) continue;
    if (Chance(12)) {
      static const std::vector<std::string> kTargets = {".", "..", "nowhere", "a", "/etc", "../a"};
      const std::string itself = path.substr(path.rfind('/') + 1);
      items_.push_back(
          {.kind = Kind::kSymlink, .path = path, .target = Chance(20) ? itself : Pick(kTargets)});
    } else {
      items_.push_back({.kind = Kind::kFile, .path = path});
    }
  }
}

void Generator::MakeIgnoreFile(const std::string& folder, const std::string& path) {
  if (Chance(2) && path != ".git/info/exclude") {  // git does not read it through a link
    items_.push_back({.kind = Kind::kSymlink, .path = path, .target = "a"});
    return;
  }
  std::vector<std::string> below;
  for (const TreeItem& item : items_) {
    if (item.kind != Kind::kIgnoreFile && item.path.starts_with(folder)) {
      below.push_back(item.path.substr(folder.size()));
    }
  }
  TreeItem item{.kind = Kind::kIgnoreFile, .path = path};
  for (std::size_t n = 1 + Below(9); n > 0; --n) item.lines.push_back(Line(below));
  if (Chance(20)) item.lines.back().pop_back();
  if (Chance(5)) item.lines.front().insert(0, "\xEF\xBB\xBF");
  items_.push_back(std::move(item));
}

// A way to write one byte of a name, not always one that matches it.
std::string Generator::Byte(char byte) {
  const std::size_t draw = Below(100);
  if (draw < 8) return "?";
  if (draw < 16) return "*";
  if (draw < 20) return "**";
  if (draw < 26) {
    static const std::vector<std::string> kSigns = {"", "", "", "!", "^"};
    static const std::vector<std::string> kMore = {"",         "a-c", "]",   "-",    "[:alpha:]",
                                                   "[:punct:", "/",   "\\]", "\\-z", "z-a"};
    return "[" + Pick(kSigns) + byte + Pick(kMore) + "]";
  }
  if (byte == '\n') return Chance(50) ? "?" : "[!a]";
  if (draw < 34) return std::string("\\") + byte;
  const bool special = byte == '*' || byte == '?' || byte == '[' || byte == '\\';
  if (special && Chance(80)) return std::string("\\") + byte;
  if (draw > 97) {
    static const std::vector<std::string> kBroken = {"[", "\\", "[a", "[[:foo:]]", "[a-", "[!"};
    return Pick(kBroken);
  }
  return std::string(1, byte);
}

std::string Generator::PartFor(const std::string& name) {
  if (Chance(12)) {
    static const std::vector<std::string> kParts = {"**", "*", "***", "", "*a", "a*", "*.c"};
    return Pick(kParts);
  }
  std::string part;
  for (const char byte : name) part += Byte(byte);
  return part;
}

std::string Generator::Pattern(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  if (!paths.empty() && Chance(50)) {  // a path of the tree, or the end of one
    std::string path = Pick(paths);
    for (std::size_t slash; (slash = path.find('/')) != std::string::npos;) {
      names.push_back(path.substr(0, slash));
      path.erase(0, slash + 1);
    }
    names.push_back(path);
    names.erase(names.begin(), names.begin() + static_cast<long>(Below(names.size())));
  } else {
    for (std::size_t n = 1 + Below(5) / 2; n > 0; --n) names.push_back(Pick(names_));
  }
  std::string pattern;
  for (const std::string& name : names) {
    if (!pattern.empty()) pattern += Chance(5) ? "\\/" : "/";
    pattern += PartFor(name);
  }
  if (Chance(25)) pattern.insert(0, "/");
  if (Chance(10)) pattern.insert(0, "**/");
  if (Chance(20)) pattern += "/";
  static const std::vector<std::string> kEnds = {"/**", "/*", "/**/", "**", "*"};
  if (Chance(10)) pattern += Pick(kEnds);
  return pattern;
}

// Whether git compares text before `**` apart; see GitDialect.
bool HasForgetfulStars(std::string_view pattern) {
  const std::size_t at = pattern.find_first_of("*?[\\");
  if (at == std::string_view::npos || at == 0 || !pattern.substr(at).starts_with("**"))
    return false;
  const std::size_t end = pattern.find_first_not_of('*', at);
  return end == std::string_view::npos || pattern[end] == '/' || pattern[end] == '\\';
}

std::string Generator::Line(const std::vector<std::string>& paths) {
  if (Chance(4)) return "# comment\n";
  if (Chance(3)) return "\n";
  std::string pattern = Pattern(paths);
  if (!forgetful_stars_ && HasForgetfulStars(pattern)) pattern = "a/**";
  if (Chance(30)) pattern.insert(0, "!");
  static const std::vector<std::string> kTrails = {" ",  "\\ ", "  ",
                                                   "\t", "\r",  std::string("\0x", 2)};
  if (Chance(8)) pattern += Pick(kTrails);
  return pattern + (Chance(5) ? "\r\n" : "\n");
}

}  // namespace

TreeItems MakeRandomTree(std::uint32_t seed, bool forgetful_stars) {
  return Generator(seed, forgetful_stars).Make();
}

void Build(const TreeItems& items, GitTree& tree) {
  tree.Repository();
  for (const TreeItem& item : items) {
    switch (item.kind) {
      case Kind::kFolder: tree.Folder(item.path); break;
      case Kind::kFile: tree.File(item.path); break;
      case Kind::kSymlink: tree.Symlink(item.path, item.target); break;
      case Kind::kIgnoreFile: {
        std::string text;
        for (const std::string& line : item.lines) text += line;
        tree.File(item.path, text);
        break;
      }
    }
  }
}

TreeItems Shrink(TreeItems items, const std::function<bool(const TreeItems&)>& fails) {
  bool smaller = true;
  while (smaller) {
    smaller = false;
    for (std::size_t i = items.size(); i-- > 0;) {
      TreeItems less;  // without the item and what is in it
      for (const TreeItem& item : items) {
        const bool same = item.path == items[i].path;
        if (!same && !item.path.starts_with(items[i].path + "/")) less.push_back(item);
      }
      if (fails(less)) {
        items = std::move(less);
        smaller = true;
        break;
      }
      for (std::size_t line = items[i].lines.size(); line-- > 0;) {
        less = items;
        less[i].lines.erase(less[i].lines.begin() + static_cast<long>(line));
        if (fails(less)) {
          items = less;
          smaller = true;
        }
      }
    }
  }
  return items;
}

std::string Show(const TreeItems& items) {
  const auto escape = [](const std::string& bytes) { return "'" + absl::CHexEscape(bytes) + "'"; };
  std::string text;
  for (const TreeItem& item : items) {
    text += "  " + escape(item.path);
    if (item.kind == Kind::kFolder) text += " (folder)";
    if (item.kind == Kind::kSymlink) text += " -> " + escape(item.target);
    for (const std::string& line : item.lines) text += "\n      " + escape(line);
    text += "\n";
  }
  return text;
}

}  // namespace weft::testing
