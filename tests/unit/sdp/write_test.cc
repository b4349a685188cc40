#include <gtest/gtest.h>

#include "sdp/session_description.h"

namespace parley::sdp {
namespace {

TEST(Write, GivesTheCanonicalText) {
  SessionDescription d;
  d.origin.sessionId = 42;
  d.origin.sessionVersion = 1;
  d.groups.push_back({"BUNDLE", {"0"}});
  d.transport.iceOptions = {"trickle", "ice2"};
  MediaDescription m;
  m.formats = {"webrtc-datachannel"};
  m.connections.emplace_back();
  m.mid = "0";
  m.transport.ufrag = "abcd";
  m.transport.pwd = "0123456789012345678901";
  m.transport.fingerprints.push_back({"sha-256", {0x0A, 0xFF}});
  m.transport.setup = Setup::Actpass;
  m.sctpPort = 5000;
  m.maxMessageSize = 262144;
  d.media.push_back(m);
  EXPECT_EQ(write(d),
            "v=0\r\no=- 42 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
            "a=ice-options:trickle ice2\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
            "c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
            "a=fingerprint:sha-256 0A:FF\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n"
            "a=max-message-size:262144\r\n");
}

TEST(Write, ParsedAgainIsTheSameModel) {
  const std::string text =
      "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nb=AS:1\r\ni=x\r\nk=clear\r\nc=IN IP4 "
      "192.0.2.1\r\nt=0 0\r\n"
      "a=extmap:1 urn:y\r\na=tls-id:abc\r\n"
      "m=video 0/2 UDP/TLS/RTP/SAVPF 96\r\nb=TIAS:9\r\ni=title\r\nc=IN IP4 192.0.2.1\r\nc=IN IP6 "
      "::1\r\n"
      "a=rtpmap:96 H264/90000\r\na=fmtp:96 profile-level-id=42e01f\r\na=fmtp:96 "
      "packetization-mode=1\r\n"
      "a=rid:a send\r\na=simulcast:recv ~x;y send "
      "a\r\na=x-one\r\na=x-two:\r\na=end-of-candidates\r\n";
  const auto once = parse(text);
  ASSERT_TRUE(once.ok()) << once.error().describe();
  const std::string written = write(*once);
  const auto twice = parse(written);
  ASSERT_TRUE(twice.ok()) << twice.error().describe();
  EXPECT_EQ(*once, *twice);
  EXPECT_EQ(write(*twice), written);
}

}  // namespace
}  // namespace parley::sdp
