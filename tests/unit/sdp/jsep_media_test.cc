// Audio and video in offers and answers: codecs, ids, bundles, simulcast.
#include "jsep_testing.h"

namespace parley::sdp::jsep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> codecNames(const std::vector<Codec>& codecs) {
  std::vector<std::string> out;
  for (const Codec& c : codecs)
    out.push_back(std::to_string(c.payloadType) + " " + c.name);
  return out;
}
std::vector<std::string> codecNames(const MediaDescription& m) {
  return codecNames(m.codecs);
}

// One of each kind, and data.
void addAll(Side& a) {
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Audio, "mic", {"s"}).ok());
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Video, "cam", {"s"}).ok());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
}

TEST(JsepMedia, OfferOfAllKinds) {
  Side a(1);
  addAll(a);
  ASSERT_TRUE(a.setLocal());
  const SessionDescription d = a.local();
  ASSERT_EQ(d.media.size(), 3u);
  EXPECT_EQ(d.media[0].kind, MediaKind::Audio);
  EXPECT_EQ(d.media[1].kind, MediaKind::Video);
  EXPECT_EQ(d.media[2].kind, MediaKind::Application);
  EXPECT_THAT(d.groups, ElementsAre(Group{"BUNDLE", {"0", "1", "2"}}));
  const MediaDescription& audio = d.media[0];
  EXPECT_THAT(codecNames(audio),
              ElementsAre("111 opus", "0 PCMU", "8 PCMA", "126 telephone-event"));
  EXPECT_EQ(audio.direction, Direction::SendRecv);
  EXPECT_THAT(audio.msids, ElementsAre(Msid{"s", ""}));
  EXPECT_TRUE(audio.rtcpMux && audio.rtcpMuxOnly && audio.rtcpRsize);
  EXPECT_EQ(audio.extmaps.size(), 2u);
  EXPECT_EQ(d.media[1].codecs[1].fmtp, (std::vector<std::string>{"apt=96"}));
  // One id for one extension within the bundle.
  EXPECT_EQ(audio.extmaps[1].id, d.media[1].extmaps[0].id);
}

TEST(JsepMedia, AnswerTakesTheCommonCodecsWithTheOffersNumbers) {
  MediaCapabilities few = someMedia();
  few.video.codecs = {
      makeCodec(120, "H264", 90000, {}, {"profile-level-id=42e034;packetization-mode=1"},
                {"nack", "ccm fir"}),
      makeCodec(121, "rtx", 90000, {}, {"apt=120"}), makeCodec(122, "AV1", 90000)};
  Side a(1);
  Side b(2, someConfig(few));
  addAll(a);
  negotiate(a, b);
  const SessionDescription answer = b.local();
  EXPECT_THAT(codecNames(answer.media[1]), ElementsAre("98 H264", "99 rtx"));
  EXPECT_THAT(answer.media[1].codecs[0].feedback, ElementsAre("nack"));
  EXPECT_THAT(answer.media[1].codecs[0].fmtp,
              ElementsAre("profile-level-id=42e034;packetization-mode=1"));
  EXPECT_THAT(answer.media[1].codecs[1].fmtp, ElementsAre("apt=98"));
  EXPECT_EQ(answer.media[1].direction, Direction::RecvOnly);
  EXPECT_THAT(answer.media[1].msids, IsEmpty());
  EXPECT_FALSE(answer.media[1].rtcpMuxOnly);
  EXPECT_THAT(codecNames(a.at(1).sender.codecs), ElementsAre("98 H264", "99 rtx"));
}

TEST(JsepMedia, FormatsThatDifferAreNotCommon) {
  MediaCapabilities other = someMedia();
  other.video.codecs = {
      makeCodec(96, "H264", 90000, {}, {"packetization-mode=0;profile-level-id=42e01f"}),
      makeCodec(97, "rtx", 90000, {}, {"apt=96"})};
  Side a(1);
  Side b(2, someConfig(other));
  addAll(a);
  negotiate(a, b);
  EXPECT_TRUE(b.local().media[1].isRejected());
  EXPECT_THAT(b.local().groups, ElementsAre(Group{"BUNDLE", {"0", "2"}}));
  EXPECT_EQ(a.pc.transceivers().size(), 1u);  // the video's is stopped, and gone
}

