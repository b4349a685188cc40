// SessionDescription: the model of a session description (RFC 8866) as WebRTC uses it (RFC 8829's
// attributes), with audio, video and data from the start.
//
// parse() reads any description that follows the grammar and bounds below; write() gives the
// canonical text of a model: parse(write(m)) equals m. Attributes without a field here are kept in
// their order, of the session and of each section. What the values mean together (which sections a
// BUNDLE group may name, whether an offer can be answered) is jsep's business, not the parser's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdp/candidate.h"
#include "sdp/parse_error.h"

namespace parley::sdp {

inline constexpr std::size_t kMaxTextLength = 4u << 20;   // bytes of a whole description
inline constexpr std::size_t kMaxLineLength = 16 * 1024;  // bytes of a line
inline constexpr std::size_t kMaxMediaSections = 512;     // m= lines
inline constexpr std::size_t kMaxSectionLines = 4096;     // lines of the session, or of a section
inline constexpr std::size_t kMaxFormats = 256;           // on an m= line
inline constexpr std::size_t kMaxMidLength = 256;         // characters of a=mid
inline constexpr std::size_t kMaxFingerprints = 32;       // of one section
inline constexpr std::uint16_t kDiscardPort = 9;          // RFC 9429 section 5.2.1
inline constexpr std::uint64_t kDefaultMaxMessageSize = 65536;  // RFC 8841 section 6.1

enum class MediaKind : std::uint8_t { Audio, Video, Application, Other };
enum class Direction : std::uint8_t { SendRecv, SendOnly, RecvOnly, Inactive };  // RFC 8866 6.7
enum class Setup : std::uint8_t { Actpass, Active, Passive, Holdconn };          // RFC 4145

std::string_view name(MediaKind kind);
std::string_view name(Direction direction);
std::string_view name(Setup setup);
constexpr bool sends(Direction d) {
  return d == Direction::SendRecv || d == Direction::SendOnly;
}
constexpr bool receives(Direction d) {
  return d == Direction::SendRecv || d == Direction::RecvOnly;
}
constexpr Direction direction(bool send, bool receive) {
  return send ? (receive ? Direction::SendRecv : Direction::SendOnly)
              : (receive ? Direction::RecvOnly : Direction::Inactive);
}
constexpr Direction reversed(Direction d) {
  return direction(receives(d), sends(d));
}
constexpr Direction intersection(Direction a, Direction b) {
  return direction(sends(a) && sends(b), receives(a) && receives(b));
}

// An attribute without a field: "a=name" or "a=name:value".
struct Attribute {
  std::string name;
  std::optional<std::string> value;
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

// A line other than v= o= s= c= t= r= m= a=, kept as it is.
struct PlainLine {
  char type = 0;
  std::string value;
  friend bool operator==(const PlainLine&, const PlainLine&) = default;
};

struct Origin {
  std::string username = "-";
  std::uint64_t sessionId = 0;
  std::uint64_t sessionVersion = 0;
  std::string netType = "IN", addressType = "IP4", address = "127.0.0.1";
  friend bool operator==(const Origin&, const Origin&) = default;
};

struct ConnectionData {
  std::string netType = "IN", addressType = "IP4", address = "0.0.0.0";
  friend bool operator==(const ConnectionData&, const ConnectionData&) = default;
};

struct Timing {
  std::uint64_t start = 0, stop = 0;
  std::vector<std::string> repeats;
  friend bool operator==(const Timing&, const Timing&) = default;
};

struct Group {  // RFC 5888
  std::string semantics;
  std::vector<std::string> mids;
  friend bool operator==(const Group&, const Group&) = default;
};

struct Fingerprint {                // RFC 8122 section 5
  std::string algorithm;            // "sha-256", in lower case
  std::vector<std::uint8_t> value;  // 1 to 64 bytes
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

// What a section says of its transport; the session's own is the default of all (RFC 8839 4.3).
struct TransportAttributes {
  std::optional<std::string> ufrag, pwd;
  std::vector<std::string> iceOptions;
  std::vector<Fingerprint> fingerprints;
  std::optional<Setup> setup;
  std::optional<std::string> tlsId;  // RFC 8842
  friend bool operator==(const TransportAttributes&, const TransportAttributes&) = default;
};

struct Codec {  // an RTP payload type: a format of the m= line with its rtpmap, fmtp and rtcp-fb
  std::uint8_t payloadType = 0;
  std::string name;  // of a=rtpmap, or RFC 3551's static table; empty if there is neither
  std::uint32_t clockRate = 0;
  std::optional<std::uint16_t> channels;  // as written; 1 is meant if absent
  std::vector<std::string> fmtp;          // each line's parameters as written
  std::vector<std::string> feedback;      // RFC 4585: "nack pli", "transport-cc", …
  friend bool operator==(const Codec&, const Codec&) = default;
};

struct Extmap {  // RFC 8285
  std::uint16_t id = 0;
  std::optional<Direction> direction;
  std::string uri;
  std::string parameters;
  friend bool operator==(const Extmap&, const Extmap&) = default;
};

struct Msid {          // RFC 8830
  std::string stream;  // "-": no stream
  std::string track;   // empty if absent
  friend bool operator==(const Msid&, const Msid&) = default;
};

struct Rid {  // RFC 8851
  std::string id;
  bool send = true;
  std::string restrictions;  // as written, "pt=…;max-width=…"; empty if there are none
  friend bool operator==(const Rid&, const Rid&) = default;
};

struct SimulcastAlternative {  // one of "a,~b": alternatives for a stream, '~' is paused
  std::string rid;
  bool paused = false;
  friend bool operator==(const SimulcastAlternative&, const SimulcastAlternative&) = default;
};
using SimulcastStreams = std::vector<std::vector<SimulcastAlternative>>;

struct Simulcast {  // RFC 8853
  SimulcastStreams send, receive;
  friend bool operator==(const Simulcast&, const Simulcast&) = default;
};

struct Ssrc {  // RFC 5576; one line each
  std::uint32_t ssrc = 0;
  std::string attribute;
  std::optional<std::string> value;
  friend bool operator==(const Ssrc&, const Ssrc&) = default;
};

struct SsrcGroup {
  std::string semantics;
  std::vector<std::uint32_t> ssrcs;
  friend bool operator==(const SsrcGroup&, const SsrcGroup&) = default;
};

struct Rtcp {  // RFC 3605
  std::uint16_t port = kDiscardPort;
  std::optional<ConnectionData> address;
  friend bool operator==(const Rtcp&, const Rtcp&) = default;
};

struct SctpMap {  // the form before RFC 8841: a=sctpmap:5000 webrtc-datachannel 1024
  std::uint16_t port = 0;
  std::string application;
  std::optional<std::uint32_t> streams;
  friend bool operator==(const SctpMap&, const SctpMap&) = default;
};

struct MediaDescription {
  // m=
  MediaKind kind = MediaKind::Application;
  std::string media = "application";
  std::uint16_t port = kDiscardPort;
  std::optional<std::uint32_t> portCount;
  std::string protocol = "UDP/DTLS/SCTP";
  std::vector<std::string> formats;  // of other protocols than RTP, whose formats are codecs

