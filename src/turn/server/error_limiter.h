// A token bucket for each IPv4 /24 and IPv6 /56, for answers to requests whose source address is
// not proven: with a forged source they would hit somebody else. Loopback is not limited.
//
// The table is fixed: kSets sets of kWays. In a full set the bucket that is fullest (the quietest
// network) is given up for a newcomer.
#pragma once

#include <array>
#include <vector>

#include "base/time.h"
#include "net/address.h"
#include "turn/server/keyed_hash.h"

namespace parley::turn {

class ErrorLimiter {
 public:
  static constexpr std::size_t kSets = 2048;
  static constexpr std::size_t kWays = 4;

  ErrorLimiter(double perSecond, double burst, const KeyedHash& hash)
      : perSecond_(perSecond), burst_(burst), hash_(hash) {}

  // Takes a token; false when there is none.
  bool allow(const IpAddress& source, Time now);

 private:
  struct Bucket {
    std::uint64_t network = 0;  // 0: unused
    Time at{};
    float tokens = 0;
  };
  using Set = std::array<Bucket, kWays>;

  double tokensNow(const Bucket& bucket, Time now) const;

  double perSecond_;
  double burst_;
  KeyedHash hash_;
  std::vector<Set> sets_;  // made at the first use
};

}  // namespace parley::turn
