// SPDX-License-Identifier: Apache-2.0
//
// The memory of one parse at a time. tree-sitter takes all its memory here, so a
// parse can be stopped in the middle of any step and forgotten as a whole.
//
// Why: the runtime has steps that copy whole lists of skipped tokens (error
// recovery) or of all stack branches (end of file). Such a file costs time, and
// sometimes memory, that grows with the square of its size, while the number of
// grammar steps stays linear and the progress callback is hardly ever called.
// Every copy is an allocation, so bytes allocated measure that work exactly; and
// because a parse starts with an empty arena they depend on the file alone.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_PARSE_ARENA_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_PARSE_ARENA_H_

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace weft::internal {

// Blocks out of one reserved stretch of addresses, reused by size class.
//
// Thread safety: one thread at a time.
// Cost: a few instructions a block; pages are taken when first written.
class ParseArena {
 public:
  enum class Overrun : std::uint8_t { kNone, kBytes, kOperations };

  // What one operation stands for: a step of the grammar (about 100 ns), or this
  // many bytes allocated and filled with copied nodes, or of text looked at again.
  static constexpr std::uint64_t kAllocatedBytesPerOperation = 64;
  static constexpr std::uint64_t kTextBytesPerOperation = 16;

  ParseArena() = default;
  ~ParseArena();
  ParseArena(const ParseArena&) = delete;
  ParseArena& operator=(const ParseArena&) = delete;

  // Empties the arena and sets the limits of the next parse. False: the system
  // gives no address space for `max_bytes`.
  [[nodiscard]] bool Begin(std::size_t max_bytes, std::uint64_t max_operations);

  // Forgets all blocks and returns memory beyond a small rest to the system.
  void End();

  // While set, an allocation over a limit jumps there instead of returning. The
  // frames between may hold nothing with a destructor. Without it, blocks over
  // the limit come from the heap.
  void set_escape(std::jmp_buf* escape) { escape_ = escape; }

  void* Allocate(std::size_t bytes);
  void* Resize(void* block, std::size_t bytes);
  void Free(void* block);

  // Counts grammar steps and text reads; false once over the limit.
  bool CountSteps(std::uint64_t steps) { return Charge(steps * kAllocatedBytesPerOperation); }
  bool CountText(std::uint64_t bytes) {
    return Charge(bytes * (kAllocatedBytesPerOperation / kTextBytesPerOperation));
  }

  Overrun overrun() const { return overrun_; }
  std::uint64_t operations() const { return work_ / kAllocatedBytesPerOperation; }
  std::size_t peak_bytes() const { return static_cast<std::size_t>(top_ - base_); }

 private:
  static constexpr std::size_t kSmallClasses = 64;   // steps of 16 bytes up to 1 KiB
  static constexpr std::size_t kLargeClasses = 128;  // then four steps a doubling
  struct FreeBlock {
    FreeBlock* next;
  };

  bool Charge(std::uint64_t work);
  bool Owns(const void* block) const { return block >= base_ && block < limit_; }
  void* TakeFromHeap(std::size_t bytes, Overrun why);

  char* base_ = nullptr;   // start of the reserved stretch
  char* limit_ = nullptr;  // its usable end for this parse
  char* top_ = nullptr;    // blocks were never cut beyond
  std::size_t reserved_ = 0;
  std::uint64_t work_ = 0;  // in allocated bytes
  std::uint64_t max_work_ = 0;
  Overrun overrun_ = Overrun::kNone;
  std::jmp_buf* escape_ = nullptr;
  std::array<FreeBlock*, kSmallClasses + kLargeClasses> free_ = {};
};

// Lends arenas: as many exist as parses ran at once.
//
// Thread safety: every method may be called from any thread.
class ParseArenaPool {
 public:
  std::unique_ptr<ParseArena> Take() ABSL_LOCKS_EXCLUDED(mu_);
  void Return(std::unique_ptr<ParseArena> arena) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  absl::Mutex mu_;
  std::vector<std::unique_ptr<ParseArena>> idle_ ABSL_GUARDED_BY(mu_);
};

// Sends this thread's tree-sitter allocations to `arena` while it lives. Elsewhere
// in the process tree-sitter keeps to malloc.
//
// Thread safety: construct and destroy on one thread; not nested.
class UseParseArena {
 public:
  explicit UseParseArena(ParseArena& arena);
  ~UseParseArena();
  UseParseArena(const UseParseArena&) = delete;
  UseParseArena& operator=(const UseParseArena&) = delete;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_PARSE_ARENA_H_
