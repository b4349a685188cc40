#include "sdp/candidate.h"

#include "sdp/scan.h"

namespace parley::sdp {

namespace {

bool isIceChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
         c == '/';
}

bool isIceText(std::string_view text, std::size_t least, std::size_t most) {
  if (text.size() < least || text.size() > most) return false;
  for (const char c : text) {
    if (!isIceChar(c)) return false;
  }
  return true;
}

CandidateType typeOf(std::string_view text) {
  for (const CandidateType t :
       {CandidateType::Host, CandidateType::Srflx, CandidateType::Prflx, CandidateType::Relay}) {
    if (text == name(t)) return t;
  }
  return CandidateType::Unknown;
}

CandidateProtocol protocolOf(std::string_view text) {
  if (equalFolded(text, "udp")) return CandidateProtocol::Udp;
  if (equalFolded(text, "tcp")) return CandidateProtocol::Tcp;
  return CandidateProtocol::Unknown;
}

template <class T>
bool assign(std::optional<T>& out, std::optional<T> value) {
  out = value;
  return value.has_value();
}

// One extension's name and value; false if the value cannot be that of a name we know.
bool readExtension(CandidateAttribute& c, std::string_view key, std::string_view value) {
  if (key == "raddr") {
    c.relatedAddress = value;
    return value.size() <= kMaxCandidateAddress;
  }
  if (key == "rport") return assign(c.relatedPort, number<std::uint16_t>(value));
  if (key == "generation") return assign(c.generation, number<std::uint32_t>(value));
  if (key == "network-id") return assign(c.networkId, number<std::uint32_t>(value));
  if (key == "network-cost") return assign(c.networkCost, number<std::uint32_t>(value));
  if (key == "ufrag") {
    c.ufrag = value;
    return isIceText(value, 1, kMaxUfragLength);
  }
  if (key == "tcptype") {
    for (const TcpType t : {TcpType::Active, TcpType::Passive, TcpType::So}) {
      if (value == name(t)) c.tcpType = t;
    }
    return c.tcpType.has_value();
  }
  c.extensions.push_back({std::string(key), std::string(value)});
  return c.extensions.size() <= kMaxCandidateExtensions;
}

ParseError error(std::string_view reason) {
  return {0, reason};
}

// The part that every candidate has (RFC 8839 section 5.1); what stands wrong, or nothing.
std::string_view readFixed(Words& words, CandidateAttribute& c) {
  const std::string_view foundation = words.next();
  if (!isIceText(foundation, 1, kMaxFoundationLength)) return "the candidate's foundation";
  c.foundation = foundation;
  const auto component = number<std::uint16_t>(words.next());
  if (!component || *component < 1 || *component > 256) {
    return "the candidate's component is not from 1 to 256";
  }
  c.component = *component;
  c.protocolText = words.next();
  if (!isToken(c.protocolText)) return "the candidate's transport";
  c.protocol = protocolOf(c.protocolText);
  const auto priority = number<std::uint32_t>(words.next());
  if (!priority) return "the candidate's priority is not a number of 32 bits";
  c.priority = *priority;
  c.address = words.next();
  if (c.address.size() > kMaxCandidateAddress || !isVisible(c.address)) {
    return "the candidate's address";
  }
  const auto port = number<std::uint16_t>(words.next());
  if (!port) return "the candidate's port is not from 0 to 65535";
  c.port = *port;
  if (words.next() != "typ") return "the candidate has no typ";
  c.typeText = words.next();
  if (!isToken(c.typeText)) return "the candidate's type";
  c.type = typeOf(c.typeText);
  return {};
}

}  // namespace

std::string_view name(CandidateType type) {
  switch (type) {
    case CandidateType::Host:
      return "host";
    case CandidateType::Srflx:
      return "srflx";
    case CandidateType::Prflx:
      return "prflx";
    case CandidateType::Relay:
      return "relay";
    case CandidateType::Unknown:
      break;
  }
  return "unknown";
}

std::string_view name(TcpType type) {
  switch (type) {
    case TcpType::Active:
      return "active";
    case TcpType::Passive:
      return "passive";
    case TcpType::So:
      return "so";
  }
  return "";
}

bool isUfrag(std::string_view text) {
  return isIceText(text, kMinUfragLength, kMaxUfragLength);
}
bool isPwd(std::string_view text) {
  return isIceText(text, kMinPwdLength, kMaxPwdLength);
}

bool CandidateAttribute::isMdns() const {
  constexpr std::string_view kLocal = ".local";
  return address.size() > kLocal.size() &&
         equalFolded(std::string_view(address).substr(address.size() - kLocal.size()), kLocal);
}

ParseResult<CandidateAttribute> parseCandidate(std::string_view text) {
  if (text.size() > kMaxCandidateLength) return error("the candidate is too long");
  if (text.substr(0, 2) == "a=") text.remove_prefix(2);
  constexpr std::string_view kName = "candidate:";
  if (text.substr(0, kName.size()) == kName) text.remove_prefix(kName.size());
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) return error("a control character in the candidate");
  }
  CandidateAttribute c;
  Words words(text);
  if (const std::string_view reason = readFixed(words, c); !reason.empty()) return error(reason);
  while (!words.empty()) {
    const std::string_view key = words.next();
    const std::string_view value = words.next();
    if (value.empty()) return error("a candidate's extension has no value");
    if (!isVisible(key) || !isVisible(value) || !readExtension(c, key, value)) {
      return error("a candidate's extension has a value that it cannot have");
    }
  }
  return c;
}

std::string writeCandidate(const CandidateAttribute& c) {
  std::string out = "candidate:";
  const auto word = [&out](std::string_view text) { (out += ' ') += text; };
  const auto pair = [&](std::string_view key, std::string_view value) {
    word(key);
    word(value);
  };
  out += c.foundation;
  word(std::to_string(c.component));
  word(c.protocolText);
  word(std::to_string(c.priority));
  word(c.address);
  word(std::to_string(c.port));
  pair("typ", c.typeText);
  if (c.relatedAddress) pair("raddr", *c.relatedAddress);
  if (c.relatedPort) pair("rport", std::to_string(*c.relatedPort));
  if (c.tcpType) pair("tcptype", name(*c.tcpType));
  if (c.generation) pair("generation", std::to_string(*c.generation));
  if (c.ufrag) pair("ufrag", *c.ufrag);
  if (c.networkId) pair("network-id", std::to_string(*c.networkId));
  if (c.networkCost) pair("network-cost", std::to_string(*c.networkCost));
  for (const CandidateExtension& e : c.extensions)
    pair(e.name, e.value);
  return out;
}

}  // namespace parley::sdp