TEST(JsepMedia, OwnPreferencesOrderTheAnswer) {
  Side a(1);
  Side b(2);
  addAll(a);
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  const auto all = someMedia().audio.codecs;
  const TransceiverId audio = b.pc.transceivers()[0];
  EXPECT_EQ(errorOf(b.pc.setCodecPreferences(audio, {makeCodec(9, "G722", 8000)})),
            ErrorName::InvalidModificationError);
  EXPECT_EQ(errorOf(b.pc.setCodecPreferences(audio, {all[3]})),
            ErrorName::InvalidModificationError);
  ASSERT_TRUE(b.pc.setCodecPreferences(audio, {all[2], all[0], all[2]}).ok());
  ASSERT_TRUE(b.setLocal());
  EXPECT_THAT(codecNames(b.local().media[0]), ElementsAre("8 PCMA", "111 opus"));
}

TEST(JsepMedia, LaterOfferKeepsTheNumbersOfTheOtherSide) {
  MediaCapabilities renumbered = someMedia();
  renumbered.audio.codecs[0].payloadType = 96;
  renumbered.video.codecs = {makeCodec(100, "VP8", 90000),
                             makeCodec(101, "rtx", 90000, {}, {"apt=100"})};
  renumbered.audio.headerExtensions[1].preferredId = 7;
  renumbered.video.headerExtensions[0].preferredId = 7;
  Side a(1, someConfig(renumbered));
  Side b(2);
  addAll(a);
  negotiate(a, b);
  ASSERT_TRUE(b.setLocal());
  const SessionDescription d = b.local();
  EXPECT_THAT(codecNames(d.media[0]),
              ElementsAre("96 opus", "0 PCMU", "8 PCMA", "126 telephone-event"));
  // Ours would be 96, which is opus now: H.264 keeps its number, VP8 has the other side's.
  EXPECT_THAT(codecNames(d.media[1]), ElementsAre("100 VP8", "101 rtx", "98 H264", "99 rtx"));
  EXPECT_EQ(d.media[0].extmaps[1].id, 7);
}

TEST(JsepMedia, BundlePolicies) {
  const auto flags = [](BundlePolicy policy) {
    NegotiatorConfig config = someConfig();
    config.bundlePolicy = policy;
    Side a(1, config);
    addAll(a);
    EXPECT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
    EXPECT_TRUE(a.setLocal());
    std::vector<bool> bundleOnly;
    for (const MediaDescription& m : a.local().media) {
      bundleOnly.push_back(m.bundleOnly);
      EXPECT_EQ(m.bundleOnly, m.port == 0);
      EXPECT_TRUE(m.transport.ufrag.has_value());
    }
    EXPECT_EQ(a.last.transports.size(),
              static_cast<std::size_t>(std::count(bundleOnly.begin(), bundleOnly.end(), false)));
    return bundleOnly;
  };
  // audio, video, audio, data
  EXPECT_THAT(flags(BundlePolicy::Balanced), ElementsAre(false, false, true, false));
  EXPECT_THAT(flags(BundlePolicy::MaxCompat), ElementsAre(false, false, false, false));
  EXPECT_THAT(flags(BundlePolicy::MaxBundle), ElementsAre(false, true, true, true));
}

TEST(JsepMedia, BundleClosesTheOtherTransports) {
  Side a(1);
  Side b(2);
  addAll(a);
  ASSERT_TRUE(a.setLocal());
  ASSERT_EQ(a.last.transports.size(), 3u);
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  ASSERT_EQ(b.last.transports.size(), 1u);  // who answers bundles at once
  ASSERT_TRUE(b.setLocal());
  EXPECT_THAT(b.last.transports[0].mids, ElementsAre("0", "1", "2"));
  const SessionDescription answer = b.local();
  EXPECT_EQ(answer.media[1].transport, answer.media[0].transport);
  EXPECT_EQ(answer.media[1].port, 9);
  ASSERT_TRUE(a.setRemote(b.pc.localDescription()));
  ASSERT_EQ(a.last.transports.size(), 3u);
  EXPECT_FALSE(a.last.transports[0].closed);
  EXPECT_TRUE(a.last.transports[0].sctp.has_value());
  EXPECT_TRUE(a.last.transports[1].closed && a.last.transports[2].closed);
  EXPECT_EQ(a.at(0).sender.transport, a.at(1).sender.transport);
  // A later section joins the bundle.
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Video).ok());
  negotiate(a, b);
  EXPECT_FALSE(a.local().media[3].bundleOnly);
  EXPECT_EQ(a.last.transports.size(), 1u);
  EXPECT_EQ(a.local().media[3].transport, a.local().media[0].transport);
  EXPECT_FALSE(b.local().media[3].bundleOnly);
  EXPECT_EQ(a.at(2).sender.transport, a.at(0).sender.transport);
}

