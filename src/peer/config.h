// What a Peer is made of: servers, policies, sizes. Plain values; a host fills them in once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "ice/candidate.h"
#include "net/path.h"
#include "stun/uri.h"

namespace parley::peer {

// One of a connection's transports (ICE + DTLS). A bundled connection has one.
using TransportId = StrongId<struct PeerTransportTag, std::uint32_t>;
// Names of what a Peer asked its host for; never reused by that Peer.
using StreamRequestId = StrongId<struct StreamRequestTag, std::uint32_t>;
using LookupId = StrongId<struct LookupTag, std::uint32_t>;

// RTCIceServer: the URLs share the credentials. Password is the only credential type.
struct IceServer {
  std::vector<std::string> urls;
  std::string username;
  std::string credential;
};

// One stun:, stuns:, turn: or turns: URL taken apart.
using IceUrl = stun::Uri;
inline Result<IceUrl> parseIceUrl(std::string_view url) {
  return stun::parseUri(url);
}

enum class IceTransportPolicy : std::uint8_t { All, Relay };

struct PeerConfig {
  // At most kMaxServerUrls URLs are used, the rest is ignored and logged.
  static constexpr std::size_t kMaxServerUrls = 16;
  std::vector<IceServer> iceServers;
  IceTransportPolicy iceTransportPolicy = IceTransportPolicy::All;

  // Host candidates go by multicast DNS names (draft-ietf-mmusic-mdns-ice-candidates section 3.1);
  // the host is told which to answer for (PublishMdns).
  bool hideHostAddresses = false;

  // The UDP payload that a path is trusted to carry from the first packet on: 1200 bytes pass
  // everywhere (RFC 8261 section 5, RFC 9000 section 14). With discovery sctp probes beyond it.
  std::size_t datagramSize = 1200;
  bool pathMtuDiscovery = false;
  // The largest UDP payload that discovery tries.
  std::size_t maxDatagramSize = 1452;

  // a=max-message-size of ours (RFC 8841 section 6): what a message that comes in may measure.
  std::uint64_t maxMessageSize = 256 * 1024;
  // What may wait to be sent, all channels together; send() refuses what goes beyond.
  std::size_t sendBufferSize = std::size_t{16} << 20;
  // Up to which the receive window grows.
  std::uint32_t receiveWindow = 24u << 20;
  bool modelBasedCongestionControl = false;  // BBR-like instead of CUBIC

  // Entries of the event log that are kept: the first half of them for good, then the newest.
  std::size_t eventLogEntries = 400;
};

// What the host says of a UDP socket that it bound for a Peer.
using InterfaceKind = ice::InterfaceKind;

// What is negotiated for a transport (negotiation.h takes it out of jsep's deltas).
struct IceParameters {
  std::string ufrag;
  std::string pwd;
  bool lite = false;
  friend bool operator==(const IceParameters&, const IceParameters&) = default;
};

// A certificate's fingerprint as SDP has it (RFC 8122 section 5).
struct Fingerprint {
  std::string algorithm;  // "sha-256"
  std::string value;      // "AB:CD:…"
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

enum class DtlsRole : std::uint8_t { Client, Server };

struct SctpParameters {
  std::uint16_t localPort = 5000;
  std::uint16_t remotePort = 5000;
  // The other side's a=max-message-size; 0 is "any" (RFC 8841 section 6.1).
  std::uint64_t remoteMaxMessageSize = 64 * 1024;
};

}  // namespace parley::peer