  std::vector<ConnectionData> connections;  // c=
  std::vector<PlainLine> lines;             // i= b= k=

  std::optional<std::string> mid;
  TransportAttributes transport;
  std::vector<CandidateAttribute> candidates;
  bool endOfCandidates = false;
  std::optional<Direction> direction;  // the session's, else sendrecv, if absent
  bool bundleOnly = false;
  bool rtcpMux = false, rtcpMuxOnly = false, rtcpRsize = false;
  std::optional<Rtcp> rtcp;
  bool extmapAllowMixed = false;
  std::vector<Extmap> extmaps;
  std::vector<Codec> codecs;                // the formats of RTP, in order of preference
  std::vector<std::string> feedbackForAll;  // a=rtcp-fb:* …
  std::vector<Msid> msids;
  std::vector<Rid> rids;
  std::optional<Simulcast> simulcast;
  std::vector<Ssrc> ssrcs;
  std::vector<SsrcGroup> ssrcGroups;
  std::optional<std::uint16_t> sctpPort;        // RFC 8841; of sctpmap in the old form
  std::optional<std::uint64_t> maxMessageSize;  // 0: any size
  std::optional<SctpMap> sctpMap;
  std::vector<Attribute> attributes;  // all others

  // Port 0 without a=bundle-only: not wanted, or no more (RFC 3264 section 6, RFC 9143 section 6).
  bool isRejected() const { return port == 0 && !bundleOnly; }
  bool isRtp() const;   // protocol is one of the RTP profiles
  bool isSctp() const;  // data channels, in the new or the old form
  // The SCTP port in the new form, or of the old one; 5000 if there is none.
  std::uint16_t effectiveSctpPort() const;
  const Codec* codec(std::uint8_t payloadType) const;
  friend bool operator==(const MediaDescription&, const MediaDescription&) = default;
};

struct SessionDescription {
  Origin origin;
  std::string name = "-";
  std::vector<PlainLine> lines;  // i= u= e= p= b= z= k=
  std::optional<ConnectionData> connection;
  std::vector<Timing> times{Timing{}};

  std::vector<Group> groups;
  bool iceLite = false;
  TransportAttributes transport;
  std::optional<Direction> direction;
  bool extmapAllowMixed = false;
  std::vector<Extmap> extmaps;
  std::vector<Attribute> attributes;  // all others

  std::vector<MediaDescription> media;

  // With the session's defaults applied.
  std::optional<std::string> ufragOf(const MediaDescription& section) const;
  std::optional<std::string> pwdOf(const MediaDescription& section) const;
  const std::vector<std::string>& iceOptionsOf(const MediaDescription& section) const;
  const std::vector<Fingerprint>& fingerprintsOf(const MediaDescription& section) const;
  std::optional<Setup> setupOf(const MediaDescription& section) const;
  Direction directionOf(const MediaDescription& section) const;

  const MediaDescription* byMid(std::string_view mid) const;
  // The first group of these semantics that names the mid.
  const Group* groupOf(std::string_view semantics, std::string_view mid) const;
  friend bool operator==(const SessionDescription&, const SessionDescription&) = default;
};

ParseResult<SessionDescription> parse(std::string_view text);
std::string write(const SessionDescription& description);

}  // namespace parley::sdp
