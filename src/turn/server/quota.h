// How many allocations an account and a client's network hold. Entries exist only while they hold
// some, so both tables are bounded by the number of allocations.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "net/address.h"

namespace parley::turn {

class Quota {
 public:
  enum class Verdict : std::uint8_t { Taken, UserFull, SourceFull };

  explicit Quota(std::uint32_t perSource) : perSource_(perSource) {}

  Verdict take(std::string_view account, std::uint32_t perUser, const IpAddress& source);
  void give(std::string_view account, const IpAddress& source);

  std::size_t accounts() const { return users_.size(); }

 private:
  // A browser behind IPv6 has a whole /56 to choose addresses from.
  static IpAddress sourceOf(const IpAddress& ip) {
    return Prefix(ip, ip.isV4() ? 32 : 56).address();
  }

  std::uint32_t perSource_;
  std::map<std::string, std::uint32_t, std::less<>> users_;
  std::map<IpAddress, std::uint32_t> sources_;  // ordered: its shape cannot be attacked
};

}  // namespace parley::turn
