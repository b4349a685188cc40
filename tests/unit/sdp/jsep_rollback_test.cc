// Going back: what a rollback restores, and glare by perfect negotiation.
#include "jsep_testing.h"

namespace parley::sdp::jsep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(JsepRollback, OfALocalOffer) {
  Side a(1);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  ASSERT_TRUE(a.setLocal());
  const TransportId transport = a.last.transports.at(0).id;
  ASSERT_TRUE(a.setLocal(SdpType::Rollback));
  EXPECT_FALSE(a.at(0).mid.has_value());
  EXPECT_FALSE(a.at(0).sender.transport.has_value());
  EXPECT_FALSE(a.pc.localDescription().has_value());
  ASSERT_THAT(a.last.transports, SizeIs(1));
  EXPECT_TRUE(a.last.transports[0].closed);
  EXPECT_EQ(a.last.transports[0].id, transport);
  EXPECT_THAT(a.states(), ElementsAre(SignalingState::HaveLocalOffer, SignalingState::Stable));
  EXPECT_TRUE(a.runTasks());
}

TEST(JsepRollback, UnsetsOnlyTheMidsOfItsRound) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  negotiate(a, b);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Video).ok());
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(a.at(1).mid.has_value());
  ASSERT_TRUE(a.setLocal(SdpType::Rollback));
  EXPECT_EQ(a.at(0).mid, "0");
  EXPECT_FALSE(a.at(1).mid.has_value());
  EXPECT_TRUE(a.at(0).sender.transport.has_value());
}

TEST(JsepRollback, OfARemoteOfferRemovesWhatItMade) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Audio, "m", {"s"}).ok());
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  const TransceiverId id = b.pc.transceivers().at(0);
  const std::string track = b.at(0).receiver.track;
  b.events.clear();
  ASSERT_TRUE(b.setRemote(SdpType::Rollback, ""));
  EXPECT_THAT(b.pc.transceivers(), IsEmpty());
  EXPECT_EQ(b.pc.transceiver(id), nullptr);
  EXPECT_THAT(b.events, ElementsAre(Event(event::TrackEnded{id, track}),
                                    Event(event::SignalingStateChange{SignalingState::Stable}),
                                    Event(event::TrackMuted{id, track}),
                                    Event(event::TrackRemoved{"s", track})));
}

TEST(JsepRollback, KeepsATransceiverThatAddTrackUsed) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Audio, "m", {}).ok());
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  const auto id = b.pc.addTrack(MediaKind::Audio, "mine", {});
  ASSERT_THAT(b.pc.transceivers(), ElementsAre(*id));
  ASSERT_TRUE(b.setRemote(SdpType::Rollback, ""));
  ASSERT_THAT(b.pc.transceivers(), ElementsAre(*id));
  EXPECT_FALSE(b.at(0).mid.has_value());
  EXPECT_TRUE(b.runTasks());
  negotiate(b, a);  // a has an offer out, and rolls it back
  EXPECT_EQ(b.at(0).currentDirection, Direction::SendRecv);
}

TEST(JsepRollback, RestoresRemoteStreams) {
  Side a(1);
  Side b(2);
  const auto sender = a.pc.addTrack(MediaKind::Audio, "m", {"s"});
  negotiate(a, b);
  ASSERT_TRUE(a.pc.removeTrack(*sender).ok());
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  EXPECT_THAT(b.at(0).receiver.streams, IsEmpty());
  b.events.clear();
  ASSERT_TRUE(b.setRemote(SdpType::Rollback, ""));
  EXPECT_THAT(b.at(0).receiver.streams, ElementsAre("s"));
  EXPECT_THAT(b.all<event::TrackAdded>(), SizeIs(1));
  EXPECT_THAT(b.all<event::Track>(), SizeIs(1));
}

