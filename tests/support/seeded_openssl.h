// Makes OpenSSL's randomness that of a seed, for the whole process: keys, randoms and nonces of a
// simulation are the same in every run of one seed. For tests and simulations only; call it again
// to begin anew, always with the same calls of OpenSSL behind it.
#pragma once

#include <cstdint>

namespace parley::test {

void seedOpenSsl(std::uint64_t seed);
// OpenSSL's own randomness again. The seeded one is for one thread.
void unseedOpenSsl();

}  // namespace parley::test
