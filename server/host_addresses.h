// The addresses of this machine, from the kernel.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/address.h"

namespace parley::server {

// Of interfaces that are up; without loopback and IPv6 link-local ones.
std::vector<IpAddress> interfaceAddresses();
// The one that packets to the world leave by; no packet is sent to find out.
std::optional<IpAddress> defaultRouteAddress(Family family);
// What another device on the network would call this machine: an address, or nothing.
std::optional<IpAddress> lanAddress();
std::string hostName();

}  // namespace parley::server
