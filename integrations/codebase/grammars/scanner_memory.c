// SPDX-License-Identifier: Apache-2.0
//
// Hand-written scanners of grammars call malloc and its family by name. They are compiled
// to call these instead, so that all memory of a parse comes from where the runtime's does
// and can be taken back at once when a parse is stopped in the middle.

#include <stddef.h>

#include "alloc.h"  // of the tree-sitter runtime

void *weft_scanner_malloc(size_t bytes) { return ts_malloc(bytes); }
void *weft_scanner_calloc(size_t count, size_t bytes) { return ts_calloc(count, bytes); }
void *weft_scanner_realloc(void *block, size_t bytes) { return ts_realloc(block, bytes); }
void weft_scanner_free(void *block) { ts_free(block); }
