#include "driver/interfaces.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <memory>

#include "driver/descriptor.h"
#include "driver/socket_address.h"

namespace parley::driver {
namespace {

std::optional<Address> addressOf(const sockaddr* address) {
  sockaddr_storage storage{};
  if (address->sa_family == AF_INET) {
    std::memcpy(&storage, address, sizeof(sockaddr_in));
  } else if (address->sa_family == AF_INET6) {
    std::memcpy(&storage, address, sizeof(sockaddr_in6));
  } else {
    return std::nullopt;
  }
  return fromSocketAddress(storage, sizeof storage);
}

// Addresses of root name servers: anything beyond the default route does.
Address somewhere(Family family) {
  constexpr std::uint16_t kDns = 53;
  if (family == Family::V4) return {IpAddress::v4(198, 41, 0, 4), kDns};
  return {*IpAddress::parse("2001:503:ba3e::2:30"), kDns};
}

}  // namespace

Result<std::vector<Interface>> listInterfaces() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return Error{ErrorCode::System, "list interfaces", errno};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, ::freeifaddrs);
  std::vector<Interface> out;
  for (const ifaddrs* i = first; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr) continue;
    const auto address = addressOf(i->ifa_addr);
    if (!address) continue;
    out.push_back({i->ifa_name, ::if_nametoindex(i->ifa_name), address->ip(),
                   (i->ifa_flags & IFF_UP) != 0, (i->ifa_flags & IFF_LOOPBACK) != 0});
  }
  return out;
}

Result<IpAddress> defaultSourceAddress(Family family) {
  const Descriptor fd(
      ::socket(family == Family::V4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress to = toSocketAddress(somewhere(family));
  // Connecting a UDP socket only asks for the route.
  if (!fd || ::connect(fd.get(), to.get(), to.length) != 0) {
    return Error{ErrorCode::NotFound, "find the default route", errno};
  }
  return localAddress(fd.get()).ip();
}

}  // namespace parley::driver
