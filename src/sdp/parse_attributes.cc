// The a= lines. An attribute of the tables below that does not follow its grammar is an error; one
// that is in no table is kept.
#include <array>

#include "sdp/parser.h"
#include "sdp/scan.h"

namespace parley::sdp {

namespace {

using Value = std::optional<std::string_view>;

std::optional<Direction> directionOf(std::string_view text) {
  for (const Direction d :
       {Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive}) {
    if (text == name(d)) return d;
  }
  return std::nullopt;
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// ---- Transport (RFC 8839, 8842, 8122)
// -------------------------------------------------------------

Complaint readFingerprint(std::vector<Fingerprint>& out, std::string_view text) {
  constexpr Complaint kBad = "a=fingerprint is not a hash's name and its bytes";
  constexpr std::size_t kMaxBytes = 64;  // SHA-512
  Words words(text);
  Fingerprint f;
  for (const char c : words.next())
    f.algorithm += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const std::string_view hex = words.next();
  if (!isToken(f.algorithm) || !words.empty() || hex.size() % 3 != 2) return kBad;
  for (std::size_t i = 0; i < hex.size(); i += 3) {
    const int high = hexDigit(hex[i]);
    const int low = hexDigit(hex[i + 1]);
    if (high < 0 || low < 0 || (i + 2 < hex.size() && hex[i + 2] != ':')) return kBad;
    f.value.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  if (f.value.size() > kMaxBytes) return kBad;
  if (out.size() == kMaxFingerprints) return "too many a=fingerprint";
  out.push_back(std::move(f));
  return {};
}

Complaint readSetup(std::optional<Setup>& out, std::string_view text) {
  for (const Setup s : {Setup::Actpass, Setup::Active, Setup::Passive, Setup::Holdconn}) {
    if (text == name(s)) {
      out = s;
      return {};
    }
  }
  return "a=setup is none of actpass, active, passive, holdconn";
}

// True if `key` is one of the transport's attributes; then `complaint` is what is wrong with it.
bool readTransport(TransportAttributes& t, std::string_view key, std::string_view value,
                   Complaint& complaint) {
  if (key == "ice-ufrag") {
    t.ufrag = value;
    if (!isUfrag(value)) complaint = "a=ice-ufrag is not 4 to 256 ICE characters";
  } else if (key == "ice-pwd") {
    t.pwd = value;
    if (!isPwd(value)) complaint = "a=ice-pwd is not 22 to 256 ICE characters";
  } else if (key == "ice-options") {
    t.iceOptions.clear();
    for (Words words(value); !words.empty();)
      t.iceOptions.emplace_back(words.next());
  } else if (key == "fingerprint") {
    complaint = readFingerprint(t.fingerprints, value);
  } else if (key == "setup") {
    complaint = readSetup(t.setup, value);
  } else if (key == "tls-id") {
    t.tlsId = Words(value).rest();
    if (!isVisible(*t.tlsId)) complaint = "a=tls-id is not one word";
  } else {
    return false;
  }
  return true;
}

Complaint readGroup(std::vector<Group>& groups, std::string_view value) {
  Words words(value);
  Group g;
  g.semantics = words.next();
  if (!isToken(g.semantics)) return "a=group has no semantics";
  while (!words.empty()) {
    g.mids.emplace_back(words.next());
    if (g.mids.size() > kMaxMediaSections) return "a=group has too many mids";
  }
  groups.push_back(std::move(g));
  return {};
}

Complaint readExtmap(std::vector<Extmap>& extmaps, std::string_view value) {
  Words words(value);
  Extmap e;
  const auto [id, direction] = splitOnce(words.next(), '/');
  const auto value16 = number<std::uint16_t>(id);
  if (!value16 || *value16 == 0) return "a=extmap has no id from 1 to 65535";
  e.id = *value16;
  if (direction) {
    e.direction = directionOf(*direction);
    if (!e.direction) return "a=extmap has a direction that does not exist";
  }
  e.uri = words.next();
  if (!isVisible(e.uri)) return "a=extmap has no URI";
  e.parameters = words.rest();
  extmaps.push_back(std::move(e));
  return {};
}

// ---- RTP
// ------------------------------------------------------------------------------------------

Codec* codecOf(MediaDescription& m, std::string_view payloadType) {
  const auto pt = number<std::uint8_t>(payloadType);
  if (!pt) return nullptr;
  for (Codec& c : m.codecs) {
    if (c.payloadType == *pt) return &c;
  }
  return nullptr;
}

void keep(std::vector<Attribute>& out, std::string_view key, Value value) {
  Attribute a{std::string(key), std::nullopt};
  if (value) a.value = std::string(*value);
  out.push_back(std::move(a));
}

// What is said of a payload type that the m= line does not have is kept, but means nothing.
Complaint keepStray(MediaDescription& m, std::string_view key, Value value) {
  keep(m.attributes, key, value);
  return {};
}

Complaint readRtpmap(MediaDescription& m, std::string_view key, Value value) {
  Words words(*value);
  Codec* const codec = codecOf(m, words.next());
  const std::string_view encoding = words.next();
  const auto [encodingName, rest] = splitOnce(encoding, '/');
  const auto [rate, channels] = splitOnce(rest.value_or(""), '/');
  const auto clockRate = number<std::uint32_t>(rate);
  if (!isToken(encodingName) || !clockRate) return "a=rtpmap is not a payload type and name/rate";
  std::optional<std::uint16_t> count;
  if (channels) {
    count = number<std::uint16_t>(*channels);
    if (!count) return "a=rtpmap has a number of channels that is not one";
  }
  if (codec == nullptr) return keepStray(m, key, value);
  codec->name = encodingName;
  codec->clockRate = *clockRate;
  codec->channels = count;
  return {};
}

Complaint readFmtp(MediaDescription& m, std::string_view key, Value value) {
  Words words(*value);
  Codec* const codec = codecOf(m, words.next());
  if (codec == nullptr) return keepStray(m, key, value);
  if (!words.empty()) codec->fmtp.emplace_back(words.rest());
  return {};
}

Complaint readRtcpFeedback(MediaDescription& m, std::string_view key, Value value) {
  Words words(*value);
  const std::string_view payloadType = words.next();
  if (words.empty()) return "a=rtcp-fb says nothing";
  if (payloadType == "*") {
    m.feedbackForAll.emplace_back(words.rest());
    return {};
  }
  Codec* const codec = codecOf(m, payloadType);
  if (codec == nullptr) return keepStray(m, key, value);
  codec->feedback.emplace_back(words.rest());
  return {};
}

Complaint readRtcp(MediaDescription& m, std::string_view, Value value) {
  Words words(*value);
  const auto port = number<std::uint16_t>(words.next());
  if (!port) return "a=rtcp has a port that is not from 0 to 65535";
  m.rtcp = Rtcp{*port, std::nullopt};
  if (words.empty()) return {};
  m.rtcp->address.emplace();
  return readConnection(*m.rtcp->address, words.rest()).empty() ? Complaint{}
                                                                : "a=rtcp has no address";
}

Complaint readMsid(MediaDescription& m, std::string_view, Value value) {
  Words words(*value);
  Msid msid;
  msid.stream = words.next();
  msid.track = words.next();
  if (msid.stream.empty() || !words.empty()) return "a=msid is not one or two identifiers";
  m.msids.push_back(std::move(msid));
  return {};
}

bool isRid(std::string_view text) {  // RFC 8851 section 10
  for (const char c : text) {
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!alphanumeric && c != '-' && c != '_') return false;
  }
  return !text.empty();
}

Complaint readRid(MediaDescription& m, std::string_view, Value value) {
  Words words(*value);
  Rid rid;
  rid.id = words.next();
  const std::string_view way = words.next();
  if (!isRid(rid.id)) return "a=rid has no id of letters, digits, '-' and '_'";
  if (way != "send" && way != "recv") return "a=rid is neither send nor recv";
  for (const Rid& other : m.rids) {
    if (other.id == rid.id) return "a=rid has an id twice";
  }
  rid.send = way == "send";
  rid.restrictions = words.rest();
  m.rids.push_back(std::move(rid));
  return {};
}

// RFC 8853 section 5.1: "1;~2,3" is two streams, the second with two alternatives.
bool readSimulcastStreams(SimulcastStreams& out, std::string_view text) {
  for (bool more = true; more;) {
    const auto [stream, rest] = splitOnce(text, ';');
    std::string_view alternatives = stream;
    out.emplace_back();
    for (bool moreOf = true; moreOf;) {
      const auto [one, others] = splitOnce(alternatives, ',');
      const bool paused = one.substr(0, 1) == "~";
      const std::string_view rid = paused ? one.substr(1) : one;
      if (!isRid(rid)) return false;
      out.back().push_back({std::string(rid), paused});
      moreOf = others.has_value();
      alternatives = others.value_or("");
    }
    more = rest.has_value();
    text = rest.value_or("");
  }
  return true;
}

Complaint readSimulcast(MediaDescription& m, std::string_view, Value value) {
  constexpr Complaint kBad = "a=simulcast is not send or recv with its lists of rids";
  if (m.simulcast) return "a=simulcast a second time";
  Words words(*value);
  m.simulcast.emplace();
  if (words.empty()) return kBad;
  while (!words.empty()) {
    const std::string_view way = words.next();
    if (way != "send" && way != "recv") return kBad;
    SimulcastStreams& streams = way == "send" ? m.simulcast->send : m.simulcast->receive;
    if (!streams.empty() || !readSimulcastStreams(streams, words.next())) return kBad;
  }
  return {};
}

Complaint readSsrc(MediaDescription& m, std::string_view, Value value) {
  Words words(*value);
  const auto id = number<std::uint32_t>(words.next());
  const auto [attribute, text] = splitOnce(words.rest(), ':');
  if (!id || !isToken(attribute)) return "a=ssrc is not a number of 32 bits and an attribute";
  m.ssrcs.push_back({*id, std::string(attribute), std::nullopt});
  if (text) m.ssrcs.back().value = std::string(*text);
  return {};
}

Complaint readSsrcGroup(MediaDescription& m, std::string_view, Value value) {
  Words words(*value);
  SsrcGroup g;
  g.semantics = words.next();
  if (!isToken(g.semantics)) return "a=ssrc-group has no semantics";
  while (!words.empty()) {
    const auto ssrc = number<std::uint32_t>(words.next());
    if (!ssrc) return "a=ssrc-group has an SSRC that is not a number of 32 bits";
    g.ssrcs.push_back(*ssrc);
  }
  m.ssrcGroups.push_back(std::move(g));
  return {};
}

// ---- Sections
// -------------------------------------------------------------------------------------

Complaint readCandidate(MediaDescription& m, std::string_view, Value value) {
  auto candidate = parseCandidate(*value);
  if (!candidate) return candidate.error().reason;
  m.candidates.push_back(std::move(*candidate));
  return {};
}

Complaint readMid(MediaDescription& m, std::string_view, Value value) {
  if (!isToken(*value) || value->size() > kMaxMidLength) return "a=mid is not a token";
  if (m.mid) return "a=mid a second time";
  m.mid = std::string(*value);
  return {};
}

Complaint readSctpPort(MediaDescription& m, std::string_view, Value value) {
  m.sctpPort = number<std::uint16_t>(*value);
  return m.sctpPort ? Complaint{} : "a=sctp-port is not from 0 to 65535";
}

Complaint readMaxMessageSize(MediaDescription& m, std::string_view, Value value) {
  m.maxMessageSize = number<std::uint64_t>(*value);
  return m.maxMessageSize ? Complaint{} : "a=max-message-size is not a number of 64 bits";
}

Complaint readSctpMap(MediaDescription& m, std::string_view, Value value) {
  Words words(*value);
  SctpMap map;
  const auto port = number<std::uint16_t>(words.next());
  map.application = words.next();
  if (!port || map.application.empty()) return "a=sctpmap is not a port and an application";
  map.port = *port;
  if (const std::string_view streams = words.next(); !streams.empty()) {
    map.streams = number<std::uint32_t>(streams);
    if (!map.streams) return "a=sctpmap has a number of streams that is not one";
  }
  if (!words.empty()) return "a=sctpmap says more than it can";
  m.sctpMap = std::move(map);
  return {};
}

Complaint readMediaExtmap(MediaDescription& m, std::string_view, Value value) {
  return readExtmap(m.extmaps, *value);
}

using Reader = Complaint (*)(MediaDescription&, std::string_view key, Value value);
struct Entry {
  std::string_view name;
  Reader read;
};
// Those that have a value.
constexpr std::array<Entry, 15> kWithValue{{
    {"candidate", readCandidate},
    {"extmap", readMediaExtmap},
    {"fmtp", readFmtp},
    {"max-message-size", readMaxMessageSize},
    {"mid", readMid},
    {"msid", readMsid},
    {"rid", readRid},
    {"rtcp", readRtcp},
    {"rtcp-fb", readRtcpFeedback},
    {"rtpmap", readRtpmap},
    {"sctp-port", readSctpPort},
    {"sctpmap", readSctpMap},
    {"simulcast", readSimulcast},
    {"ssrc", readSsrc},
    {"ssrc-group", readSsrcGroup},
}};

struct Flag {
  std::string_view name;
  bool MediaDescription::*field;
};
constexpr std::array<Flag, 6> kFlags{{
    {"bundle-only", &MediaDescription::bundleOnly},
    {"end-of-candidates", &MediaDescription::endOfCandidates},
    {"extmap-allow-mixed", &MediaDescription::extmapAllowMixed},
    {"rtcp-mux", &MediaDescription::rtcpMux},
    {"rtcp-mux-only", &MediaDescription::rtcpMuxOnly},
    {"rtcp-rsize", &MediaDescription::rtcpRsize},
}};

struct StaticPayloadType {
  std::uint8_t number;
  std::string_view name;
  std::uint32_t clockRate;
};
constexpr std::array<StaticPayloadType, 9> kStaticPayloadTypes{{
    {0, "PCMU", 8000},
    {3, "GSM", 8000},
    {4, "G723", 8000},
    {8, "PCMA", 8000},
    {9, "G722", 8000},
    {13, "CN", 8000},
    {18, "G729", 8000},
    {26, "JPEG", 90000},
    {34, "H263", 90000},
}};

}  // namespace

Complaint readSessionAttribute(SessionDescription& s, std::string_view line) {
  const auto [key, value] = splitOnce(line, ':');
  if (!isToken(key)) return "an attribute's name is not a token";
  if (!value) {
    if (const auto d = directionOf(key)) {
      s.direction = d;
    } else if (key == "ice-lite") {
      s.iceLite = true;
    } else if (key == "extmap-allow-mixed") {
      s.extmapAllowMixed = true;
    } else {
      keep(s.attributes, key, value);
    }
    return {};
  }
  Complaint complaint;
  if (key == "group") return readGroup(s.groups, *value);
  if (key == "extmap") return readExtmap(s.extmaps, *value);
  if (!readTransport(s.transport, key, *value, complaint)) keep(s.attributes, key, value);
  return complaint;
}

Complaint readMediaAttribute(MediaDescription& m, std::string_view line) {
  const auto [key, value] = splitOnce(line, ':');
  if (!isToken(key)) return "an attribute's name is not a token";
  if (!value) {
    if (const auto d = directionOf(key)) {
      m.direction = d;
      return {};
    }
    for (const Flag& f : kFlags) {
      if (key == f.name) {
        m.*f.field = true;
        return {};
      }
    }
    keep(m.attributes, key, value);
    return {};
  }
  for (const Entry& e : kWithValue) {
    if (key == e.name) return e.read(m, key, value);
  }
  Complaint complaint;
  if (!readTransport(m.transport, key, *value, complaint)) keep(m.attributes, key, value);
  return complaint;
}

void nameStaticPayloadTypes(MediaDescription& m) {
  for (Codec& c : m.codecs) {
    if (!c.name.empty()) continue;
    for (const StaticPayloadType& s : kStaticPayloadTypes) {
      if (s.number != c.payloadType) continue;
      c.name = s.name;
      c.clockRate = s.clockRate;
    }
  }
}

}  // namespace parley::sdp
