#include "driver/interface_system.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include "base/base64.h"

namespace parley::driver {
namespace {

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

InterfaceKind kindOfDevice(const std::string& device) {
  // A name that would lead elsewhere in /sys is no interface's.
  if (device.find('/') != std::string::npos || device.starts_with('.'))
    return InterfaceKind::Unknown;
  const std::string at = "/sys/class/net/" + device + "/";
  if (exists(at + "wireless") || exists(at + "phy80211")) return InterfaceKind::Wifi;
  if (exists(at + "bridge") || exists(at + "tun_flags"))
    return exists(at + "bridge") ? InterfaceKind::Virtual : InterfaceKind::Vpn;
  const InterfaceKind byName = kindByName(device);
  int type = -1;
  std::ifstream(at + "type") >> type;
  switch (type) {
    case ARPHRD_LOOPBACK:
      return InterfaceKind::Loopback;
    case ARPHRD_NONE:  // WireGuard and its like
    case ARPHRD_PPP:
    case ARPHRD_TUNNEL:
    case ARPHRD_TUNNEL6:
    case ARPHRD_SIT:
    case ARPHRD_IPGRE:
      return byName == InterfaceKind::Cellular ? byName : InterfaceKind::Vpn;
    default:
      break;
  }
  if (byName != InterfaceKind::Unknown) return byName;
  // Ethernet that is a device of the machine, and not made by software.
  return type == ARPHRD_ETHER && exists(at + "device") ? InterfaceKind::Wired
                                                       : InterfaceKind::Unknown;
}

// /proc/net/if_inet6, a line an address: 32 digits of it, index, prefix length, scope, flags (all
// hexadecimal), name.
void readAddressStates(std::vector<Interface>& interfaces) {
  std::ifstream file("/proc/net/if_inet6");
  std::string digits, index, prefix, scope, flags, device;
  while (file >> digits >> index >> prefix >> scope >> flags >> device) {
    const auto bytes = hexDecode(digits);
    if (!bytes || bytes->size() != 16) continue;
    std::array<std::uint8_t, 16> ip{};
    std::copy(bytes->begin(), bytes->end(), ip.begin());
    const unsigned bits = static_cast<unsigned>(std::strtoul(flags.c_str(), nullptr, 16));
    for (Interface& i : interfaces) {
      if (i.address != IpAddress::v6(ip) || i.name != device) continue;
      i.temporary = (bits & IFA_F_TEMPORARY) != 0;
      i.deprecated = (bits & IFA_F_DEPRECATED) != 0;
      i.tentative = (bits & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0;
    }
  }
}

Result<Descriptor> openInterfaceNews() {
  Descriptor fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return Error{ErrorCode::System, "open a netlink socket", errno};
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Error{ErrorCode::System, "listen for changes of interfaces", errno};
  return fd;
}

void skipInterfaceNews(int descriptor) {
  std::array<char, 8192> room;
  // ENOBUFS says that news were lost, which is news as well.
  while (::recv(descriptor, room.data(), room.size(), MSG_DONTWAIT | MSG_TRUNC) > 0 ||
         errno == ENOBUFS) {
  }
}

}  // namespace parley::driver
