#include <gtest/gtest.h>

#include "sdp/session_description.h"

namespace parley::sdp {
namespace {

const std::string kSession = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
const std::string kData =
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n";
const std::string kVideo = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\n";

ParseError errorOf(const std::string& text) {
  const auto d = parse(text);
  EXPECT_FALSE(d.ok()) << text;
  return d.ok() ? ParseError{} : d.error();
}

TEST(Parse, ReadsTheSession) {
  const auto d = parse(
      "v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 4962303333179871722 3 IN IP6 ::1\r\ns=a name\r\n"
      "i=information\r\nu=https://example.org\r\nb=AS:128\r\nt=1 2\r\nr=604800 3600 0\r\n"
      "a=group:BUNDLE 0 a\r\na=ice-lite\r\na=ice-options:trickle ice2\r\na=setup:passive\r\n"
      "a=msid-semantic: WMS *\r\na=x-flag\r\n");
  ASSERT_TRUE(d.ok()) << d.error().describe();
  EXPECT_EQ(d->origin.username, "mozilla...THIS_IS_SDPARTA-99.0");
  EXPECT_EQ(d->origin.sessionId, 4962303333179871722u);
  EXPECT_EQ(d->origin.sessionVersion, 3u);
  EXPECT_EQ(d->origin.address, "::1");
  EXPECT_EQ(d->name, "a name");
  ASSERT_EQ(d->lines.size(), 3u);
  EXPECT_EQ(d->lines[2].value, "AS:128");
  ASSERT_EQ(d->times.size(), 1u);
  EXPECT_EQ(d->times[0].repeats.size(), 1u);
  ASSERT_EQ(d->groups.size(), 1u);
  EXPECT_EQ(d->groups[0].mids, (std::vector<std::string>{"0", "a"}));
  EXPECT_TRUE(d->iceLite);
  EXPECT_EQ(d->transport.iceOptions, (std::vector<std::string>{"trickle", "ice2"}));
  EXPECT_EQ(d->transport.setup, Setup::Passive);
  ASSERT_EQ(d->attributes.size(), 2u);
  EXPECT_EQ(d->attributes[0].value, " WMS *");
  EXPECT_FALSE(d->attributes[1].value.has_value());
}

TEST(Parse, ReadsADataSection) {
  const auto d = parse(kSession + kData + "a=sctp-port:5001\r\na=max-message-size:262144\r\n");
  ASSERT_TRUE(d.ok());
  const MediaDescription& m = d->media.at(0);
  EXPECT_TRUE(m.isSctp());
  EXPECT_FALSE(m.isRtp());
  EXPECT_EQ(m.effectiveSctpPort(), 5001);
  EXPECT_EQ(m.maxMessageSize, 262144u);
  EXPECT_EQ(m.formats, (std::vector<std::string>{"webrtc-datachannel"}));
}

TEST(Parse, ReadsTheOldFormOfData) {
  const auto d = parse(
      kSession + "m=application 9 DTLS/SCTP 5000\r\na=sctpmap:5000 webrtc-datachannel 1024\r\n");
  ASSERT_TRUE(d.ok());
  const MediaDescription& m = d->media.at(0);
  EXPECT_TRUE(m.isSctp());
  EXPECT_EQ(m.effectiveSctpPort(), 5000);
  ASSERT_TRUE(m.sctpMap.has_value());
  EXPECT_EQ(m.sctpMap->application, "webrtc-datachannel");
  EXPECT_EQ(m.sctpMap->streams, 1024u);
}

TEST(Parse, ReadsCodecsInTheOrderOfTheirSection) {
  const auto d =
      parse(kSession + kVideo +
            "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtpmap:96 VP8/90000\r\n"
            "a=rtcp-fb:96 nack pli\r\na=rtcp-fb:* transport-cc\r\na=rtpmap:98 AV1/90000\r\n");
  ASSERT_TRUE(d.ok());
  const MediaDescription& m = d->media.at(0);
  ASSERT_EQ(m.codecs.size(), 2u);
  EXPECT_EQ(m.codecs[0].name, "VP8");
  EXPECT_EQ(m.codecs[0].feedback, (std::vector<std::string>{"nack pli"}));
  EXPECT_EQ(m.codecs[1].fmtp, (std::vector<std::string>{"apt=96"}));
  EXPECT_EQ(m.feedbackForAll.size(), 1u);
  // Of a payload type that the section does not have: kept, and without meaning.
  ASSERT_EQ(m.attributes.size(), 1u);
  EXPECT_EQ(m.attributes[0].name, "rtpmap");
}

TEST(Parse, NamesStaticPayloadTypes) {
  const auto d = parse(kSession + "m=audio 9 UDP/TLS/RTP/SAVPF 0 8 13 96\r\n");
  ASSERT_TRUE(d.ok());
  EXPECT_EQ(d->media[0].codecs[0].name, "PCMU");
  EXPECT_EQ(d->media[0].codecs[1].clockRate, 8000u);
  EXPECT_EQ(d->media[0].codecs[2].name, "CN");
  EXPECT_TRUE(d->media[0].codecs[3].name.empty());
}

TEST(Parse, ReadsSourcesAndLayers) {
  const auto d = parse(
      kSession + kVideo +
      "a=msid:stream track\r\na=msid:-\r\na=rid:q send pt=96;max-width=320\r\na=rid:h send\r\n"
      "a=rid:x recv\r\na=simulcast:send q;~h,q recv x\r\na=ssrc:1 cname:a b\r\na=ssrc:2 flag\r\n"
      "a=ssrc-group:FID 1 2\r\na=extmap:4/sendonly urn:x some thing\r\n"
      "a=rtcp:10 IN IP4 "
      "192.0.2.1\r\na=bundle-only\r\na=rtcp-mux\r\na=rtcp-mux-only\r\na=inactive\r\n");
  ASSERT_TRUE(d.ok()) << d.error().describe();
  const MediaDescription& m = d->media.at(0);
  EXPECT_EQ(m.msids[0], (Msid{"stream", "track"}));
  EXPECT_EQ(m.msids[1], (Msid{"-", ""}));
  EXPECT_EQ(m.rids[0], (Rid{"q", true, "pt=96;max-width=320"}));
  EXPECT_FALSE(m.rids[2].send);
  ASSERT_EQ(m.simulcast->send.size(), 2u);
  EXPECT_EQ(m.simulcast->send[1][0], (SimulcastAlternative{"h", true}));
  EXPECT_EQ(m.simulcast->send[1][1], (SimulcastAlternative{"q", false}));
  EXPECT_EQ(m.simulcast->receive.size(), 1u);
  EXPECT_EQ(m.ssrcs[0], (Ssrc{1, "cname", "a b"}));
  EXPECT_EQ(m.ssrcs[1], (Ssrc{2, "flag", std::nullopt}));
  EXPECT_EQ(m.ssrcGroups[0].ssrcs, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(m.extmaps[0].direction, Direction::SendOnly);
  EXPECT_EQ(m.extmaps[0].parameters, "some thing");
  EXPECT_EQ(m.rtcp->address->address, "192.0.2.1");
  EXPECT_TRUE(m.bundleOnly && m.rtcpMux && m.rtcpMuxOnly);
  EXPECT_EQ(m.direction, Direction::Inactive);
}

TEST(Parse, ReadsFingerprintsOfAnyHash) {
  const auto d = parse(kSession + "a=fingerprint:SHA-1 aB:cD\r\n" + kData +
                       "a=fingerprint:sha-256 00:FF\r\na=fingerprint:sha-512 01\r\n");
  ASSERT_TRUE(d.ok());
  EXPECT_EQ(d->transport.fingerprints[0], (Fingerprint{"sha-1", {0xAB, 0xCD}}));
  EXPECT_EQ(d->fingerprintsOf(d->media[0]).size(), 2u);
}

TEST(Parse, GivesSectionsTheSessionsDefaults) {
  const auto d =
      parse(kSession +
            "a=recvonly\r\na=ice-ufrag:sess\r\na=ice-pwd:0123456789012345678901\r\n"
            "a=setup:actpass\r\n" +
            kData + kVideo + "a=mid:v\r\na=sendonly\r\na=ice-ufrag:own1\r\na=setup:active\r\n");
  ASSERT_TRUE(d.ok());
  EXPECT_EQ(d->ufragOf(d->media[0]), "sess");
  EXPECT_EQ(d->ufragOf(d->media[1]), "own1");
  EXPECT_EQ(d->setupOf(d->media[0]), Setup::Actpass);
  EXPECT_EQ(d->setupOf(d->media[1]), Setup::Active);
  EXPECT_EQ(d->directionOf(d->media[0]), Direction::RecvOnly);
  EXPECT_EQ(d->directionOf(d->media[1]), Direction::SendOnly);
  EXPECT_EQ(d->byMid("v"), &d->media[1]);
  EXPECT_EQ(d->byMid("w"), nullptr);
}

TEST(Parse, TakesBareLineFeedsAndAMissingLastOne) {
  EXPECT_TRUE(parse("v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0").ok());
  EXPECT_TRUE(parse(kSession + "\r\n\r\n").ok());
}

struct Bad {
  const char* text;
  std::size_t line;
};

TEST(Parse, NamesTheLineThatIsWrong) {
  EXPECT_EQ(errorOf("").line, 1u);
  EXPECT_EQ(errorOf("Invalid SDP").line, 1u);
  EXPECT_EQ(errorOf("v=1\r\n").line, 1u);
  EXPECT_EQ(errorOf("o=- 1 2 IN IP4 127.0.0.1\r\n").line, 1u);
  EXPECT_EQ(errorOf("v=0\r\ns=-\r\n").line, 2u);
  EXPECT_EQ(errorOf("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n").line, 3u);
  EXPECT_EQ(errorOf("v=0\r\no=- x 2 IN IP4 127.0.0.1\r\n").line, 2u);
  EXPECT_EQ(errorOf("v=0\r\no=- 1 -2 IN IP4 127.0.0.1\r\n").line, 2u);
  for (const char* line : {
           "v=0",
           "x",
           "x=1",
           "t=0",
           "c=IN IP4",
           "r=1",
           "a=",
           "a=group:",
           "a=fingerprint:sha-256",
           "a=fingerprint:sha-256 0",
           "a=fingerprint:sha-256 00:",
           "a=fingerprint:sha-256 0g",
           "a=setup:both",
           "a=ice-ufrag:abc",
           "a=ice-pwd:short",
           "a=extmap:0 urn:x",
           "a=extmap:1/up urn:x",
           "m=",
           "m=audio x UDP/TLS/RTP/SAVPF 0",
           "m=audio 65536 UDP/TLS/RTP/SAVPF 0",
           "m=audio 9/x UDP/TLS/RTP/SAVPF 0",
           "m=audio 9 UDP/TLS/RTP/SAVPF",
           "m=audio 9 UDP/TLS/RTP/SAVPF 128",
           "m=audio 9 UDP/TLS/RTP/SAVPF 0 0",
       }) {
    if (std::string_view(line) == "r=1") continue;  // belongs to the t= above
    EXPECT_EQ(errorOf(kSession + line + "\r\n").line, 5u) << line;
  }
  for (const char* line : {
           "v=0",
           "t=0 0",
           "a=mid:",
           "a=mid:a b",
           "a=sctp-port:65536",
           "a=max-message-size:-1",
           "a=sctpmap:5000",
           "a=sctpmap:5000 webrtc-datachannel x",
           "a=candidate:1 1 udp 1 192.0.2.1 9",
           "a=rtpmap:96 VP8",
           "a=rtpmap:96 VP8/x",
           "a=rtcp-fb:96",
           "a=rtcp:x",
           "a=rtcp:9 IN",
           "a=msid:",
           "a=msid:a b c",
           "a=rid:q",
           "a=rid:q both",
           "a=rid:q! send",
           "a=simulcast:",
           "a=simulcast:send",
           "a=simulcast:send q;",
           "a=simulcast:send q send h",
           "a=ssrc:x cname:y",
           "a=ssrc:1",
           "a=ssrc-group:",
           "a=ssrc-group:FID x",
       }) {
    EXPECT_EQ(errorOf(kSession + kVideo + line + "\r\n").line, 7u) << line;
  }
}

TEST(Parse, RefusesDoubles) {
  EXPECT_EQ(errorOf(kSession + kData + "a=mid:1\r\n").line, 8u);
  EXPECT_EQ(errorOf(kSession + kVideo + "a=rid:q send\r\na=rid:q recv\r\n").line, 8u);
}

TEST(Parse, RefusesEmptyLinesWithinAndControlCharacters) {
  EXPECT_EQ(errorOf(kSession + "\r\n" + kData).line, 5u);
  EXPECT_EQ(errorOf(kSession + std::string("i=a\0b\r\n", 7)).line, 5u);
  EXPECT_EQ(errorOf(kSession + "i=a\rb\r\n").line, 5u);
}

TEST(Parse, IsBounded) {
  const std::string line = "a=x:" + std::string(kMaxLineLength - 4, 'y');
  EXPECT_TRUE(parse(kSession + line).ok());
  EXPECT_EQ(errorOf(kSession + line + "y").reason, "the line is too long");
  std::string sections = kSession;
  for (std::size_t i = 0; i < kMaxMediaSections; ++i)
    sections += "m=audio 0 UDP/TLS/RTP/SAVPF 0\n";
  EXPECT_TRUE(parse(sections).ok());
  EXPECT_EQ(errorOf(sections + "m=audio 0 UDP/TLS/RTP/SAVPF 0\n").reason,
            "too many media sections");
  std::string lines = kSession + kData;
  for (std::size_t i = 0; i < kMaxSectionLines; ++i)
    lines += "a=x\n";
  EXPECT_EQ(errorOf(lines).reason, "the section has too many lines");
  std::string formats = kSession + "m=application 9 UDP/DTLS/SCTP";
  for (std::size_t i = 0; i < kMaxFormats; ++i)
    formats += " f";
  EXPECT_TRUE(parse(formats).ok());
  EXPECT_EQ(errorOf(formats + " f").reason, "m= has too many formats");
  std::string prints = kSession + kData;
  for (std::size_t i = 0; i < kMaxFingerprints; ++i)
    prints += "a=fingerprint:x 00\n";
  EXPECT_TRUE(parse(prints).ok());
  EXPECT_EQ(errorOf(prints + "a=fingerprint:x 00\n").reason, "too many a=fingerprint");
  EXPECT_EQ(errorOf(std::string(kMaxTextLength + 1, 'a')).reason, "the description is too long");
}

}  // namespace
}  // namespace parley::sdp
