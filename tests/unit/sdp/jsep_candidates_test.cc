// Candidates of both sides: what web-platform-tests ask of addIceCandidate, and what goes into the
// descriptions.
#include "jsep_testing.h"

namespace parley::sdp::jsep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string kCandidate = "candidate:1 1 udp 2113929471 203.0.113.100 10100 typ host";
const std::string kSecond = "candidate:1 2 udp 2113929470 203.0.113.100 10101 typ host";

// Two sections without a bundle, with fragments of their own.
std::string offer() {
  Side a(1);
  EXPECT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  EXPECT_TRUE(a.pc.addTransceiver(MediaKind::Video).ok());
  SessionDescription d = *parse(a.pc.createOffer()->sdp);
  d.groups.clear();
  d.media[0].mid = "a1";
  d.media[1].mid = "v1";
  d.media[0].transport.ufrag = "ETEn";
  d.media[1].transport.ufrag = "BGKk";
  return write(d);
}

CandidateInit init(std::string candidate, std::optional<std::string> mid = {},
                   std::optional<std::uint16_t> index = {}, std::optional<std::string> ufrag = {}) {
  return {std::move(candidate), std::move(mid), index, std::move(ufrag)};
}

TEST(JsepCandidates, RefusalsOfAddIceCandidate) {
  Side b(2);
  EXPECT_EQ(errorOf(b.pc.addIceCandidate(init(kCandidate, "a1", 0))), ErrorName::InvalidStateError);
  EXPECT_EQ(errorOf(b.pc.addIceCandidate({})), ErrorName::InvalidStateError);
  EXPECT_EQ(errorOf(b.pc.addIceCandidate(init(kCandidate))), ErrorName::TypeError);
  ASSERT_TRUE(b.setRemote(SdpType::Offer, offer()));
  EXPECT_EQ(errorOf(b.pc.addIceCandidate(init(kCandidate))), ErrorName::TypeError);
  EXPECT_EQ(errorOf(b.pc.addIceCandidate(init("(Invalid) candidate \r\n string"))),
            ErrorName::TypeError);
  EXPECT_EQ(errorOf(b.pc.addIceCandidate(init(kCandidate, "invalid", 0))),
            ErrorName::OperationError);
  EXPECT_EQ(errorOf(b.pc.addIceCandidate(init(kCandidate, {}, 2))), ErrorName::OperationError);
  EXPECT_EQ(errorOf(b.pc.addIceCandidate(init(kCandidate, "a1", 0, "invalid"))),
            ErrorName::OperationError);
  EXPECT_EQ(errorOf(b.pc.addIceCandidate(init(kCandidate, "v1", 0, "ETEn"))),
            ErrorName::OperationError);
  EXPECT_EQ(errorOf(b.pc.addIceCandidate(init("(Invalid) candidate \r\n string", "a1", 0))),
            ErrorName::OperationError);
  // sdpMid goes before sdpMLineIndex.
  EXPECT_TRUE(b.pc.addIceCandidate(init(kCandidate, "a1", 2)).ok());
}

