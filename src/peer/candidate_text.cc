#include "peer/candidate_text.h"

namespace parley::peer {
namespace {

std::optional<sdp::TcpType> tcpTypeOf(ice::TcpType t) {
  switch (t) {
    case ice::TcpType::None:
      return std::nullopt;
    case ice::TcpType::Active:
      return sdp::TcpType::Active;
    case ice::TcpType::Passive:
      return sdp::TcpType::Passive;
    case ice::TcpType::SimultaneousOpen:
      return sdp::TcpType::So;
  }
  return std::nullopt;
}

ice::TcpType tcpTypeOf(const std::optional<sdp::TcpType>& t) {
  if (!t) return ice::TcpType::None;
  switch (*t) {
    case sdp::TcpType::Active:
      return ice::TcpType::Active;
    case sdp::TcpType::Passive:
      return ice::TcpType::Passive;
    case sdp::TcpType::So:
      return ice::TcpType::SimultaneousOpen;
  }
  return ice::TcpType::None;
}

sdp::CandidateType typeOf(ice::CandidateType t) {
  switch (t) {
    case ice::CandidateType::Host:
      return sdp::CandidateType::Host;
    case ice::CandidateType::ServerReflexive:
      return sdp::CandidateType::Srflx;
    case ice::CandidateType::PeerReflexive:
      return sdp::CandidateType::Prflx;
    case ice::CandidateType::Relayed:
      return sdp::CandidateType::Relay;
  }
  return sdp::CandidateType::Host;
}

std::optional<ice::CandidateType> typeOf(sdp::CandidateType t) {
  switch (t) {
    case sdp::CandidateType::Host:
      return ice::CandidateType::Host;
    case sdp::CandidateType::Srflx:
      return ice::CandidateType::ServerReflexive;
    case sdp::CandidateType::Prflx:
      return ice::CandidateType::PeerReflexive;
    case sdp::CandidateType::Relay:
      return ice::CandidateType::Relayed;
    case sdp::CandidateType::Unknown:
      return std::nullopt;
  }
  return std::nullopt;
}

Error unsupported(const char* what) {
  return {ErrorCode::Unsupported, what};
}

}  // namespace

sdp::CandidateAttribute toAttribute(const ice::Candidate& c) {
  sdp::CandidateAttribute a;
  a.foundation = c.foundation;
  a.component = c.component;
  if (c.protocol == Transport::Tcp) {
    a.protocol = sdp::CandidateProtocol::Tcp;
    a.protocolText = "tcp";
  }
  a.priority = c.priority;
  a.address = c.mdnsName.empty() ? c.address.ip().toString() : c.mdnsName;
  a.port = c.address.port();
  a.type = typeOf(c.type);
  a.typeText = ice::name(c.type);
  if (c.related) {
    a.relatedAddress = c.related->ip().toString();
    a.relatedPort = c.related->port();
  }
  a.tcpType = tcpTypeOf(c.tcpType);
  if (!c.ufrag.empty()) a.ufrag = c.ufrag;
  if (c.networkCost != 0) a.networkCost = c.networkCost;
  return a;
}

Result<ice::Candidate> fromAttribute(const sdp::CandidateAttribute& a) {
  ice::Candidate c;
  c.foundation = a.foundation;
  c.component = a.component;
  if (a.protocol == sdp::CandidateProtocol::Unknown) return unsupported("candidate's protocol");
  c.protocol = a.protocol == sdp::CandidateProtocol::Tcp ? Transport::Tcp : Transport::Udp;
  c.priority = a.priority;
  const auto type = typeOf(a.type);
  if (!type) return unsupported("candidate's type");
  c.type = *type;
  if (const auto ip = IpAddress::parse(a.address)) {
    c.address = {*ip, a.port};
  } else if (ice::isMdnsName(a.address)) {
    c.mdnsName = a.address;
    c.address = {IpAddress{}, a.port};
  } else {
    return unsupported("candidate's address");
  }
  if (a.relatedAddress)
    if (const auto ip = IpAddress::parse(*a.relatedAddress))
      c.related = Address{*ip, a.relatedPort.value_or(0)};
  c.tcpType = tcpTypeOf(a.tcpType);
  c.ufrag = a.ufrag.value_or("");
  c.networkCost =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(a.networkCost.value_or(0), 999));
  return c;
}

std::string candidateText(const ice::Candidate& c) {
  return sdp::writeCandidate(toAttribute(c));
}

Result<ice::Candidate> parseCandidateText(std::string_view text) {
  const auto a = sdp::parseCandidate(text);
  if (!a.ok()) return Error{ErrorCode::Malformed, "candidate"};
  return fromAttribute(*a);
}

}  // namespace parley::peer
