// The machine's network interfaces.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace parley::driver {

struct Interface {
  std::string name;
  unsigned index = 0;
  IpAddress address;
  bool up = false;
  bool loopback = false;
};

// One entry an address; IPv6 link-local ones included.
Result<std::vector<Interface>> listInterfaces();

// The address that packets to the world leave from; NotFound without a default route. Sends
// nothing.
Result<IpAddress> defaultSourceAddress(Family family);

}  // namespace parley::driver