TEST(JsepCandidates, GoIntoTheirSection) {
  Side b(2);
  ASSERT_TRUE(b.setRemote(SdpType::Offer, offer()));
  ASSERT_EQ(b.last.transports.size(), 2u);
  const auto first = b.pc.addIceCandidate(init(kCandidate, "a1", 0, "ETEn"));
  ASSERT_TRUE(first.ok());
  ASSERT_THAT(*first, SizeIs(1));
  EXPECT_EQ((*first)[0].transport, b.last.transports[0].id);
  EXPECT_EQ((*first)[0].ufrag, "ETEn");
  EXPECT_EQ((*first)[0].candidate->address, "203.0.113.100");
  // With rtcp-mux there is no second component; it is written down nevertheless.
  const auto second = b.pc.addIceCandidate(init(kSecond, {}, 1));
  ASSERT_TRUE(second.ok());
  EXPECT_THAT(*second, IsEmpty());
  ASSERT_TRUE(b.pc.addIceCandidate(init(kCandidate, "a1")).ok());  // once is enough
  const auto end = b.pc.addIceCandidate(init("", "a1", 0, "ETEn"));
  ASSERT_TRUE(end.ok());
  ASSERT_THAT(*end, SizeIs(1));
  EXPECT_FALSE((*end)[0].candidate.has_value());
  const SessionDescription d = b.remote();
  EXPECT_THAT(d.media[0].candidates, SizeIs(1));
  EXPECT_TRUE(d.media[0].endOfCandidates);
  EXPECT_THAT(d.media[1].candidates, SizeIs(1));
  EXPECT_FALSE(d.media[1].endOfCandidates);
  EXPECT_THAT(b.pc.remoteDescription()->sdp, HasSubstr("a=" + kCandidate + "\r\n"));
}

TEST(JsepCandidates, NoneAtAllEndsAllSections) {
  Side b(2);
  ASSERT_TRUE(b.setRemote(SdpType::Offer, offer()));
  const auto end = b.pc.addIceCandidate({});
  ASSERT_TRUE(end.ok());
  EXPECT_THAT(*end, SizeIs(2));
  EXPECT_TRUE(b.remote().media[0].endOfCandidates && b.remote().media[1].endOfCandidates);
}

TEST(JsepCandidates, OfABundleGoToItsTransport) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  EXPECT_THAT(*b.pc.addIceCandidate(init(kCandidate, "0")), SizeIs(1));
  EXPECT_THAT(*b.pc.addIceCandidate(init(kCandidate, "1")), SizeIs(1));  // bundle-only
  EXPECT_THAT(*b.pc.addIceCandidate(init(kCandidate, "2")), IsEmpty());  // another transport's
}

TEST(JsepCandidates, OfAnOldGenerationStayWithItsDescription) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  negotiate(a, b);
  const std::string old = *a.local().media[0].transport.ufrag;
  a.pc.restartIce();
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  const std::string fresh = *a.local().media[0].transport.ufrag;
  const auto late = b.pc.addIceCandidate(init(kCandidate, "0", 0, old));
  ASSERT_TRUE(late.ok());
  EXPECT_EQ(late->at(0).ufrag, old);
  EXPECT_THAT(b.pc.pendingRemoteDescription()->sdp, Not(HasSubstr(kCandidate)));
  EXPECT_THAT(b.pc.currentRemoteDescription()->sdp, HasSubstr(kCandidate));
  EXPECT_EQ(b.pc.addIceCandidate(init(kCandidate, "0"))->at(0).ufrag, fresh);
}

TEST(JsepCandidates, RemoteOnesAreBounded) {
  Side b(2);
  ASSERT_TRUE(b.setRemote(SdpType::Offer, offer()));
  for (std::size_t i = 0; i < kMaxRemoteCandidates; ++i) {
    ASSERT_TRUE(b.pc.addIceCandidate(init("candidate:1 1 udp 1 203.0.113.1 " +
                                              std::to_string(i + 1) + " typ host",
                                          "a1"))
                    .ok());
  }
  EXPECT_EQ(errorOf(b.pc.addIceCandidate(init(kCandidate, "a1"))), ErrorName::OperationError);
  EXPECT_TRUE(b.pc.addIceCandidate(init(kCandidate, "v1")).ok());
}

TEST(JsepCandidates, OfAStoppedTransceiverAreDropped) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  negotiate(a, b);
  ASSERT_TRUE(a.pc.stopTransceiver(a.pc.transceivers()[0]).ok());
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  const auto told = b.pc.addIceCandidate(init(kCandidate, "0"));
  ASSERT_TRUE(told.ok());
  EXPECT_THAT(*told, IsEmpty());
}

