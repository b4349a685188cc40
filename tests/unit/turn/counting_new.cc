#include "counting_new.h"

#include <cstdlib>
#include <new>

namespace parley::test {
namespace {
std::size_t count = 0;
}  // namespace
std::size_t allocations() {
  return count;
}
void* counted(std::size_t size) {
  ++count;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
}  // namespace parley::test

void* operator new(std::size_t size) {
  return parley::test::counted(size);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
