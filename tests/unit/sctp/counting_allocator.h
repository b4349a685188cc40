// Counts what this executable asks of the heap: operator new, which it replaces, and realloc, by
// which message buffers grow (counting_allocator.cc).
#pragma once

#include <cstddef>

namespace parley::sctp::test {
std::size_t allocations();
}  // namespace parley::sctp::test
