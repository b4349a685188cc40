// A connection with data channels only: the way of `parley send`.
#include "jsep_testing.h"

namespace parley::sdp::jsep {
namespace {

using testing::ElementsAre;

NegotiatorConfig dataOnly() {
  return someConfig({});
}

TEST(JsepData, OfferIsWhatBrowsersAccept) {
  Side a(1, dataOnly());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  ASSERT_TRUE(a.setLocal());
  const SessionDescription d = a.local();
  ASSERT_EQ(d.media.size(), 1u);
  const MediaDescription& m = d.media[0];
  EXPECT_EQ(m.protocol, "UDP/DTLS/SCTP");
  EXPECT_THAT(m.formats, ElementsAre("webrtc-datachannel"));
  EXPECT_EQ(m.port, 9);
  EXPECT_EQ(m.mid, "0");
  EXPECT_EQ(m.sctpPort, 5000);
  EXPECT_EQ(m.maxMessageSize, 262144u);
  EXPECT_EQ(m.transport.setup, Setup::Actpass);
  EXPECT_EQ(m.transport.fingerprints.size(), 1u);
  EXPECT_TRUE(isUfrag(*m.transport.ufrag));
  EXPECT_TRUE(isPwd(*m.transport.pwd));
  EXPECT_THAT(d.groups, ElementsAre(Group{"BUNDLE", {"0"}}));
  EXPECT_EQ(d.origin.address, "127.0.0.1");
  EXPECT_LT(d.origin.sessionId, std::uint64_t{1} << 62);
}

TEST(JsepData, TwoSidesGetOneTransportEach) {
  Side a(1, dataOnly());
  Side b(2, dataOnly());
  ASSERT_TRUE(a.pc.createDataChannel().ok());

  ASSERT_TRUE(a.setLocal());
  ASSERT_EQ(a.last.transports.size(), 1u);
  const TransportState offered = a.last.transports[0];
  EXPECT_TRUE(offered.created && offered.offerPending && offered.controlling);
  EXPECT_FALSE(offered.negotiated);
  EXPECT_TRUE(offered.local.has_value());
  EXPECT_FALSE(offered.remote.has_value());
  EXPECT_FALSE(a.last.dataRoleNegotiated);

  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  ASSERT_EQ(b.last.transports.size(), 1u);
  EXPECT_TRUE(b.last.transports[0].created && b.last.transports[0].offerPending);
  EXPECT_FALSE(b.last.transports[0].controlling);
  EXPECT_EQ(b.last.transports[0].remote, offered.local);
  EXPECT_TRUE(b.last.transports[0].remoteTrickle);

  ASSERT_TRUE(b.setLocal());
  ASSERT_EQ(b.last.transports.size(), 1u);
  const TransportState answered = b.last.transports[0];
  EXPECT_TRUE(answered.negotiated);
  EXPECT_FALSE(answered.offerPending || answered.created || answered.remoteRestart);
  EXPECT_EQ(answered.dtlsRole, DtlsRole::Client);
  EXPECT_EQ(answered.sctp, (SctpParameters{5000, 5000, 262144}));
  EXPECT_EQ(answered.remoteFingerprints, someConfig().fingerprints);
  EXPECT_TRUE(b.last.dataRoleNegotiated);

  ASSERT_TRUE(a.setRemote(b.pc.localDescription()));
  ASSERT_EQ(a.last.transports.size(), 1u);
  EXPECT_EQ(a.last.transports[0].id, offered.id);
  EXPECT_EQ(a.last.transports[0].dtlsRole, DtlsRole::Server);
  EXPECT_EQ(a.last.transports[0].remote, answered.local);
  EXPECT_TRUE(a.last.transports[0].negotiated);
  EXPECT_EQ(a.pc.dataRole(), DtlsRole::Server);
  EXPECT_EQ(b.pc.remoteMaxMessageSize(), 262144u);
  EXPECT_THAT(a.states(), ElementsAre(SignalingState::HaveLocalOffer, SignalingState::Stable));
  EXPECT_THAT(b.states(), ElementsAre(SignalingState::HaveRemoteOffer, SignalingState::Stable));
}

TEST(JsepData, MessageSizeIs65536WhereNoneIsSaid) {
  Side a(1, dataOnly());
  Side b(2, dataOnly());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  ASSERT_TRUE(a.setLocal());
  SessionDescription offer = a.local();
  offer.media[0].maxMessageSize.reset();
  ASSERT_TRUE(b.setRemote(SdpType::Offer, write(offer)));
  ASSERT_TRUE(b.setLocal());
  EXPECT_EQ(b.pc.remoteMaxMessageSize(), 65536u);
}

TEST(JsepData, NewOfferKeepsCredentialsAndCountsUp) {
  Side a(1, dataOnly());
  Side b(2, dataOnly());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  negotiate(a, b);
  const SessionDescription first = a.local();
  negotiate(a, b);
  const SessionDescription second = a.local();
  EXPECT_EQ(second.origin.sessionId, first.origin.sessionId);
  EXPECT_EQ(second.origin.sessionVersion, first.origin.sessionVersion + 1);
  EXPECT_EQ(second.media[0].transport.ufrag, first.media[0].transport.ufrag);
  ASSERT_EQ(a.last.transports.size(), 1u);  // the offer is answered; nothing else changed
  EXPECT_FALSE(a.last.transports[0].offerPending || a.last.transports[0].localRestart ||
               a.last.transports[0].remoteRestart);
}

TEST(JsepData, RoleOfAnAssociationStays) {
  Side a(1, dataOnly());
  Side b(2, dataOnly());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  negotiate(a, b);
  ASSERT_EQ(a.pc.dataRole(), DtlsRole::Server);
  negotiate(b, a);  // now a answers, and must stay passive
  EXPECT_EQ(a.local().media[0].transport.setup, Setup::Passive);
  EXPECT_EQ(a.pc.dataRole(), DtlsRole::Server);
  EXPECT_EQ(b.pc.dataRole(), DtlsRole::Client);
}

TEST(JsepData, IceRestartChangesBothSides) {
  Side a(1, dataOnly());
  Side b(2, dataOnly());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  negotiate(a, b);
  a.runTasks();
  const auto before = a.local().media[0].transport.ufrag;
  const auto beforeB = b.local().media[0].transport.ufrag;
  a.pc.restartIce();
  EXPECT_TRUE(a.runTasks());
  ASSERT_TRUE(a.setLocal());
  EXPECT_NE(a.local().media[0].transport.ufrag, before);
  ASSERT_EQ(a.last.transports.size(), 1u);
  EXPECT_TRUE(a.last.transports[0].localRestart);
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  EXPECT_TRUE(b.last.transports.at(0).remoteRestart);
  EXPECT_TRUE(b.last.transports.at(0).offerPending);
  ASSERT_TRUE(b.setLocal());
  EXPECT_TRUE(b.last.transports.at(0).localRestart);
  EXPECT_NE(b.local().media[0].transport.ufrag, beforeB);
  ASSERT_TRUE(a.setRemote(b.pc.localDescription()));
  EXPECT_TRUE(a.last.transports.at(0).remoteRestart);
  EXPECT_FALSE(a.runTasks());
}

TEST(JsepData, AnswersTheOldForm) {
  Side b(2, dataOnly());
  const std::string offer =
      "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE data\r\n"
      "m=application 9 DTLS/SCTP 5000\r\nc=IN IP4 0.0.0.0\r\na=mid:data\r\na=ice-ufrag:abcd\r\n"
      "a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 00:01\r\na=setup:actpass\r\n"
      "a=sctpmap:5000 webrtc-datachannel 1024\r\n";
  ASSERT_TRUE(b.setRemote(SdpType::Offer, offer)) << b.lastError->message;
  ASSERT_TRUE(b.setLocal());
  const SessionDescription answer = b.local();
  EXPECT_EQ(answer.media[0].protocol, "DTLS/SCTP");
  EXPECT_THAT(answer.media[0].formats, ElementsAre("5000"));
  EXPECT_EQ(answer.media[0].sctpMap->application, "webrtc-datachannel");
  EXPECT_EQ(answer.media[0].mid, "data");
  EXPECT_EQ(b.pc.remoteMaxMessageSize(), 65536u);
}

TEST(JsepData, LitePeerMakesUsControl) {
  Side a(1, dataOnly());
  Side b(2, dataOnly());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  ASSERT_TRUE(a.setLocal());
  SessionDescription offer = a.local();
  offer.iceLite = true;
  ASSERT_TRUE(b.setRemote(SdpType::Offer, write(offer)));
  EXPECT_TRUE(b.last.transports.at(0).controlling);
  EXPECT_TRUE(b.last.transports.at(0).remoteLite);
}

TEST(JsepData, RejectedDataSectionClosesTheTransport) {
  Side a(1, dataOnly());
  Side b(2, dataOnly());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  negotiate(a, b);
  ASSERT_TRUE(a.setLocal());
  SessionDescription answer = b.local();
  answer.media[0].port = 0;
  answer.groups.clear();
  ASSERT_TRUE(a.setRemote(SdpType::Answer, write(answer))) << a.lastError->message;
  ASSERT_EQ(a.last.transports.size(), 1u);
  EXPECT_TRUE(a.last.transports[0].closed);
  EXPECT_FALSE(a.pc.dataRole().has_value());
}

TEST(JsepData, MediaWithoutCodecsIsAnsweredRejected) {
  Side a(1);
  Side b(2, dataOnly());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Video).ok());
  ASSERT_TRUE(a.setLocal());
  SessionDescription offer = a.local();
  offer.groups.clear();
  ASSERT_TRUE(b.setRemote(SdpType::Offer, write(offer)));
  ASSERT_TRUE(b.setLocal());
  const SessionDescription answer = b.local();
  ASSERT_EQ(answer.media.size(), 3u);
  EXPECT_TRUE(answer.media[0].isRejected());
  EXPECT_TRUE(answer.media[1].isRejected());
  EXPECT_FALSE(answer.media[2].isRejected());
  EXPECT_EQ(answer.media[0].codecs.size(), 4u);
  EXPECT_TRUE(b.pc.transceivers().empty());
  EXPECT_TRUE(b.all<event::Track>().empty());
  EXPECT_EQ(b.pc.dataRole(), DtlsRole::Client);
  EXPECT_EQ(errorOf(b.pc.addTransceiver(MediaKind::Audio)), ErrorName::NotSupportedError);
  ASSERT_TRUE(a.setRemote(b.pc.localDescription())) << a.lastError->message;
}

}  // namespace
}  // namespace parley::sdp::jsep
