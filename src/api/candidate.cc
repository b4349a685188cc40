#include "api/candidate.h"

#include "sdp/candidate.h"

namespace parley {
namespace {

std::optional<RelayProtocol> relayProtocolOf(std::string_view url) {
  if (url.starts_with("turns:")) return RelayProtocol::Tls;
  if (!url.starts_with("turn:")) return std::nullopt;
  return url.ends_with("transport=tcp") ? RelayProtocol::Tcp : RelayProtocol::Udp;
}

IceCandidateType typeOf(sdp::CandidateType type) {
  switch (type) {
    case sdp::CandidateType::Srflx:
      return IceCandidateType::Srflx;
    case sdp::CandidateType::Prflx:
      return IceCandidateType::Prflx;
    case sdp::CandidateType::Relay:
      return IceCandidateType::Relay;
    case sdp::CandidateType::Host:
    case sdp::CandidateType::Unknown:
      break;
  }
  return IceCandidateType::Host;
}

void copyFields(const sdp::CandidateAttribute& from, IceCandidate& to) {
  to.foundation = from.foundation;
  to.component = from.component;
  to.priority = from.priority;
  to.address = from.address;
  to.protocol = from.protocol == sdp::CandidateProtocol::Tcp ? IceProtocol::Tcp : IceProtocol::Udp;
  to.port = from.port;
  to.type = typeOf(from.type);
  if (from.tcpType) to.tcpType = static_cast<IceTcpCandidateType>(*from.tcpType);
  to.relatedAddress = from.relatedAddress;
  to.relatedPort = from.relatedPort;
  if (!to.usernameFragment) to.usernameFragment = from.ufrag;
}

}  // namespace

Expected<IceCandidate> IceCandidate::parse(const IceCandidateInit& init) {
  if (!init.sdpMid && !init.sdpMLineIndex)
    return RtcError{ErrorName::TypeError, "a candidate needs sdpMid or sdpMLineIndex"};
  IceCandidate out;
  static_cast<IceCandidateInit&>(out) = init;
  if (init.candidate.empty()) return out;
  const auto parsed = sdp::parseCandidate(init.candidate);
  if (!parsed) return RtcError{ErrorName::OperationError, parsed.error().describe()};
  copyFields(*parsed, out);
  return out;
}

namespace api {

IceCandidate readCandidate(const IceCandidateInit& init, std::string_view url) {
  IceCandidate out;
  static_cast<IceCandidateInit&>(out) = init;
  if (!init.candidate.empty()) {
    if (const auto parsed = sdp::parseCandidate(init.candidate)) copyFields(*parsed, out);
  }
  if (!url.empty()) {
    out.url = std::string(url);
    if (out.type == IceCandidateType::Relay) out.relayProtocol = relayProtocolOf(url);
  }
  return out;
}

}  // namespace api
}  // namespace parley
