#include "driver/interfaces.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "driver/interface_system.h"
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

bool isLinkLocal(const IpAddress& ip) {
  const ConstBytes b = ip.bytes();
  if (ip.isV4()) return b[0] == 169 && b[1] == 254;  // RFC 3927
  return b[0] == 0xFE && (b[1] & 0xC0) == 0x80;      // RFC 4291 section 2.5.6
}

// Hardware before the rest.
int rank(InterfaceKind kind) {
  switch (kind) {
    case InterfaceKind::Wired:
      return 0;
    case InterfaceKind::Wifi:
      return 1;
    case InterfaceKind::Unknown:
      return 2;
    case InterfaceKind::Cellular:
      return 3;
    case InterfaceKind::Vpn:
      return 4;
    case InterfaceKind::Virtual:
      return 5;
    case InterfaceKind::Loopback:
      return 6;
  }
  return 7;
}

}  // namespace

const char* name(InterfaceKind kind) {
  switch (kind) {
    case InterfaceKind::Wired:
      return "wired";
    case InterfaceKind::Wifi:
      return "wifi";
    case InterfaceKind::Cellular:
      return "cellular";
    case InterfaceKind::Vpn:
      return "vpn";
    case InterfaceKind::Virtual:
      return "virtual";
    case InterfaceKind::Loopback:
      return "loopback";
    case InterfaceKind::Unknown:
      return "unknown";
  }
  return "unknown";
}

InterfaceKind kindByName(std::string_view device) {
  struct Custom {
    std::string_view prefix;
    InterfaceKind kind;
  };
  constexpr Custom kCustoms[] = {
      {"wlan", InterfaceKind::Wifi},       {"wlp", InterfaceKind::Wifi},
      {"wlx", InterfaceKind::Wifi},        {"wl", InterfaceKind::Wifi},
      {"wwan", InterfaceKind::Cellular},   {"wwp", InterfaceKind::Cellular},
      {"rmnet", InterfaceKind::Cellular},  {"tun", InterfaceKind::Vpn},
      {"tap", InterfaceKind::Vpn},         {"utun", InterfaceKind::Vpn},
      {"wg", InterfaceKind::Vpn},          {"ppp", InterfaceKind::Vpn},
      {"ipsec", InterfaceKind::Vpn},       {"tailscale", InterfaceKind::Vpn},
      {"zt", InterfaceKind::Vpn},          {"docker", InterfaceKind::Virtual},
      {"veth", InterfaceKind::Virtual},    {"virbr", InterfaceKind::Virtual},
      {"vmnet", InterfaceKind::Virtual},   {"br-", InterfaceKind::Virtual},
      {"vboxnet", InterfaceKind::Virtual}, {"eth", InterfaceKind::Wired},
      {"en", InterfaceKind::Wired},
  };
  if (device == "lo" || device == "lo0") return InterfaceKind::Loopback;
  for (const Custom& c : kCustoms)
    if (device.starts_with(c.prefix)) return c.kind;
  return InterfaceKind::Unknown;
}

Result<std::vector<Interface>> listInterfaces() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return Error{ErrorCode::System, "list interfaces", errno};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, ::freeifaddrs);
  std::vector<Interface> out;
  for (const ifaddrs* i = first; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr) continue;
    const auto address = addressOf(i->ifa_addr);
    if (!address) continue;
    Interface one;
    one.name = i->ifa_name;
    one.index = ::if_nametoindex(i->ifa_name);
    one.address = address->ip();
    one.up = (i->ifa_flags & IFF_UP) != 0;
    one.loopback = (i->ifa_flags & IFF_LOOPBACK) != 0;
    one.kind = one.loopback ? InterfaceKind::Loopback : kindOfDevice(one.name);
    out.push_back(std::move(one));
  }
  readAddressStates(out);
  return out;
}

std::vector<Interface> usableAddresses(std::vector<Interface> all, const AddressWishes& wishes) {
  const auto& only = wishes.only;
  std::erase_if(all, [&](const Interface& i) {
    const bool named = std::find(only.begin(), only.end(), i.name) != only.end();
    if (!i.up || i.deprecated || i.tentative || i.address.isUnspecified()) return true;
    if (isLinkLocal(i.address) && !i.address.isV4()) return true;  // useless without a zone
    if (!wishes.ipv6 && !i.address.isV4()) return true;
    if (!only.empty()) return !named;
    if (i.loopback || i.address.isLoopback()) return !wishes.loopback;
    return i.kind == InterfaceKind::Virtual && !wishes.containers;
  });
  const std::vector<Interface> before = all;
  std::erase_if(all, [&](const Interface& i) {
    if (i.address.isV4() || i.temporary) return false;
    return std::any_of(before.begin(), before.end(), [&](const Interface& o) {
      return o.temporary && o.index == i.index && !o.address.isV4();
    });
  });
  std::stable_sort(all.begin(), all.end(), [](const Interface& a, const Interface& b) {
    return rank(a.kind) < rank(b.kind);
  });
  std::vector<Interface> out;
  for (Interface& i : all) {
    const bool known = std::any_of(out.begin(), out.end(),
                                   [&](const Interface& o) { return o.address == i.address; });
    if (!known && out.size() < kMaxUsable) out.push_back(std::move(i));
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

InterfaceMonitor::InterfaceMonitor(Loop& loop, Owner& owner, Descriptor news)
    : loop_(loop), owner_(owner), news_(std::move(news)), timer_(loop.addTimer(*this)) {}

InterfaceMonitor::~InterfaceMonitor() {
  loop_.unwatch(watch_);
  loop_.removeTimer(timer_);
}

Result<std::unique_ptr<InterfaceMonitor>> InterfaceMonitor::make(Loop& loop, Owner& owner) {
  auto news = openInterfaceNews();
  if (!news) return news.error();
  std::unique_ptr<InterfaceMonitor> m(new InterfaceMonitor(loop, owner, std::move(news).value()));
  const auto watch = loop.watch(m->news_.get(), kReadable, *m);
  if (!watch) return watch.error();
  m->watch_ = watch.value();
  // After the socket is open, so that no change falls between.
  auto list = listInterfaces();
  if (!list) return list.error();
  m->last_ = std::move(list).value();
  return m;
}

void InterfaceMonitor::handleReady(Ready) {
  skipInterfaceNews(news_.get());
  loop_.setTimer(timer_, loop_.now() + kQuiet);
}

void InterfaceMonitor::handleTimer() {
  auto list = listInterfaces();
  if (!list || list.value() == last_) return;
  last_ = std::move(list).value();
  owner_.handleInterfaces(last_);
}

}  // namespace parley::driver
