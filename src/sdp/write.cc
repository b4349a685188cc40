// The canonical text: lines in RFC 8866's order, attributes in the order browsers write them.
#include "sdp/session_description.h"

namespace parley::sdp {

namespace {

class Writer {
 public:
  std::string take() { return std::move(out_); }

  template <class... Parts>
  void line(char type, const Parts&... parts) {
    out_ += type;
    out_ += '=';
    (part(parts), ...);
    out_ += "\r\n";
  }
  template <class... Parts>
  void attribute(std::string_view name, const Parts&... parts) {
    out_.append("a=").append(name) += ':';
    (part(parts), ...);
    out_ += "\r\n";
  }
  void flag(bool set, std::string_view name) {
    if (set) out_.append("a=").append(name).append("\r\n");
  }

 private:
  void part(std::string_view text) { out_ += text; }
  void part(char c) { out_ += c; }
  void part(std::uint64_t n) { out_ += std::to_string(n); }

  std::string out_;
};

std::string connectionText(const ConnectionData& c) {
  return c.netType + ' ' + c.addressType + ' ' + c.address;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& w : words) {
    if (!out.empty()) out += ' ';
    out += w;
  }
  return out;
}

std::string hexText(const std::vector<std::uint8_t>& bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const std::uint8_t b : bytes) {
    if (!out.empty()) out += ':';
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

void writeLines(Writer& w, const std::vector<PlainLine>& lines, std::string_view types) {
  for (const char type : types) {
    for (const PlainLine& l : lines) {
      if (l.type == type) w.line(type, l.value);
    }
  }
}

void writeOthers(Writer& w, const std::vector<Attribute>& attributes) {
  for (const Attribute& a : attributes) {
    if (a.value) {
      w.attribute(a.name, *a.value);
    } else {
      w.flag(true, a.name);
    }
  }
}

void writeTransport(Writer& w, const TransportAttributes& t) {
  if (t.ufrag) w.attribute("ice-ufrag", *t.ufrag);
  if (t.pwd) w.attribute("ice-pwd", *t.pwd);
  if (!t.iceOptions.empty()) w.attribute("ice-options", joined(t.iceOptions));
  for (const Fingerprint& f : t.fingerprints)
    w.attribute("fingerprint", f.algorithm, ' ', hexText(f.value));
  if (t.setup) w.attribute("setup", name(*t.setup));
  if (t.tlsId) w.attribute("tls-id", *t.tlsId);
}

void writeExtmaps(Writer& w, const std::vector<Extmap>& extmaps) {
  for (const Extmap& e : extmaps) {
    std::string text = std::to_string(e.id);
    if (e.direction) text.append("/").append(name(*e.direction));
    text += ' ' + e.uri;
    if (!e.parameters.empty()) text += ' ' + e.parameters;
    w.attribute("extmap", text);
  }
}

void writeMediaLine(Writer& w, const MediaDescription& m) {
  std::string text = m.media + ' ' + std::to_string(m.port);
  if (m.portCount) text += '/' + std::to_string(*m.portCount);
  text += ' ' + m.protocol;
  for (const std::string& f : m.formats)
    text += ' ' + f;
  for (const Codec& c : m.codecs)
    text += ' ' + std::to_string(c.payloadType);
  w.line('m', text);
}

void writeCodecs(Writer& w, const MediaDescription& m) {
  for (const std::string& f : m.feedbackForAll)
    w.attribute("rtcp-fb", "* ", f);
  for (const Codec& c : m.codecs) {
    const std::uint64_t pt = c.payloadType;
    if (!c.name.empty()) {
      std::string text = c.name + '/' + std::to_string(c.clockRate);
      if (c.channels) text += '/' + std::to_string(*c.channels);
      w.attribute("rtpmap", pt, ' ', text);
    }
    for (const std::string& f : c.feedback)
      w.attribute("rtcp-fb", pt, ' ', f);
    for (const std::string& f : c.fmtp)
      w.attribute("fmtp", pt, ' ', f);
  }
}

std::string simulcastText(std::string_view way, const SimulcastStreams& streams) {
  std::string out(way);
  char before = ' ';
  for (const auto& alternatives : streams) {
    for (const SimulcastAlternative& a : alternatives) {
      out += before;
      if (a.paused) out += '~';
      out += a.rid;
      before = ',';
    }
    before = ';';
  }
  return out;
}

void writeSources(Writer& w, const MediaDescription& m) {
  for (const Rid& r : m.rids) {
    std::string text = r.id + (r.send ? " send" : " recv");
    if (!r.restrictions.empty()) text += ' ' + r.restrictions;
    w.attribute("rid", text);
  }
  if (m.simulcast) {
    std::string text;
    if (!m.simulcast->send.empty()) text = simulcastText("send", m.simulcast->send);
    if (!m.simulcast->receive.empty()) {
      if (!text.empty()) text += ' ';
      text += simulcastText("recv", m.simulcast->receive);
    }
    w.attribute("simulcast", text);
  }
  for (const SsrcGroup& g : m.ssrcGroups) {
    std::string text = g.semantics;
    for (const std::uint32_t s : g.ssrcs)
      text += ' ' + std::to_string(s);
    w.attribute("ssrc-group", text);
  }
  for (const Ssrc& s : m.ssrcs) {
    std::string text = std::to_string(s.ssrc) + ' ' + s.attribute;
    if (s.value) text += ':' + *s.value;
    w.attribute("ssrc", text);
  }
}

void writeSctp(Writer& w, const MediaDescription& m) {
  if (m.sctpMap) {
    std::string text = std::to_string(m.sctpMap->port) + ' ' + m.sctpMap->application;
    if (m.sctpMap->streams) text += ' ' + std::to_string(*m.sctpMap->streams);
    w.attribute("sctpmap", text);
  }
  if (m.sctpPort) w.attribute("sctp-port", std::uint64_t{*m.sctpPort});
  if (m.maxMessageSize) w.attribute("max-message-size", *m.maxMessageSize);
}

void writeMedia(Writer& w, const MediaDescription& m) {
  writeMediaLine(w, m);
  writeLines(w, m.lines, "i");
  for (const ConnectionData& c : m.connections)
    w.line('c', connectionText(c));
  writeLines(w, m.lines, "bk");
  if (m.rtcp) {
    std::string text = std::to_string(m.rtcp->port);
    if (m.rtcp->address) text += ' ' + connectionText(*m.rtcp->address);
    w.attribute("rtcp", text);
  }
  for (const CandidateAttribute& c : m.candidates)
    w.line('a', writeCandidate(c));
  w.flag(m.endOfCandidates, "end-of-candidates");
  writeTransport(w, m.transport);
  if (m.mid) w.attribute("mid", *m.mid);
  w.flag(m.bundleOnly, "bundle-only");
  writeExtmaps(w, m.extmaps);
  w.flag(m.extmapAllowMixed, "extmap-allow-mixed");
  if (m.direction) w.flag(true, name(*m.direction));
  for (const Msid& s : m.msids)
    w.attribute("msid", s.stream, s.track.empty() ? "" : " ", s.track);
  w.flag(m.rtcpMux, "rtcp-mux");
  w.flag(m.rtcpMuxOnly, "rtcp-mux-only");
  w.flag(m.rtcpRsize, "rtcp-rsize");
  writeCodecs(w, m);
  writeSources(w, m);
  writeSctp(w, m);
  writeOthers(w, m.attributes);
}

}  // namespace

std::string write(const SessionDescription& s) {
  Writer w;
  const Origin& o = s.origin;
  w.line('v', '0');
  w.line('o', o.username, ' ', o.sessionId, ' ', o.sessionVersion, ' ',
         connectionText({o.netType, o.addressType, o.address}));
  w.line('s', s.name);
  writeLines(w, s.lines, "iuep");
  if (s.connection) w.line('c', connectionText(*s.connection));
  writeLines(w, s.lines, "b");
  for (const Timing& t : s.times) {
    w.line('t', t.start, ' ', t.stop);
    for (const std::string& r : t.repeats)
      w.line('r', r);
  }
  writeLines(w, s.lines, "zk");
  for (const Group& g : s.groups)
    w.attribute("group", g.semantics, g.mids.empty() ? "" : " ", joined(g.mids));
  w.flag(s.iceLite, "ice-lite");
  writeTransport(w, s.transport);
  writeExtmaps(w, s.extmaps);
  w.flag(s.extmapAllowMixed, "extmap-allow-mixed");
  if (s.direction) w.flag(true, name(*s.direction));
  writeOthers(w, s.attributes);
  for (const MediaDescription& m : s.media)
    writeMedia(w, m);
  return w.take();
}

}  // namespace parley::sdp
