// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/parse_arena.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <utility>

#include <tree_sitter/api.h>

namespace weft::internal {
namespace {

// What an idle arena keeps: most files need less, so most parses fault no page.
constexpr std::size_t kKeptBytes = std::size_t{8} << 20;
constexpr std::size_t kPage = 4096;

// Each block is preceded by its size; 16 bytes are the alignment of malloc.
constexpr std::size_t kHeader = 8;
constexpr std::size_t kStep = 16;
constexpr std::size_t kSmallest = 32;
constexpr std::size_t kSmallLimit = 1024;

thread_local ParseArena* current_arena = nullptr;

std::size_t RoundUp(std::size_t bytes, std::size_t step) {
  return (bytes + step - 1) / step * step;
}

struct SizeClass {
  std::size_t index;
  std::size_t bytes;  // of the block, with its header
};

SizeClass ClassOf(std::size_t bytes) {
  const std::size_t total = std::max(RoundUp(bytes + kHeader, kStep), kSmallest);
  if (total <= kSmallLimit) return {total / kStep - 1, total};
  // Doublings above 1 KiB, in quarters.
  const auto doubling = static_cast<std::size_t>(std::bit_width(total - 1)) - 11;
  const std::size_t quarter = (kSmallLimit << doubling) / 4;
  const std::size_t rounded = RoundUp(total, quarter);
  return {kSmallLimit / kStep + doubling * 4 + rounded / quarter - 5, rounded};
}

std::size_t& SizeOf(void* block) {
  return *reinterpret_cast<std::size_t*>(static_cast<char*>(block) - kHeader);
}

void* TreeSitterMalloc(std::size_t bytes) {
  return current_arena != nullptr ? current_arena->Allocate(bytes) : std::malloc(bytes);
}

void* TreeSitterCalloc(std::size_t count, std::size_t bytes) {
  if (current_arena == nullptr) return std::calloc(count, bytes);
  void* block = current_arena->Allocate(count * bytes);
  if (block != nullptr) std::memset(block, 0, count * bytes);
  return block;
}

void* TreeSitterRealloc(void* block, std::size_t bytes) {
  return current_arena != nullptr ? current_arena->Resize(block, bytes)
                                  : std::realloc(block, bytes);
}

void TreeSitterFree(void* block) {
  if (current_arena != nullptr) {
    current_arena->Free(block);
  } else {
    std::free(block);
  }
}

}  // namespace

ParseArena::~ParseArena() {
  if (base_ != nullptr) munmap(base_, reserved_);
}

bool ParseArena::Begin(std::size_t max_bytes, std::uint64_t max_operations) {
  const std::size_t wanted = RoundUp(max_bytes, kPage);
  if (wanted > reserved_) {
    if (base_ != nullptr) munmap(base_, reserved_);
    base_ = limit_ = top_ = nullptr;
    reserved_ = 0;
    void* stretch = mmap(nullptr, wanted, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stretch == MAP_FAILED) return false;
    base_ = static_cast<char*>(stretch);
    reserved_ = wanted;
  }
  top_ = base_;
  limit_ = base_ + wanted;
  work_ = 0;
  max_work_ = max_operations * kAllocatedBytesPerOperation;
  overrun_ = Overrun::kNone;
  free_ = {};
  return true;
}

void ParseArena::End() {
  const std::size_t used = peak_bytes();
  top_ = base_;
  free_ = {};
  // Advice only: a refusal costs memory, never correctness.
  if (used > kKeptBytes) madvise(base_ + kKeptBytes, used - kKeptBytes, MADV_DONTNEED);
}

bool ParseArena::Charge(std::uint64_t work) {
  work_ += work;
  if (work_ <= max_work_) return true;
  overrun_ = Overrun::kOperations;
  return false;
}

void* ParseArena::TakeFromHeap(std::size_t bytes, Overrun why) {
  if (escape_ != nullptr) {
    overrun_ = why;
    std::longjmp(*escape_, 1);
  }
  return std::malloc(bytes);
}

void* ParseArena::Allocate(std::size_t bytes) {
  if (bytes > reserved_) return TakeFromHeap(bytes, Overrun::kBytes);
  const SizeClass size = ClassOf(bytes);
  if (!Charge(size.bytes) && escape_ != nullptr) std::longjmp(*escape_, 1);
  FreeBlock*& free = free_[size.index];
  if (free != nullptr) return std::exchange(free, free->next);
  if (size.bytes + kHeader > static_cast<std::size_t>(limit_ - top_)) {
    return TakeFromHeap(bytes, Overrun::kBytes);
  }
  void* block = top_ + kStep;  // aligned; its last 8 bytes lie before the next header
  top_ += size.bytes;
  SizeOf(block) = size.bytes;
  return block;
}

void* ParseArena::Resize(void* block, std::size_t bytes) {
  if (block == nullptr) return Allocate(bytes);
  if (!Owns(block)) return std::realloc(block, bytes);
  const std::size_t old_bytes = SizeOf(block) - kHeader;
  if (bytes <= old_bytes) return block;
  void* grown = Allocate(bytes);
  if (grown == nullptr) return nullptr;
  std::memcpy(grown, block, old_bytes);
  Free(block);
  return grown;
}

void ParseArena::Free(void* block) {
  if (block == nullptr) return;
  if (!Owns(block)) {
    std::free(block);
    return;
  }
  FreeBlock*& free = free_[ClassOf(SizeOf(block) - kHeader).index];
  auto* freed = static_cast<FreeBlock*>(block);
  freed->next = free;
  free = freed;
}

std::unique_ptr<ParseArena> ParseArenaPool::Take() {
  absl::MutexLock lock(&mu_);
  if (idle_.empty()) return std::make_unique<ParseArena>();
  std::unique_ptr<ParseArena> arena = std::move(idle_.back());
  idle_.pop_back();
  return arena;
}

void ParseArenaPool::Return(std::unique_ptr<ParseArena> arena) {
  absl::MutexLock lock(&mu_);
  idle_.push_back(std::move(arena));
}

UseParseArena::UseParseArena(ParseArena& arena) {
  // Once in the process. Threads without an arena go on with malloc, so others
  // who link the same runtime see no difference.
  static const bool installed = [] {
    ts_set_allocator(TreeSitterMalloc, TreeSitterCalloc, TreeSitterRealloc, TreeSitterFree);
    return true;
  }();
  static_cast<void>(installed);
  current_arena = &arena;
}

UseParseArena::~UseParseArena() { current_arena = nullptr; }

}  // namespace weft::internal