TEST(JsepMedia, BundledSectionsMayLeaveTheTransportToOne) {
  Side a(1);
  Side b(2);
  addAll(a);
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  ASSERT_TRUE(b.setLocal());
  SessionDescription answer = b.local();
  answer.media[1].transport = {};
  answer.media[2].transport.fingerprints.clear();
  EXPECT_TRUE(a.setRemote(SdpType::Answer, write(answer))) << a.lastError->message;
  // In an offer too, where the one that has it may be what we reject.
  SessionDescription offer = a.local();
  offer.media[1].transport.fingerprints.clear();
  offer.media[2].transport.fingerprints.clear();
  offer.media[2].transport.ufrag = "another";
  Side c(3, someConfig({}));
  ASSERT_TRUE(c.setRemote(SdpType::Offer, write(offer))) << c.lastError->message;
  ASSERT_TRUE(c.setLocal());
  ASSERT_EQ(c.last.transports.size(), 1u);
  EXPECT_THAT(c.last.transports[0].mids, ElementsAre("2"));
  EXPECT_EQ(c.last.transports[0].remoteFingerprints.size(), 1u);
}

TEST(JsepMedia, WhatIsInABundleOnlyKeepsTheSectionThatDescribesIt) {
  NegotiatorConfig config = someConfig();
  config.bundlePolicy = BundlePolicy::MaxBundle;
  Side a(1, config);
  Side b(2, someConfig({}));  // has neither audio nor video
  addAll(a);
  negotiate(a, b);
  const SessionDescription answer = b.local();
  EXPECT_EQ(answer.media[0].direction, Direction::Inactive);
  EXPECT_THAT(codecNames(answer.media[0]), ElementsAre("111 opus"));
  EXPECT_FALSE(answer.media[0].isRejected());
  EXPECT_TRUE(answer.media[1].isRejected());
  EXPECT_THAT(answer.groups, ElementsAre(Group{"BUNDLE", {"0", "2"}}));
  EXPECT_TRUE(b.pc.transceivers().empty());
  EXPECT_EQ(a.at(0).currentDirection, Direction::Inactive);
  EXPECT_EQ(a.pc.dataTransport(), a.at(0).sender.transport);
  negotiate(a, b);
  EXPECT_FALSE(b.local().media[0].isRejected());
  negotiate(b, a);  // now the data section describes the bundle
  EXPECT_TRUE(b.local().media[0].isRejected());
  EXPECT_EQ(b.pc.dataRole(), DtlsRole::Client);
  EXPECT_EQ(a.pc.dataRole(), DtlsRole::Server);
}

TEST(JsepMedia, WhatIsInABundleOnlyOutlivesARejectedDescription) {
  NegotiatorConfig config = someConfig();
  config.bundlePolicy = BundlePolicy::MaxBundle;
  Side a(1, config);
  Side b(2, someConfig({}));
  addAll(a);
  ASSERT_TRUE(a.setLocal());
  ASSERT_EQ(a.last.transports.size(), 1u);
  const TransportState offered = a.last.transports[0];
  SessionDescription offer = a.local();
  offer.media[0].protocol = "RTP/AVP";  // cannot be answered at all
  offer.media[0].candidates.push_back(*parseCandidate("candidate:1 1 udp 1 192.0.2.1 9 typ host"));
  offer.media[2].transport = {};
  ASSERT_TRUE(b.setRemote(SdpType::Offer, write(offer))) << b.lastError->message;
  ASSERT_EQ(b.last.transports.size(), 1u);
  EXPECT_EQ(b.last.transports[0].remote, offered.local);
  EXPECT_EQ(b.last.transports[0].remoteCandidates.size(), 1u);
  EXPECT_EQ(b.last.transports[0].remoteFingerprints.size(), 1u);
  CandidateInit later{"candidate:2 1 udp 1 192.0.2.2 9 typ host", "0", {}, {}};
  EXPECT_EQ(b.pc.addIceCandidate(later)->size(), 1u);
  ASSERT_TRUE(b.setLocal());
  EXPECT_EQ(b.pc.addIceCandidate(later)->size(), 1u);
  ASSERT_TRUE(a.setRemote(b.pc.localDescription())) << a.lastError->message;
  ASSERT_EQ(a.last.transports.size(), 1u);
  EXPECT_EQ(a.last.transports[0].id, offered.id);
  EXPECT_THAT(a.last.transports[0].mids, ElementsAre("2"));
}

