#include "tests/unit/sctp/counting_allocator.h"

#include <cstdlib>
#include <new>

namespace parley::sctp::test {
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
void countOne() {
  ++count;
}
}  // namespace parley::sctp::test

void* operator new(std::size_t size) {
  return parley::sctp::test::counted(size);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}

// The sanitizers have a realloc of their own.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
extern "C" void* __libc_realloc(void* p, std::size_t size);
extern "C" void* realloc(void* p, std::size_t size) noexcept {
  parley::sctp::test::countOne();
  return __libc_realloc(p, size);
}
#endif
