// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/grammar.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft::internal {
namespace {

TEST(GrammarTest, EveryRuleSpeaksOfANodeThatTheGrammarHas) {
  for (const Grammar* grammar :
       {&PythonGrammar(), &JavaScriptGrammar(), &TypeScriptGrammar(), &TsxGrammar(), &CGrammar(),
        &CppGrammar(), &RustGrammar(), &GoGrammar(), &JavaGrammar()}) {
    EXPECT_THAT(grammar->unknown_types(), ::testing::IsEmpty());
  }
}

}  // namespace
}  // namespace weft::internal
