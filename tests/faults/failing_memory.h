// SPDX-License-Identifier: Apache-2.0
//
// operator new that fails where it is told to. Replaced for the whole executable, oneTBB and
// Abseil included; what they take from malloc is not seen here.

#ifndef WEFT_TESTS_FAULTS_FAILING_MEMORY_H_
#define WEFT_TESTS_FAULTS_FAILING_MEMORY_H_

#include <cstdint>

namespace weft::testing {

// From now on, on any thread, the allocation with this number fails, the next being 1; with
// `and_later` all after it, too.
//
// Thread safety: one thread.
void FailAllocation(std::int64_t number, bool and_later);

// None fails any more. True: one has.
bool StopFailing();

// Allocated and not freed.
std::int64_t LiveAllocations();

}  // namespace weft::testing

#endif  // WEFT_TESTS_FAULTS_FAILING_MEMORY_H_
