#include "sim/nat.h"

#include <algorithm>

#include "base/check.h"

namespace parley::sim {
namespace {

// The part of `remote` that matters; the rest is zero, so that equal parts compare equal.
Address reduced(Dependence dependence, const Address& remote) {
  switch (dependence) {
    case Dependence::EndpointIndependent:
      return {};
    case Dependence::AddressDependent:
      return remote.withPort(0);
    case Dependence::AddressAndPortDependent:
      break;
  }
  return remote;
}

NatVerdict dropped(NatDrop why) {
  return {NatVerdict::To::Drop, why, {}};
}

}  // namespace

Nat::Nat(NatConfig config, RandomSource& random) : config_(std::move(config)), random_(random) {
  PARLEY_CHECK(!config_.externalAddresses.empty());
  PARLEY_CHECK(config_.minPort > 0 && config_.minPort <= config_.maxPort);
  PARLEY_CHECK(!config_.overload || (config_.mapping == Dependence::AddressAndPortDependent &&
                                     config_.filtering == Dependence::AddressAndPortDependent));
}

bool Nat::owns(const IpAddress& external) const {
  return std::find(config_.externalAddresses.begin(), config_.externalAddresses.end(), external) !=
         config_.externalAddresses.end();
}

NatVerdict Nat::fromInside(const Flow& flow, Time now) {
  const bool hairpin = owns(flow.destination.ip());
  if (hairpin && !config_.hairpinning) return dropped(NatDrop::NoHairpin);

  const Key key{flow.protocol, flow.source, reduced(config_.mapping, flow.destination)};
  auto it = find(key, now);
  const bool fresh = it == mappings_.end();
  if (fresh) it = create(key, flow.destination, now);
  if (it == mappings_.end()) return dropped(NatDrop::Full);

  Mapping& mapping = it->second;
  if ((flow.tcpFlags & (kTcpFin | kTcpRst)) != 0) mapping.closing = true;
  const Time until = now + lifetime(flow.protocol, mapping);
  if (fresh || config_.refreshOutbound) mapping.expires = until;
  permit(mapping, flow.destination, until);

  Flow out = flow;
  out.source = mapping.external;
  if (!hairpin) return {NatVerdict::To::Outside, NatDrop::None, out};
  // RFC 4787 section 6: as if it had come from outside, filter included.
  NatVerdict back = fromOutside(out, now);
  if (back.to == NatVerdict::To::Inside && config_.hairpinInternalSource)
    back.flow.source = flow.source;
  return back;
}

NatVerdict Nat::fromOutside(const Flow& flow, Time now) {
  if (!owns(flow.destination.ip())) return dropped(NatDrop::NotOurs);
  const auto [begin, end] = byExternal_.equal_range(Outer{flow.protocol, flow.destination});
  NatDrop why = NatDrop::NoMapping;
  for (auto at = begin; at != end; ++at) {
    const auto it = mappings_.find(at->second);
    PARLEY_CHECK(it != mappings_.end());
    Mapping& mapping = it->second;
    if (mapping.expires <= now) continue;
    why = NatDrop::Filtered;
    if (!admits(mapping, flow.source, now)) continue;
    mapping.answered = true;
    if ((flow.tcpFlags & (kTcpFin | kTcpRst)) != 0) mapping.closing = true;
    if (config_.refreshInbound) {
      mapping.expires = now + lifetime(flow.protocol, mapping);
      permit(mapping, flow.source, mapping.expires);
    }
    Flow in = flow;
    in.destination = at->second.internal;
    return {NatVerdict::To::Inside, NatDrop::None, in};
  }
  return dropped(why);
}

// RFC 4787 section 5. A filter that nobody opened lets everybody in only when it asks for nothing.
bool Nat::admits(const Mapping& mapping, const Address& remote, Time now) const {
  if (config_.filtering == Dependence::EndpointIndependent) return true;
  const auto it = mapping.filters.find(reduced(config_.filtering, remote));
  return it != mapping.filters.end() && it->second > now;
}

void Nat::permit(Mapping& mapping, const Address& remote, Time until) {
  if (config_.filtering == Dependence::EndpointIndependent) return;
  const Address end = reduced(config_.filtering, remote);
  if (mapping.filters.size() >= kMaxFilters && !mapping.filters.contains(end)) {
    const auto oldest =
        std::min_element(mapping.filters.begin(), mapping.filters.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    mapping.filters.erase(oldest);
  }
  mapping.filters[end] = until;
}

Duration Nat::lifetime(Protocol protocol, const Mapping& mapping) const {
  if (protocol == Protocol::Udp) return config_.udpLifetime;
  return mapping.answered && !mapping.closing ? config_.tcpLifetime : config_.tcpTransitoryLifetime;
}

Nat::Mappings::iterator Nat::find(const Key& key, Time now) {
  const auto it = mappings_.find(key);
  if (it == mappings_.end() || it->second.expires > now) return it;
  erase(it);
  return mappings_.end();
}

Nat::Mappings::iterator Nat::create(const Key& key, const Address& remote, Time now) {
  if (mappings_.size() >= config_.maxMappings) sweep(now);
  Address external{chooseAddress(key.internal.ip()), 0};
  if (mappings_.size() >= config_.maxMappings || !choosePort(key, remote, now, external))
    return mappings_.end();
  byExternal_.emplace(Outer{key.protocol, external}, key);
  return mappings_.emplace(key, Mapping{external, remote, now, false, false, {}}).first;
}

void Nat::erase(Mappings::iterator it) {
  const auto [begin, end] = byExternal_.equal_range(Outer{it->first.protocol, it->second.external});
  byExternal_.erase(
      std::find_if(begin, end, [&](const auto& entry) { return entry.second == it->first; }));
  mappings_.erase(it);
}

void Nat::sweep(Time now) {
  for (auto it = mappings_.begin(); it != mappings_.end();) {
    const auto next = std::next(it);
    if (it->second.expires <= now) erase(it);
    it = next;
  }
}

IpAddress Nat::chooseAddress(const IpAddress& internal) {
  const auto& addresses = config_.externalAddresses;
  if (!config_.pairedPooling) return addresses[random_.below(addresses.size())];
  const auto it = pairs_.find(internal);
  if (it != pairs_.end()) return it->second;
  if (pairs_.size() >= config_.maxMappings) pairs_.clear();
  return pairs_[internal] = addresses[nextAddress_++ % addresses.size()];
}

bool Nat::isFree(Protocol protocol, const Address& external, const Address& remote, Time now) {
  const auto [begin, end] = byExternal_.equal_range(Outer{protocol, external});
  for (auto at = begin; at != end; ++at) {
    const Mapping& other = mappings_.find(at->second)->second;
    if (other.expires > now && (!config_.overload || other.remote == remote)) return false;
  }
  return true;
}

// Tries the inner port if it may be preserved, then every port of the range once, from the next or
// a drawn one on.
bool Nat::choosePort(const Key& key, const Address& remote, Time now, Address& external) {
  const std::uint16_t inner = key.internal.port();
  std::uint32_t low = config_.minPort;
  std::uint32_t high = config_.maxPort;
  if (config_.keepRange) {  // RFC 4787 REQ-3 b
    if (inner < 1024) high = std::min<std::uint32_t>(high, 1023);
    if (inner >= 1024) low = std::max<std::uint32_t>(low, 1024);
  }
  if (low > high) return false;
  const auto fits = [&](std::uint32_t port) {
    return (!config_.keepParity || port % 2 == inner % 2) &&
           isFree(key.protocol, external.withPort(static_cast<std::uint16_t>(port)), remote, now);
  };
  const auto take = [&](std::uint32_t port) {
    external = external.withPort(static_cast<std::uint16_t>(port));
    return true;
  };
  if (config_.preservePort && inner >= low && inner <= high && fits(inner)) return take(inner);

  const std::uint32_t count = high - low + 1;
  std::uint32_t start = nextPort_ < low || nextPort_ > high ? 0 : nextPort_ - low;
  if (config_.order == NatConfig::Order::Random)
    start = static_cast<std::uint32_t>(random_.below(count));
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t port = low + (start + i) % count;
    if (!fits(port)) continue;
    nextPort_ = static_cast<std::uint16_t>(port == high ? low : port + 1);
    return take(port);
  }
  return false;
}

void Nat::forget() {
  mappings_.clear();
  byExternal_.clear();
}

void Nat::setExternalAddresses(std::vector<IpAddress> addresses) {
  PARLEY_CHECK(!addresses.empty());
  config_.externalAddresses = std::move(addresses);
  pairs_.clear();
  forget();
}

std::size_t Nat::liveMappings(Time now) const {
  return static_cast<std::size_t>(std::count_if(
      mappings_.begin(), mappings_.end(), [now](const auto& m) { return m.second.expires > now; }));
}

}  // namespace parley::sim
