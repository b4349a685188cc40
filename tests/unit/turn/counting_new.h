// Counts the calls of operator new in this executable, which it replaces (counting_new.cc).
#pragma once

#include <cstddef>

namespace parley::test {
std::size_t allocations();
}  // namespace parley::test
