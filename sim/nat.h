// A network address translator by the vocabulary of RFC 4787 (UDP) and RFC 5382 (TCP), good and
// bad behaviour alike. It decides on flows (sim/flow.h), not on bytes, and knows no simulator:
// time is passed in, randomness is injected.
//
// Limits: NatConfig::maxMappings mappings, beyond which a new flow is dropped (NatDrop::Full);
// kMaxFilters remote ends remembered by a mapping, the oldest forgotten first. Packets that cannot
// be translated are dropped without a word: no ICMP, no application-level gateways (RFC 4787
// REQ-10 wants those off), no fragments (the caller gives whole packets).
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "sim/flow.h"

namespace parley::sim {

// RFC 4787 sections 4.1 and 5: what a mapping or a filter depends on besides the inner end.
enum class Dependence : std::uint8_t {
  EndpointIndependent,
  AddressDependent,
  AddressAndPortDependent
};

struct NatConfig {
  Dependence mapping = Dependence::EndpointIndependent;
  Dependence filtering = Dependence::EndpointIndependent;

  // The addresses it owns on the outside; at least one. Paired pooling gives all flows of an inner
  // address the same outer one (RFC 4787 REQ-2); arbitrary draws one for each mapping.
  std::vector<IpAddress> externalAddresses{};
  bool pairedPooling = true;

  // Ports (section 4.2). The inner port is tried first when `preservePort`; what comes after is
  // counted up or drawn. `keepRange`: ports below 1024 stay below (REQ-3 b). `keepParity`: even
  // stays even (REQ-4). `overload`: flows to different remote ends share an outer port, as Linux's
  // masquerading does; only with AddressAndPortDependent mapping and filtering.
  enum class Order : std::uint8_t { Sequential, Random };
  Order order = Order::Random;
  bool preservePort = false;
  bool keepRange = true;
  bool keepParity = false;
  bool overload = false;
  std::uint16_t minPort = 1;
  std::uint16_t maxPort = 65535;

  // Section 6: packets to our own outer addresses from inside. With `hairpinInternalSource` they
  // keep the inner source address, which RFC 4787 REQ-9 a forbids and some do.
  bool hairpinning = true;
  bool hairpinInternalSource = false;

  // Section 4.3: a mapping ends this long after the last packet that refreshes it. RFC 5382
  // section 5: established connections, and those that are opening or closing.
  Duration udpLifetime = 300s;
  Duration tcpLifetime = 7440s;
  Duration tcpTransitoryLifetime = 240s;
  bool refreshOutbound = true;
  bool refreshInbound = false;

  std::size_t maxMappings = 4096;
};

enum class NatDrop : std::uint8_t {
  None,
  NotOurs,    // from outside, to an address that is not ours
  NoMapping,  // from outside, to a port that nobody mapped
  Filtered,   // a mapping is there, its filter lets only others in
  NoHairpin,
  Full,  // no free port, or maxMappings reached
};

struct NatVerdict {
  enum class To : std::uint8_t { Drop, Outside, Inside };
  To to = To::Drop;
  NatDrop drop = NatDrop::None;
  Flow flow;  // with the addresses as they are to be now
};

class Nat {
 public:
  static constexpr std::size_t kMaxFilters = 256;

  // `random` must outlive the NAT.
  Nat(NatConfig config, RandomSource& random);

  NatVerdict fromInside(const Flow& flow, Time now);
  NatVerdict fromOutside(const Flow& flow, Time now);

  // A restart: every mapping is gone. The next port of a flow is another one unless it is
  // preserved.
  void forget();
  // The provider gives another address; implies forget().
  void setExternalAddresses(std::vector<IpAddress> addresses);

  bool owns(const IpAddress& external) const;
  std::size_t liveMappings(Time now) const;
  const NatConfig& config() const { return config_; }

 private:
  struct Key {
    Protocol protocol;
    Address internal;
    Address remote;  // the parts that the mapping depends on, zero elsewhere
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Outer {
    Protocol protocol;
    Address external;
    friend auto operator<=>(const Outer&, const Outer&) = default;
  };
  struct Mapping {
    Address external;
    Address remote;  // of the packet that made it
    Time expires;
    bool answered = false;  // TCP: a packet of each side was seen
    bool closing = false;   // TCP: FIN or RST was seen
    std::map<Address, Time> filters;
  };
  using Mappings = std::map<Key, Mapping>;

  Mappings::iterator find(const Key& key, Time now);
  Mappings::iterator create(const Key& key, const Address& remote, Time now);
  void erase(Mappings::iterator it);
  void sweep(Time now);
  IpAddress chooseAddress(const IpAddress& internal);
  bool choosePort(const Key& key, const Address& remote, Time now, Address& external);
  bool isFree(Protocol protocol, const Address& external, const Address& remote, Time now);
  bool admits(const Mapping& mapping, const Address& remote, Time now) const;
  Duration lifetime(Protocol protocol, const Mapping& mapping) const;
  void permit(Mapping& mapping, const Address& remote, Time until);

  NatConfig config_;
  RandomSource& random_;
  Mappings mappings_;
  std::multimap<Outer, Key> byExternal_;
  std::map<IpAddress, IpAddress> pairs_;
  std::size_t nextAddress_ = 0;
  std::uint16_t nextPort_ = 0;
};

}  // namespace parley::sim
