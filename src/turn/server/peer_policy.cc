#include "turn/server/peer_policy.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace parley::turn {
namespace {

// What no peer of a public relay has: RFC 6890 and its registries, docs/turn.md has the reasons.
constexpr const char* kDeniedByDefault[] = {
    "0.0.0.0/8",     "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15",  "224.0.0.0/3",
    "::/96",         "::1/128",      "64:ff9b::/96",   "64:ff9b:1::/48", "2001::/32",
    "2002::/16",     "fc00::/7",     "fe80::/10",      "fec0::/10",      "ff00::/8",
};

const std::vector<Prefix>& deniedByDefault() {
  static const std::vector<Prefix> list = [] {
    std::vector<Prefix> prefixes;
    for (const char* text : kDeniedByDefault)
      prefixes.push_back(*Prefix::parse(text));
    return prefixes;
  }();
  return list;
}

bool contains(const std::vector<Prefix>& prefixes, const IpAddress& ip) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix& p) { return p.contains(ip); });
}

bool startsWith(ConstBytes bytes, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

// The IPv4 address inside an IPv6 address that a network on the way would unpack.
std::optional<IpAddress> embeddedV4(const IpAddress& ip) {
  // ::1 is itself and no IPv4-compatible 0.0.0.1 (RFC 4291 section 2.5.3).
  if (ip.isV4() || ip.isLoopback()) return std::nullopt;
  const ConstBytes b = ip.bytes();
  const auto at = [&](std::size_t i) { return IpAddress::v4(loadBe32(b.data() + i)); };
  if (startsWith(b, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})) return at(12);  // RFC 4291 2.5.5.1
  if (startsWith(b, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return at(12);  // RFC 6052
  if (startsWith(b, {0x20, 0x02})) return at(2);                                    // RFC 3056
  if (startsWith(b, {0x20, 0x01, 0, 0})) {  // RFC 4380 section 4: the client's address, inverted
    return IpAddress::v4(~loadBe32(b.data() + 12));
  }
  if (startsWith(b, {0, 0x64, 0xff, 0x9b, 0, 1})) {  // RFC 8215, a /48 of RFC 6052 section 2.2
    return IpAddress::v4(b[6], b[7], b[9], b[10]);
  }
  return std::nullopt;
}

}  // namespace

PeerPolicy::PeerPolicy(PeerRules rules, std::vector<RelayAddress> relays)
    : rules_(std::move(rules)), relays_(std::move(relays)) {
  mapped_ = std::any_of(relays_.begin(), relays_.end(),
                        [](const RelayAddress& r) { return r.visible() != r.bind; });
}

void PeerPolicy::setRules(PeerRules rules) {
  rules_ = std::move(rules);
}

const RelayAddress* PeerPolicy::ownRelay(const IpAddress& ip) const {
  for (const RelayAddress& r : relays_) {
    if (r.bind == ip || r.visible() == ip) return &r;
  }
  return nullptr;
}

bool PeerPolicy::isOwn(const IpAddress& ip) const {
  return std::find(rules_.ownAddresses.begin(), rules_.ownAddresses.end(), ip) !=
         rules_.ownAddresses.end();
}

PeerClass PeerPolicy::judgeExactly(const IpAddress& ip) const {
  const bool denied = contains(rules_.deny, ip);
  const bool allowed = !denied && contains(rules_.allow, ip);
  if (ownRelay(ip) != nullptr) return allowed ? PeerClass::OwnOpen : PeerClass::OwnRelay;
  if (denied) return PeerClass::Denied;
  const bool own = isOwn(ip) || ip.isLoopback();
  if (allowed) return own ? PeerClass::OwnOpen : PeerClass::Open;
  return own || contains(deniedByDefault(), ip) ? PeerClass::Denied : PeerClass::Open;
}

PeerClass PeerPolicy::judge(const IpAddress& given) const {
  const IpAddress ip = given.unmapped();
  const PeerClass itself = judgeExactly(ip);
  const auto inside = embeddedV4(ip);
  if (!inside || itself == PeerClass::Denied) return itself;
  // An own address is reached by its own name only, never through a translator.
  return judgeExactly(*inside) == PeerClass::Open ? itself : PeerClass::Denied;
}

bool PeerPolicy::portPasses(PeerClass judged, const Address& peer,
                            const RelayRegistry& live) const {
  switch (judged) {
    case PeerClass::Denied:
      return false;
    case PeerClass::Open:
      return true;
    case PeerClass::OwnRelay:
      return live.isLive(toBound(peer));
    case PeerClass::OwnOpen:
      return !isListener(peer) && !isListener(toBound(peer));
  }
  return false;
}

bool PeerPolicy::isListener(const Address& peer) const {
  const IpAddress ip = peer.ip().unmapped();
  for (const Address& l : rules_.listeners) {
    if (l.port() != peer.port()) continue;
    if (l.ip() == ip) return true;
    if (l.ip().isUnspecified() && (isOwn(ip) || ip.isLoopback() || ownRelay(ip) != nullptr)) {
      return true;
    }
  }
  return false;
}

Address PeerPolicy::toBound(const Address& peer) const {
  if (!mapped_) return peer;
  const RelayAddress* own = ownRelay(peer.ip());
  return own == nullptr ? peer : Address{own->bind, peer.port()};
}

Address PeerPolicy::toVisible(const Address& source) const {
  if (!mapped_) return source;
  for (const RelayAddress& r : relays_) {
    if (r.bind == source.ip()) return {r.visible(), source.port()};
  }
  return source;
}

}  // namespace parley::turn
