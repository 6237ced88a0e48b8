// SPDX-License-Identifier: Apache-2.0
//
// What several tasks have in common: history, summaries and traces speak of kinds.

#ifndef WEFT_CORE_TASK_KIND_H_
#define WEFT_CORE_TASK_KIND_H_

#include <cstddef>
#include <string_view>

namespace weft {

// A name such as "parse": tasks of one kind are expected to cost about the same. The
// characters are only looked at, and must live as long as every scheduler that has seen
// them: those of a literal do.
//
//   constexpr weft::TaskKind kParse = "parse";
//   group.Submit({.kind = kParse}, ...);
//
// Thread safety: a plain value.
class TaskKind {
 public:
  constexpr TaskKind() = default;  // no kind: nothing is remembered
  template <std::size_t kSize>
  constexpr TaskKind(const char (&name)[kSize]) : name_(name) {}  // NOLINT: a literal is a kind
  // For names that are made at run time.
  static constexpr TaskKind Named(std::string_view name) {
    TaskKind kind;
    kind.name_ = name;
    return kind;
  }

  constexpr std::string_view name() const { return name_; }
  constexpr bool empty() const { return name_.empty(); }

  friend constexpr bool operator==(TaskKind, TaskKind) = default;

 private:
  std::string_view name_;
};

}  // namespace weft

#endif  // WEFT_CORE_TASK_KIND_H_
