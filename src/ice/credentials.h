// The short-term credentials of one side of one generation (RFC 8445 section 5.3).
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"

namespace parley::ice {

struct Credentials {
  std::string ufrag;
  std::string password;
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// Section 5.3: at least 24 and 128 bits of randomness; ours have 48 and 144, in 8 and 24
// characters. A caller that encodes something in its ufrag (who owns it) gives `prefix`.
Credentials makeCredentials(RandomSource& random, std::string_view prefix = {});

// The lengths and characters of RFC 8839 section 5.4: 4 to 256, and 22 to 256 ice-chars.
bool isValid(const Credentials& credentials);

}  // namespace parley::ice
