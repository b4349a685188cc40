#include <string>

#include "sdp/session_description.h"

namespace parley::sdp {

std::string ParseError::describe() const {
  std::string text;
  if (line != 0) text = "line " + std::to_string(line) + ": ";
  return text.append(reason);
}

std::string_view name(MediaKind kind) {
  switch (kind) {
    case MediaKind::Audio:
      return "audio";
    case MediaKind::Video:
      return "video";
    case MediaKind::Application:
      return "application";
    case MediaKind::Other:
      break;
  }
  return "";
}

std::string_view name(Direction direction) {
  switch (direction) {
    case Direction::SendRecv:
      return "sendrecv";
    case Direction::SendOnly:
      return "sendonly";
    case Direction::RecvOnly:
      return "recvonly";
    case Direction::Inactive:
      return "inactive";
  }
  return "";
}

std::string_view name(Setup setup) {
  switch (setup) {
    case Setup::Actpass:
      return "actpass";
    case Setup::Active:
      return "active";
    case Setup::Passive:
      return "passive";
    case Setup::Holdconn:
      return "holdconn";
  }
  return "";
}

bool MediaDescription::isRtp() const {
  return protocol.find("RTP/") != std::string::npos;
}

bool MediaDescription::isSctp() const {
  return kind == MediaKind::Application && protocol.find("DTLS/SCTP") != std::string::npos;
}

std::uint16_t MediaDescription::effectiveSctpPort() const {
  if (sctpPort) return *sctpPort;
  return sctpMap ? sctpMap->port : std::uint16_t{5000};
}

const Codec* MediaDescription::codec(std::uint8_t payloadType) const {
  for (const Codec& c : codecs) {
    if (c.payloadType == payloadType) return &c;
  }
  return nullptr;
}

std::optional<std::string> SessionDescription::ufragOf(const MediaDescription& section) const {
  return section.transport.ufrag ? section.transport.ufrag : transport.ufrag;
}
std::optional<std::string> SessionDescription::pwdOf(const MediaDescription& section) const {
  return section.transport.pwd ? section.transport.pwd : transport.pwd;
}
const std::vector<std::string>& SessionDescription::iceOptionsOf(
    const MediaDescription& section) const {
  return section.transport.iceOptions.empty() ? transport.iceOptions : section.transport.iceOptions;
}
const std::vector<Fingerprint>& SessionDescription::fingerprintsOf(
    const MediaDescription& section) const {
  return section.transport.fingerprints.empty() ? transport.fingerprints
                                                : section.transport.fingerprints;
}
std::optional<Setup> SessionDescription::setupOf(const MediaDescription& section) const {
  return section.transport.setup ? section.transport.setup : transport.setup;
}
Direction SessionDescription::directionOf(const MediaDescription& section) const {
  if (section.direction) return *section.direction;
  return this->direction.value_or(Direction::SendRecv);
}

const MediaDescription* SessionDescription::byMid(std::string_view mid) const {
  for (const MediaDescription& m : media) {
    if (m.mid && *m.mid == mid) return &m;
  }
  return nullptr;
}

const Group* SessionDescription::groupOf(std::string_view semantics, std::string_view mid) const {
  for (const Group& g : groups) {
    if (g.semantics != semantics) continue;
    for (const std::string& m : g.mids) {
      if (m == mid) return &g;
    }
  }
  return nullptr;
}

}  // namespace parley::sdp
