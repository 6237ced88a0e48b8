// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/tree_walk.h"

namespace weft::internal {
namespace {

constexpr TSSymbol kErrorSymbol = static_cast<TSSymbol>(-1);

class Cursor {
 public:
  explicit Cursor(TSNode root) : cursor_(ts_tree_cursor_new(root)) {}
  ~Cursor() { ts_tree_cursor_delete(&cursor_); }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  TSNode node() const { return ts_tree_cursor_current_node(&cursor_); }
  bool ToFirstChild() { return ts_tree_cursor_goto_first_child(&cursor_); }
  bool ToNextSibling() { return ts_tree_cursor_goto_next_sibling(&cursor_); }
  bool ToParent() { return ts_tree_cursor_goto_parent(&cursor_); }

 private:
  TSTreeCursor cursor_;
};

void CountError(TSNode node, WalkResult& result) {
  if (result.errors++ == 0) {
    result.first_error_line = static_cast<std::int32_t>(ts_node_start_point(node).row) + 1;
  }
}

// From the end of a sub-tree to what comes after it. False: nothing does.
bool ToNext(Cursor& cursor, int& depth) {
  while (!cursor.ToNextSibling()) {
    if (!cursor.ToParent()) return false;
    --depth;
  }
  return true;
}

}  // namespace

WalkResult WalkTree(const TSTree* tree, const Grammar& grammar, std::int32_t max_depth,
                    Extraction& extraction) {
  WalkResult result;
  const TSNode root = ts_tree_root_node(tree);
  const bool has_errors = ts_node_has_error(root);
  Cursor cursor(root);
  int depth = 0;
  do {
    extraction.Leave(depth);
    for (;;) {
      const TSNode node = cursor.node();
      const TSSymbol symbol = ts_node_symbol(node);
      if (const NodeRule* rule = grammar.rule(symbol); rule != nullptr) {
        extraction.Enter(depth);
        rule->handle(extraction, *rule, node);
      }
      if (has_errors && (symbol == kErrorSymbol || ts_node_is_missing(node))) {
        CountError(node, result);
      }
      if (!cursor.ToFirstChild()) break;
      if (++depth > max_depth) {
        result.too_deep = true;
        return result;
      }
    }
  } while (ToNext(cursor, depth));
  extraction.Finish();
  return result;
}

}  // namespace weft::internal
