// The W3C's words for the values of its enumerations.
#include <array>

#include "parley/peer_connection.h"

namespace parley {
namespace {

template <class Enum, std::size_t N>
std::string_view pick(const std::array<std::string_view, N>& names, Enum value) {
  const auto at = static_cast<std::size_t>(value);
  return at < N ? names[at] : std::string_view{"unknown"};
}

constexpr std::array<std::string_view, 13> kErrors = {
    "InvalidStateError", "InvalidAccessError", "InvalidModificationError",
    "OperationError",    "SyntaxError",        "TypeError",
    "RangeError",        "NotSupportedError",  "NotAllowedError",
    "NetworkError",      "AbortError",         "TimeoutError",
    "UnknownError"};
constexpr std::array<std::string_view, 6> kLevels = {"trace",   "debug", "info",
                                                     "warning", "error", "off"};
constexpr std::array<std::string_view, 4> kSdpTypes = {"offer", "pranswer", "answer", "rollback"};
constexpr std::array<std::string_view, 4> kCandidateTypes = {"host", "srflx", "prflx", "relay"};
constexpr std::array<std::string_view, 2> kProtocols = {"udp", "tcp"};
constexpr std::array<std::string_view, 3> kRelayProtocols = {"udp", "tcp", "tls"};
constexpr std::array<std::string_view, 4> kChannelStates = {"connecting", "open", "closing",
                                                            "closed"};
constexpr std::array<std::string_view, 6> kSignalingStates = {"stable",
                                                              "have-local-offer",
                                                              "have-remote-offer",
                                                              "have-local-pranswer",
                                                              "have-remote-pranswer",
                                                              "closed"};
constexpr std::array<std::string_view, 3> kGatheringStates = {"new", "gathering", "complete"};
constexpr std::array<std::string_view, 7> kIceStates = {
    "new", "checking", "connected", "completed", "disconnected", "failed", "closed"};
constexpr std::array<std::string_view, 6> kStates = {"new",          "connecting", "connected",
                                                     "disconnected", "failed",     "closed"};
constexpr std::array<std::string_view, 7> kStatsTypes = {
    "peer-connection", "data-channel", "transport",     "",
    "candidate-pair",  "certificate",  "sctp-transport"};

}  // namespace

std::string_view toString(ErrorName v) {
  return pick(kErrors, v);
}
std::string_view toString(LogLevel v) {
  return pick(kLevels, v);
}
std::string_view toString(SdpType v) {
  return pick(kSdpTypes, v);
}
std::string_view toString(IceCandidateType v) {
  return pick(kCandidateTypes, v);
}
std::string_view toString(IceProtocol v) {
  return pick(kProtocols, v);
}
std::string_view toString(RelayProtocol v) {
  return pick(kRelayProtocols, v);
}
std::string_view toString(DataChannelState v) {
  return pick(kChannelStates, v);
}
std::string_view toString(SignalingState v) {
  return pick(kSignalingStates, v);
}
std::string_view toString(IceGatheringState v) {
  return pick(kGatheringStates, v);
}
std::string_view toString(IceConnectionState v) {
  return pick(kIceStates, v);
}
std::string_view toString(PeerConnectionState v) {
  return pick(kStates, v);
}

std::optional<SdpType> sdpTypeOf(std::string_view text) {
  for (std::size_t i = 0; i < kSdpTypes.size(); ++i)
    if (kSdpTypes[i] == text) return static_cast<SdpType>(i);
  return std::nullopt;
}

std::string_view Stats::type() const {
  if (const auto* c = std::get_if<IceCandidateStats>(&value))
    return c->local ? "local-candidate" : "remote-candidate";
  return kStatsTypes[value.index()];
}

const Stats* StatsReport::find(std::string_view id) const {
  for (const Stats& s : entries)
    if (s.id == id) return &s;
  return nullptr;
}

}  // namespace parley