TEST(JsepMedia, WithoutABundleEachSectionHasItsOwn) {
  NegotiatorConfig config = someConfig();
  config.bundlePolicy = BundlePolicy::MaxCompat;
  Side a(1, config);
  Side b(2);
  addAll(a);
  ASSERT_TRUE(a.setLocal());
  SessionDescription offer = a.local();
  offer.groups.clear();
  ASSERT_TRUE(b.setRemote(SdpType::Offer, write(offer)));
  EXPECT_EQ(b.last.transports.size(), 3u);
  ASSERT_TRUE(b.setLocal());
  EXPECT_TRUE(b.local().groups.empty());
  ASSERT_TRUE(a.setRemote(b.pc.localDescription())) << a.lastError->message;
  EXPECT_EQ(a.last.transports.size(), 3u);
  for (const TransportState& t : a.last.transports) {
    EXPECT_TRUE(t.negotiated && !t.closed);
    EXPECT_EQ(t.sctp.has_value(), t.mid == "2");
  }
}

TEST(JsepMedia, AnswerThatBreaksTheBundleIsRefused) {
  Side a(1);
  Side b(2);
  addAll(a);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Video).ok());  // in the bundle only
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  ASSERT_TRUE(b.setLocal());
  SessionDescription answer = b.local();
  answer.groups[0].mids = {"0", "1", "3"};
  EXPECT_FALSE(a.setRemote(SdpType::Answer, write(answer)));
  EXPECT_EQ(a.lastError->name, ErrorName::InvalidAccessError);
  answer.groups[0].mids = {"0", "9"};
  EXPECT_FALSE(a.setRemote(SdpType::Answer, write(answer)));
  EXPECT_EQ(a.lastError->name, ErrorName::InvalidAccessError);
}

TEST(JsepMedia, SimulcastIsOfferedAndPruned) {
  Side a(1);
  Side b(2);
  TransceiverInit init;
  for (const char* rid : {"q", "h", "f", "x"}) {
    init.sendEncodings.emplace_back();
    init.sendEncodings.back().rid = rid;
  }
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Video, "cam", init).ok());
  ASSERT_EQ(a.at(0).sender.encodings.size(), 3u);  // as many as we can
  EXPECT_EQ(a.at(0).sender.encodings[0].scaleResolutionDownBy, 4.0);
  EXPECT_EQ(a.at(0).sender.encodings[2].scaleResolutionDownBy, 1.0);
  ASSERT_TRUE(a.setLocal());
  const MediaDescription m = a.local().media[0];
  ASSERT_TRUE(m.simulcast.has_value());
  EXPECT_EQ(m.simulcast->send.size(), 3u);
  EXPECT_THAT(m.rids, ElementsAre(Rid{"q", true, ""}, Rid{"h", true, ""}, Rid{"f", true, ""}));

  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  ASSERT_TRUE(b.setLocal());
  SessionDescription answer = b.local();
  EXPECT_FALSE(answer.media[0].simulcast.has_value());  // we do not receive it
  answer.media[0].rids = {{"f", false, ""}, {"q", false, ""}};
  answer.media[0].simulcast.emplace();
  answer.media[0].simulcast->receive = {{{"q", false}}, {{"f", false}}};
  SessionDescription wrong = answer;
  wrong.media[0].simulcast->receive[0][0].rid = "other";
  EXPECT_FALSE(a.setRemote(SdpType::Answer, write(wrong)));
  EXPECT_EQ(a.lastError->name, ErrorName::InvalidAccessError);
  ASSERT_TRUE(a.setRemote(SdpType::Answer, write(answer)));
  ASSERT_EQ(a.at(0).sender.encodings.size(), 2u);
  EXPECT_EQ(a.at(0).sender.encodings[1].rid, "f");
}

TEST(JsepMedia, AnswerWithoutSimulcastLeavesOneLayer) {
  Side a(1);
  Side b(2);
  TransceiverInit init;
  init.sendEncodings.resize(2);
  init.sendEncodings[0].rid = "q";
  init.sendEncodings[1].rid = "f";
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Video, "cam", init).ok());
  negotiate(a, b);
  ASSERT_EQ(a.at(0).sender.encodings.size(), 1u);
  EXPECT_EQ(a.at(0).sender.encodings[0].rid, "q");
}