TEST(JsepRollback, RestoresCredentialsOfAnIceRestart) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  negotiate(a, b);
  const auto before = a.last.transports.at(0).local;
  a.pc.restartIce();
  ASSERT_TRUE(a.setLocal());
  ASSERT_NE(a.last.transports.at(0).local, before);
  ASSERT_TRUE(a.setLocal(SdpType::Rollback));
  ASSERT_THAT(a.last.transports, SizeIs(1));
  EXPECT_EQ(a.last.transports[0].local, before);
  EXPECT_TRUE(a.last.transports[0].localRestart);
  EXPECT_TRUE(a.last.transports[0].negotiated);
  EXPECT_TRUE(a.runTasks());  // the restart is still wanted
  ASSERT_TRUE(a.setLocal());
  EXPECT_NE(a.last.transports.at(0).local, before);
}

TEST(JsepRollback, FailedOfferChangesNothing) {
  Side a(1);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  ASSERT_TRUE(a.setLocal());
  a.events.clear();
  EXPECT_FALSE(a.setRemote(SdpType::Offer, "broken"));
  EXPECT_EQ(a.pc.signalingState(), SignalingState::HaveLocalOffer);
  EXPECT_TRUE(a.at(0).mid.has_value());
  EXPECT_TRUE(a.events.empty());
}

// One side of https://w3c.github.io/webrtc-pc/#perfect-negotiation-example, over a wire that the
// test delivers from.
struct Perfect {
  Perfect(std::uint64_t seed, bool isPolite) : side(seed), polite(isPolite) {}
  void tick(std::vector<Description>& out) {
    if (!side.runTasks()) return;
    ASSERT_TRUE(side.setLocal());
    out.push_back(*side.pc.localDescription());
  }
  void receive(const Description& d, std::vector<Description>& out) {
    const bool collision =
        d.type == SdpType::Offer && side.pc.signalingState() != SignalingState::Stable;
    if (collision && !polite) return;
    ASSERT_TRUE(side.setRemote(d.type, d.sdp)) << side.lastError->message;
    if (d.type != SdpType::Offer) return;
    ASSERT_TRUE(side.setLocal());
    out.push_back(*side.pc.localDescription());
  }
  Side side;
  bool polite;
};

TEST(JsepRollback, PerfectNegotiationOutlivesGlare) {
  Perfect a(1, true);
  Perfect b(2, false);
  ASSERT_TRUE(a.side.pc.addTrack(MediaKind::Audio, "ours", {"a"}).ok());
  ASSERT_TRUE(a.side.pc.createDataChannel().ok());
  ASSERT_TRUE(b.side.pc.addTrack(MediaKind::Video, "theirs", {"b"}).ok());
  ASSERT_TRUE(b.side.pc.createDataChannel().ok());
  std::vector<Description> toA, toB;
  a.tick(toB);
  b.tick(toA);
  ASSERT_THAT(toA, SizeIs(1));
  ASSERT_THAT(toB, SizeIs(1));
  for (int rounds = 0; rounds < 10 && !(toA.empty() && toB.empty()); ++rounds) {
    for (const Description& d : std::exchange(toA, {}))
      a.receive(d, toB);
    for (const Description& d : std::exchange(toB, {}))
      b.receive(d, toA);
    a.tick(toB);
    b.tick(toA);
  }
  EXPECT_TRUE(toA.empty() && toB.empty());
  for (Perfect* p : {&a, &b}) {
    EXPECT_EQ(p->side.pc.signalingState(), SignalingState::Stable);
    EXPECT_THAT(p->side.pc.transceivers(), SizeIs(2));
    EXPECT_THAT(p->side.local().media, SizeIs(3));
    EXPECT_THAT(p->side.all<event::Track>(), SizeIs(1));
    EXPECT_FALSE(p->side.runTasks());
  }
  EXPECT_NE(a.side.pc.dataRole(), b.side.pc.dataRole());
}

}  // namespace
}  // namespace parley::sdp::jsep