TEST(JsepCandidates, InTheDescriptionAreTold) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  ASSERT_TRUE(a.setLocal());
  SessionDescription d = a.local();
  d.media[0].candidates.push_back(*parseCandidate(kCandidate));
  d.media[0].endOfCandidates = true;
  ASSERT_TRUE(b.setRemote(SdpType::Offer, write(d)));
  EXPECT_THAT(b.last.transports.at(0).remoteCandidates, SizeIs(1));
  EXPECT_TRUE(b.last.transports.at(0).remoteEndOfCandidates);
  ASSERT_TRUE(b.setLocal());
  EXPECT_THAT(b.last.transports.at(0).remoteCandidates, IsEmpty());  // once
}

TEST(JsepCandidates, LocalOnesAreSurfacedAndWritten) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  ASSERT_TRUE(a.setLocal());
  const TransportState t = a.last.transports.at(0);
  auto candidate =
      *parseCandidate("candidate:7 1 udp 99 198.51.100.7 4711 typ srflx raddr 0.0.0.0 rport 0");
  const auto told = a.pc.addLocalCandidate(t.id, t.local->ufrag, candidate);
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->sdpMid, "0");
  EXPECT_EQ(told->sdpMLineIndex, 0);
  EXPECT_EQ(told->usernameFragment, t.local->ufrag);
  EXPECT_THAT(told->candidate, HasSubstr(" ufrag " + t.local->ufrag));
  EXPECT_FALSE(a.pc.addLocalCandidate(t.id, "other", candidate).has_value());
  EXPECT_FALSE(a.pc.addLocalCandidate(TransportId{99}, t.local->ufrag, candidate).has_value());
  EXPECT_EQ(a.local().media[0].port, 9);
  const auto end = a.pc.addLocalCandidate(t.id, t.local->ufrag, std::nullopt);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->candidate, "");
  const MediaDescription m = a.local().media[0];
  EXPECT_THAT(m.candidates, ElementsAre(candidate));
  EXPECT_TRUE(m.endOfCandidates);
  EXPECT_EQ(m.port, 4711);  // the default candidate
  EXPECT_EQ(m.connections.at(0).address, "198.51.100.7");
  // What is trickled is taken by the other side.
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  EXPECT_TRUE(b.pc.addIceCandidate(*told).ok());
  EXPECT_TRUE(b.pc.addIceCandidate(*end).ok());
  // A new offer of the same generation has them still.
  ASSERT_TRUE(b.setLocal());
  ASSERT_TRUE(a.setRemote(b.pc.localDescription()));
  EXPECT_THAT(a.local().media[0].candidates, SizeIs(1));
  ASSERT_TRUE(a.setLocal());
  EXPECT_THAT(a.local().media[0].candidates, SizeIs(1));
  a.pc.restartIce();
  ASSERT_TRUE(a.setLocal());
  EXPECT_THAT(a.local().media[0].candidates, IsEmpty());
}

TEST(JsepCandidates, CanTrickleIsToldByTheRemoteDescription) {
  Side a(1);
  EXPECT_FALSE(a.pc.canTrickleIceCandidates().has_value());
  const auto of = [](std::vector<std::string> session, std::vector<std::string> section) {
    SessionDescription d = *parse(offer());
    d.transport.iceOptions = std::move(session);
    for (MediaDescription& m : d.media)
      m.transport.iceOptions = section;
    Side b(2);
    EXPECT_TRUE(b.setRemote(SdpType::Offer, write(d)));
    return b.pc.canTrickleIceCandidates();
  };
  EXPECT_EQ(of({}, {}), false);
  EXPECT_EQ(of({"trickle"}, {}), true);
  EXPECT_EQ(of({}, {"trickle"}), true);
  EXPECT_EQ(of({"ice2,trickle"}, {}), true);
  EXPECT_EQ(of({"ice2"}, {"nottrickle"}), false);
}

}  // namespace
}  // namespace parley::sdp::jsep
