#include "server/host_addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace parley::server {
namespace {

std::optional<IpAddress> fromSockaddr(const sockaddr* address) {
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return IpAddress::v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family != AF_INET6) return {};
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return IpAddress::v6(bytes);
}

bool isLinkLocal6(const IpAddress& ip) {
  return !ip.isV4() && ip.bytes()[0] == 0xfe && (ip.bytes()[1] & 0xc0) == 0x80;
}

}  // namespace

std::vector<IpAddress> interfaceAddresses() {
  std::vector<IpAddress> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    if ((i->ifa_flags & IFF_UP) == 0) continue;
    const auto ip = fromSockaddr(i->ifa_addr);
    if (!ip || ip->isLoopback() || isLinkLocal6(*ip)) continue;
    if (std::find(out.begin(), out.end(), *ip) == out.end()) out.push_back(*ip);
  }
  ::freeifaddrs(list);
  return out;
}

std::optional<IpAddress> defaultRouteAddress(Family family) {
  const bool v4 = family == Family::V4;
  const int s = ::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (s < 0) return {};
  // Connecting a datagram socket only chooses a route. The targets are documentation addresses
  // (RFC 5737, RFC 3849).
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (v4) {
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(9);
    target.sin_addr.s_addr = htonl(0xC0000201);
    std::memcpy(&storage, &target, sizeof target);
    size = sizeof target;
  } else {
    sockaddr_in6 target{};
    target.sin6_family = AF_INET6;
    target.sin6_port = htons(9);
    ::inet_pton(AF_INET6, "2001:db8::1", &target.sin6_addr);
    std::memcpy(&storage, &target, sizeof target);
    size = sizeof target;
  }
  std::optional<IpAddress> out;
  sockaddr* address = reinterpret_cast<sockaddr*>(&storage);
  if (::connect(s, address, size) == 0 && ::getsockname(s, address, &size) == 0) {
    out = fromSockaddr(address);
  }
  ::close(s);
  if (out && (out->isLoopback() || out->isUnspecified() || isLinkLocal6(*out))) return {};
  return out;
}

std::optional<IpAddress> lanAddress() {
  if (auto ip = defaultRouteAddress(Family::V4)) return ip;
  const auto all = interfaceAddresses();
  const auto v4 = std::find_if(all.begin(), all.end(), [](const IpAddress& i) { return i.isV4(); });
  if (v4 != all.end()) return *v4;
  return defaultRouteAddress(Family::V6);
}

std::string hostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

}  // namespace parley::server
