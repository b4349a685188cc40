// The lines of a description and their order (RFC 8866 section 5); a= lines are in
// parse_attributes.cc.
#include <algorithm>

#include "sdp/parser.h"
#include "sdp/scan.h"

namespace parley::sdp {

namespace {

Complaint readOrigin(Origin& o, std::string_view text) {
  Words words(text);
  o.username = words.next();
  if (!isVisible(o.username)) return "o= has no username";
  const auto id = number<std::uint64_t>(words.next());
  const auto version = number<std::uint64_t>(words.next());
  if (!id) return "o= has a session id that is not a number of 64 bits";
  if (!version) return "o= has a session version that is not a number of 64 bits";
  o.sessionId = *id;
  o.sessionVersion = *version;
  ConnectionData address;
  if (!readConnection(address, words.rest()).empty()) return "o= has no address";
  o.netType = address.netType;
  o.addressType = address.addressType;
  o.address = address.address;
  return {};
}

Complaint readTiming(std::vector<Timing>& times, std::string_view text) {
  Words words(text);
  const auto start = number<std::uint64_t>(words.next());
  const auto stop = number<std::uint64_t>(words.next());
  if (!start || !stop || !words.empty()) return "t= is not two numbers";
  times.push_back({*start, *stop, {}});
  return {};
}

MediaKind kindOf(std::string_view media) {
  for (const MediaKind k : {MediaKind::Audio, MediaKind::Video, MediaKind::Application}) {
    if (media == name(k)) return k;
  }
  return MediaKind::Other;
}

Complaint readFormats(MediaDescription& m, Words& words) {
  std::size_t count = 0;
  for (; !words.empty(); ++count) {
    const std::string_view format = words.next();
    if (count == kMaxFormats) return "m= has too many formats";
    if (!m.isRtp()) {
      if (!isVisible(format)) return "m= has a format that is not a token";
      m.formats.emplace_back(format);
      continue;
    }
    const auto payloadType = number<std::uint8_t>(format);
    if (!payloadType || *payloadType > 127)
      return "m= has a payload type that is not from 0 to 127";
    if (m.codec(*payloadType) != nullptr) return "m= has a payload type twice";
    Codec codec;
    codec.payloadType = *payloadType;
    m.codecs.push_back(std::move(codec));
  }
  return count == 0 ? "m= has no format" : Complaint{};
}

Complaint readMediaLine(MediaDescription& m, std::string_view text) {
  Words words(text);
  m.media = words.next();
  if (!isToken(m.media)) return "m= has no media type";
  m.kind = kindOf(m.media);
  const auto [portText, countText] = splitOnce(words.next(), '/');
  const auto port = number<std::uint16_t>(portText);
  if (!port) return "m= has a port that is not from 0 to 65535";
  m.port = *port;
  if (countText) {
    m.portCount = number<std::uint32_t>(*countText);
    if (!m.portCount) return "m= has a number of ports that is not a number";
  }
  m.protocol = words.next();
  if (!isVisible(m.protocol)) return "m= has no protocol";
  return readFormats(m, words);
}

// RFC 8866 section 5's order, so that a model and its text say the same.
void sortLines(std::vector<PlainLine>& lines) {
  constexpr std::string_view kOrder = "iuepbzk";
  std::stable_sort(lines.begin(), lines.end(), [&](const PlainLine& a, const PlainLine& b) {
    return kOrder.find(a.type) < kOrder.find(b.type);
  });
}

// Goes through the lines; `rank` keeps the session's and each section's in RFC 8866's order.
class Parser {
 public:
  ParseResult<SessionDescription> run(std::string_view text) {
    if (text.size() > kMaxTextLength) return ParseError{0, "the description is too long"};
    session_.times.clear();
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      ++lineNumber_;
      if (const Complaint c = readLine(line, text); !c.empty()) return ParseError{lineNumber_, c};
    }
    if (rank_ < kRankName) return ParseError{lineNumber_ + 1, "the description ends before s="};
    if (session_.times.empty()) session_.times.push_back({});
    sortLines(session_.lines);
    for (MediaDescription& m : session_.media) {
      sortLines(m.lines);
      nameStaticPayloadTypes(m);
    }
    return std::move(session_);
  }

