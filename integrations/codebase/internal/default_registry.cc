// SPDX-License-Identifier: Apache-2.0
//
// ParserRegistry::Default: the languages with a tree-sitter grammar in this library.

#include <cassert>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/integrations/codebase/internal/grammar.h"
#include "weft/integrations/codebase/internal/parse_arena.h"
#include "weft/integrations/codebase/internal/source_text.h"
#include "weft/integrations/codebase/internal/tree_sitter_parser.h"
#include "weft/integrations/codebase/parser_registry.h"

namespace weft {
namespace {

struct Language {
  std::string name;
  std::vector<std::string> extensions;
  std::vector<std::string> file_names;
  const internal::Grammar& (*grammar)();
};

std::vector<Language> Languages() {
  return {
      {"python", {".py", ".pyi", ".pyw"}, {"SConstruct", "SConscript"}, internal::PythonGrammar},
      {"javascript", {".js", ".jsx", ".mjs", ".cjs"}, {}, internal::JavaScriptGrammar},
      {"typescript", {".ts", ".mts", ".cts"}, {}, internal::TypeScriptGrammar},
      {"tsx", {".tsx"}, {}, internal::TsxGrammar},
      {"c", {".c", ".h"}, {}, internal::CGrammar},
      {"cpp",
       {".cc", ".cpp", ".cxx", ".c++", ".C", ".hpp", ".hh", ".hxx", ".h++", ".H", ".ipp", ".inl",
        ".tcc", ".tpp", ".txx", ".ixx", ".cppm"},
       {},
       internal::CppGrammar},
      {"rust", {".rs"}, {}, internal::RustGrammar},
      {"go", {".go"}, {}, internal::GoGrammar},
      {"java", {".java"}, {}, internal::JavaGrammar},
  };
}

ParserRegistry MakeDefault() {
  ParserRegistry registry;
  auto arenas = std::make_shared<internal::ParseArenaPool>();
  absl::Status added;
  for (Language& language : Languages()) {
    added.Update(registry.Add({.name = std::move(language.name),
                               .extensions = std::move(language.extensions),
                               .file_names = std::move(language.file_names),
                               .make_parser = [arenas, grammar = language.grammar] {
                                 return std::make_unique<internal::TreeSitterParser>(grammar(),
                                                                                     arenas);
                               }}));
  }
  added.Update(registry.AddContentRule(".h", "cpp", internal::LooksLikeCpp));
  assert(added.ok());
  return registry;
}

}  // namespace

const ParserRegistry& ParserRegistry::Default() {
  static const auto* const registry = new ParserRegistry(MakeDefault());
  return *registry;
}

}  // namespace weft
