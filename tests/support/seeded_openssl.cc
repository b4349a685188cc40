// RAND_set_rand_method is deprecated in favour of a provider of one's own, which is the same in
// three hundred lines more.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tests/support/seeded_openssl.h"

#include <openssl/rand.h>

#include "base/random.h"

namespace parley::test {
namespace {

SeededRandom& generator() {
  static SeededRandom r(0);
  return r;
}

int fill(unsigned char* out, int size) {
  generator().fill({out, static_cast<std::size_t>(size)});
  return 1;
}

int ready() {
  return 1;
}

}  // namespace

void seedOpenSsl(std::uint64_t seed) {
  static const RAND_METHOD method = {.seed = nullptr,
                                     .bytes = fill,
                                     .cleanup = nullptr,
                                     .add = nullptr,
                                     .pseudorand = fill,
                                     .status = ready};
  generator() = SeededRandom(seed);
  RAND_set_rand_method(&method);
}

void unseedOpenSsl() {
  RAND_set_rand_method(RAND_OpenSSL());
}

}  // namespace parley::test