 private:
  static constexpr int kRankVersion = 1, kRankOrigin = 2, kRankName = 3;

  Complaint readLine(std::string_view line, std::string_view after) {
    if (line.empty()) {
      return after.find_first_not_of("\r\n") == std::string_view::npos
                 ? Complaint{}
                 : "an empty line within the description";
    }
    if (line.size() > kMaxLineLength) return "the line is too long";
    if (line.find_first_of(std::string_view("\0\r", 2)) != std::string_view::npos) {
      return "a NUL or a carriage return within the line";
    }
    if (line.size() < 2 || line[1] != '=') return "not of the form x=";
    if (++sectionLines_ > kMaxSectionLines) return "the section has too many lines";
    const char type = line[0];
    const std::string_view value = line.substr(2);
    if (const Complaint c = checkOrder(type); !c.empty()) return c;
    return inMedia() ? mediaLine(type, value) : sessionLine(type, value);
  }

  // v=, o= and s= come first and once (RFC 8866 section 5); the order of the others is read
  // generously, since programs in use differ in it.
  Complaint checkOrder(char type) {
    const int expected = rank_ + 1;
    const int rank = type == 'v'   ? kRankVersion
                     : type == 'o' ? kRankOrigin
                     : type == 's' ? kRankName
                                   : 0;
    if (rank_ < kRankName) {
      if (rank == expected) {
        rank_ = rank;
        return {};
      }
      constexpr Complaint kMissing[] = {"the description does not begin with v=0",
                                        "v= is not followed by o=", "o= is not followed by s="};
      return kMissing[rank_];
    }
    return rank == 0 ? Complaint{} : "v=, o= or s= a second time";
  }

  Complaint sessionLine(char type, std::string_view value) {
    switch (type) {
      case 'v':
        return value == "0" ? Complaint{} : "v= is not 0";
      case 'o':
        return readOrigin(session_.origin, value);
      case 's':
        session_.name = value;
        return {};
      case 'c':
        session_.connection.emplace();
        return readConnection(*session_.connection, value);
      case 't':
        return readTiming(session_.times, value);
      case 'r':
        if (session_.times.empty()) return "r= before t=";
        session_.times.back().repeats.emplace_back(value);
        return {};
      case 'i':
      case 'u':
      case 'e':
      case 'p':
      case 'b':
      case 'z':
      case 'k':
        session_.lines.push_back({type, std::string(value)});
        return {};
      case 'a':
        return readSessionAttribute(session_, value);
      case 'm':
        return startMedia(value);
      default:
        return "a line of a type that does not exist";
    }
  }

  Complaint mediaLine(char type, std::string_view value) {
    MediaDescription& m = session_.media.back();
    switch (type) {
      case 'i':
      case 'b':
      case 'k':
        m.lines.push_back({type, std::string(value)});
        return {};
      case 'c':
        m.connections.emplace_back();
        return readConnection(m.connections.back(), value);
      case 'a':
        return readMediaAttribute(m, value);
      case 'm':
        return startMedia(value);
      default:
        return "a line of a type that does not belong into a media section";
    }
  }

  Complaint startMedia(std::string_view value) {
    if (session_.media.size() == kMaxMediaSections) return "too many media sections";
    sectionLines_ = 0;
    session_.media.emplace_back();
    return readMediaLine(session_.media.back(), value);
  }

  bool inMedia() const { return !session_.media.empty(); }

  SessionDescription session_;
  std::size_t lineNumber_ = 0;
  std::size_t sectionLines_ = 0;
  int rank_ = 0;
};

}  // namespace

Complaint readConnection(ConnectionData& out, std::string_view text) {
  Words words(text);
  out.netType = words.next();
  out.addressType = words.next();
  out.address = words.next();
  if (!isToken(out.netType) || !isToken(out.addressType) || !isVisible(out.address) ||
      !words.empty()) {
    return "c= is not network type, address type and address";
  }
  return {};
}

ParseResult<SessionDescription> parse(std::string_view text) {
  return Parser().run(text);
}

}  // namespace parley::sdp
