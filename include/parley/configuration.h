// RTCConfiguration (webrtc-pc section 4.2.1), and what only native programs have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "parley/certificate.h"
#include "parley/executor.h"
#include "parley/log.h"

namespace parley {

struct IceServer {
  std::vector<std::string> urls{};  // stun: turn: turns: (RFC 7064, 7065)
  std::string username{};
  std::string credential{};
  friend bool operator==(const IceServer&, const IceServer&) = default;
};

enum class IceTransportPolicy : std::uint8_t { All, Relay };
enum class BundlePolicy : std::uint8_t { Balanced, MaxCompat, MaxBundle };
enum class RtcpMuxPolicy : std::uint8_t { Require };

// Both 0: any port.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

// Names that end in .local, behind which browsers hide their addresses (RFC 8828, mode 3).
enum class MdnsMode : std::uint8_t {
  Resolve,  // the other side's names are looked up on the local network
  Off,      // they are ignored
};

// Whether a connection uses 127.0.0.1 and ::1.
enum class LoopbackMode : std::uint8_t {
  Auto,    // when the machine has no other address
  Always,  // as well
  Never,
};

// Whom TLS connections (turns:, wss:) believe.
struct TlsTrust {
  std::string caPem{};  // certificates of authorities; empty: the system's
  // SHA-256 of the server's certificate, "AB:CD:…" or hex digits. If given, this and nothing else
  // is asked for: no authority, no name.
  std::string pinSha256{};
  friend bool operator==(const TlsTrust&, const TlsTrust&) = default;
};

// How fast SCTP sends.
enum class CongestionControl : std::uint8_t {
  Default,
  Cubic,  // RFC 9438
  Model,  // by measured bandwidth and round trip
};

struct Configuration {
  std::vector<IceServer> iceServers{};
  IceTransportPolicy iceTransportPolicy = IceTransportPolicy::All;
  BundlePolicy bundlePolicy = BundlePolicy::Balanced;
  RtcpMuxPolicy rtcpMuxPolicy = RtcpMuxPolicy::Require;
  std::vector<Certificate> certificates{};  // empty: one is made for the connection
  std::uint8_t iceCandidatePoolSize = 0;

  // From here on Parley's own. They are fixed when the connection is made, as are `certificates`,
  // `bundlePolicy` and `rtcpMuxPolicy`.
  PortRange ports{};                      // of the UDP sockets
  std::vector<std::string> interfaces{};  // names ("eth0") or addresses; empty: all that are up
  LoopbackMode loopback = LoopbackMode::Auto;
  MdnsMode mdns = MdnsMode::Resolve;
  TlsTrust tls{};
  // The largest message that we take, told to the other side as a=max-message-size.
  std::size_t maxMessageSize = std::size_t{16} * 1024 * 1024;
  CongestionControl congestionControl = CongestionControl::Default;
  // Has no effect yet: datagrams are of 1,200 bytes.
  bool pathMtuDiscovery = true;
  std::shared_ptr<Executor> executor{};  // null: callbacks on the library's thread
  LogSink log{};                         // null: none
  LogLevel logLevel = LogLevel::Info;
};

}  // namespace parley
