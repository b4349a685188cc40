// No record allocates memory, neither by operator new nor within OpenSSL.
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>

#include "dtls_harness.h"
#include "tests/unit/turn/counting_new.h"

namespace parley::dtls {
namespace {

std::size_t openSslAllocations = 0;

void* countedAllocate(std::size_t size, const char*, int) {
  ++openSslAllocations;
  return std::malloc(size);
}
void* countedReallocate(void* p, std::size_t size, const char*, int) {
  ++openSslAllocations;
  return std::realloc(p, size);
}
void release(void* p, const char*, int) {
  std::free(p);
}

// Before OpenSSL's first allocation, or it refuses.
const bool counting = CRYPTO_set_mem_functions(countedAllocate, countedReallocate, release) == 1;

TEST(DtlsNoAllocation, sealingAndOpening) {
  ASSERT_TRUE(counting);
  test::Pair p;
  ASSERT_TRUE(p.connect());
  EXPECT_GT(openSslAllocations, 0u) << "the counter counts";
  test::Octets room(2048);
  std::size_t received = 0;
  const auto round = [&] {
    const auto n = p.client.session.seal(ConstBytes(room).subspan(21, 1150), room);
    p.server.session.handleDatagram(Bytes(room).first(*n), p.now);
    while (auto data = p.server.session.nextApplicationData())
      received += data->size();
  };
  round();
  const std::size_t ours = parley::test::allocations();
  const std::size_t theirs = openSslAllocations;
  for (int i = 0; i < 1000; ++i)
    round();
  EXPECT_EQ(parley::test::allocations(), ours);
  EXPECT_EQ(openSslAllocations, theirs);
  EXPECT_EQ(received, 1001u * 1150u);
}

}  // namespace
}  // namespace parley::dtls
