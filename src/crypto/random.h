// The operating system's randomness through OpenSSL's generator. Thread-safe.
#pragma once

#include "base/random.h"

namespace parley::crypto {

class SystemRandom final : public RandomSource {
 public:
  void fill(Bytes out) override;
};

}  // namespace parley::crypto