TEST(JsepMedia, OfferToReceiveSimulcastProposesLayers) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Video).ok());
  ASSERT_TRUE(b.pc.addTrack(MediaKind::Video, "cam", {}).ok());
  ASSERT_TRUE(a.setLocal());
  SessionDescription offer = a.local();
  offer.media[0].rids = {{"l", false, ""}, {"m", false, ""}};
  offer.media[0].simulcast.emplace();
  offer.media[0].simulcast->receive = {
      {{"l", false}, {"m", false}}, {{"m", false}}, {{"l", false}}};
  ASSERT_TRUE(b.setRemote(SdpType::Offer, write(offer)));
  ASSERT_EQ(b.at(0).sender.encodings.size(), 2u);
  EXPECT_EQ(b.at(0).sender.encodings[0].rid, "l");
  EXPECT_EQ(b.at(0).sender.encodings[0].scaleResolutionDownBy, 2.0);
  ASSERT_TRUE(b.setLocal(SdpType::Answer));
  const MediaDescription m = b.local().media[0];
  ASSERT_TRUE(m.simulcast.has_value());
  EXPECT_EQ(m.simulcast->send.size(), 2u);
}

TEST(JsepMedia, RemoteDescriptionsThatCannotBe) {
  Side a(1);
  addAll(a);
  ASSERT_TRUE(a.setLocal());
  const SessionDescription good = a.local();
  const auto refused = [&](auto change) {
    Side b(2);
    SessionDescription d = good;
    change(d);
    EXPECT_FALSE(b.setRemote(SdpType::Offer, write(d)));
    ASSERT_TRUE(b.lastError.has_value());
    EXPECT_EQ(b.lastError->name, ErrorName::InvalidAccessError) << b.lastError->message;
    EXPECT_TRUE(b.events.empty());
    EXPECT_TRUE(b.pc.transceivers().empty());
  };
  refused([](SessionDescription& d) { d.media[0].transport.ufrag.reset(); });
  refused([](SessionDescription& d) { d.media[0].transport.pwd.reset(); });
  refused([](SessionDescription& d) { d.media[0].transport.fingerprints.clear(); });
  refused([](SessionDescription& d) { d.media[0].rtcpMux = false; });
  refused([](SessionDescription& d) { d.media[0].transport.setup = Setup::Holdconn; });
  refused([](SessionDescription& d) { d.media[1].mid = "0"; });
  refused([](SessionDescription& d) { d.groups[0].mids.push_back("9"); });
  refused([](SessionDescription& d) { d.groups.push_back({"BUNDLE", {"0"}}); });
}

TEST(JsepMedia, RtcpWithoutMuxIsTakenWhereNegotiated) {
  Side a(1);
  addAll(a);
  ASSERT_TRUE(a.setLocal());
  SessionDescription d = a.local();
  d.media[0].rtcpMux = false;
  NegotiatorConfig config = someConfig();
  config.rtcpMuxPolicy = RtcpMuxPolicy::Negotiate;
  Side b(2, config);
  ASSERT_TRUE(b.setRemote(SdpType::Offer, write(d)));
  ASSERT_TRUE(b.setLocal());
  EXPECT_FALSE(b.local().media[0].rtcpMux);
}

TEST(JsepMedia, AnswersMustMatchTheirOffer) {
  Side a(1);
  Side b(2);
  addAll(a);
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  ASSERT_TRUE(b.setLocal());
  const SessionDescription good = b.local();
  const auto refused = [&](auto change) {
    SessionDescription d = good;
    change(d);
    EXPECT_FALSE(a.setRemote(SdpType::Answer, write(d)));
    EXPECT_EQ(a.lastError->name, ErrorName::InvalidAccessError) << a.lastError->message;
    EXPECT_EQ(a.pc.signalingState(), SignalingState::HaveLocalOffer);
  };
  refused([](SessionDescription& d) { d.media.pop_back(); });
  refused([](SessionDescription& d) { std::swap(d.media[0], d.media[1]); });
  refused([](SessionDescription& d) { d.media[0].mid = "5"; });
  refused([](SessionDescription& d) { d.media[0].transport.setup = Setup::Actpass; });
  EXPECT_TRUE(a.setRemote(SdpType::Answer, write(good)));
}

}  // namespace
}  // namespace parley::sdp::jsep
