// RTCIceTransport, RTCDtlsTransport and RTCSctpTransport (webrtc-pc sections 5.5, 5.6, 6.1), as
// values: what they were when asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parley/ice_candidate.h"

namespace parley {

enum class IceRole : std::uint8_t { Unknown, Controlling, Controlled };
enum class IceTransportState : std::uint8_t {
  New,
  Checking,
  Connected,
  Completed,
  Disconnected,
  Failed,
  Closed
};
enum class DtlsTransportState : std::uint8_t { New, Connecting, Connected, Closed, Failed };
enum class SctpTransportState : std::uint8_t { Connecting, Connected, Closed };

struct IceTransport {
  IceTransportState state = IceTransportState::New;
  std::optional<IceCandidatePair> selectedCandidatePair;
};

struct DtlsTransport {
  DtlsTransportState state = DtlsTransportState::New;
  IceTransport iceTransport;
};

struct SctpTransport {
  SctpTransportState state = SctpTransportState::Connecting;
  std::size_t maxMessageSize = 0;            // what the other side takes
  std::optional<std::uint16_t> maxChannels;  // once connected
  DtlsTransport transport;
};

}  // namespace parley
