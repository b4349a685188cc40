#include "crypto/random.h"

#include <openssl/rand.h>

#include "base/check.h"

namespace parley::crypto {

void SystemRandom::fill(Bytes out) {
  if (out.empty()) return;
  // Without randomness there is no secret: going on would be worse than stopping.
  PARLEY_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

}  // namespace parley::crypto
