// Transceivers: how they come, meet sections, change direction, stop and make room for others; and
// the events that the application sees, as web-platform-tests ask for.
#include "jsep_testing.h"

namespace parley::sdp::jsep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(JsepTransceivers, MidIsKnownWhenTheOfferIsSet) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  const std::string offer = a.pc.createOffer()->sdp;
  EXPECT_FALSE(a.at(0).mid.has_value());
  ASSERT_TRUE(a.setLocal(SdpType::Offer, offer));
  EXPECT_EQ(a.at(0).mid, "0");
  EXPECT_TRUE(a.at(0).sender.transport.has_value());
  EXPECT_FALSE(a.at(0).currentDirection.has_value());
  ASSERT_TRUE(b.setRemote(SdpType::Offer, offer));
  ASSERT_THAT(b.pc.transceivers(), SizeIs(1));
  EXPECT_EQ(b.at(0).mid, "0");
  EXPECT_EQ(b.at(0).direction, Direction::RecvOnly);
}

TEST(JsepTransceivers, AddTrackMeetsARemoteSectionAndAddTransceiverDoesNot) {
  Side a(1);
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Audio, "t", {}).ok());
  Side byTrack(2);
  ASSERT_TRUE(byTrack.pc.addTrack(MediaKind::Audio, "u", {}).ok());
  negotiate(a, byTrack);
  EXPECT_THAT(byTrack.pc.transceivers(), SizeIs(1));
  EXPECT_EQ(byTrack.at(0).currentDirection, Direction::SendRecv);
  EXPECT_EQ(a.at(0).currentDirection, Direction::SendRecv);

  Side c(3);
  ASSERT_TRUE(c.pc.addTrack(MediaKind::Audio, "t", {}).ok());
  Side byTransceiver(4);
  ASSERT_TRUE(byTransceiver.pc.addTransceiver(MediaKind::Audio, "u").ok());
  negotiate(c, byTransceiver);
  ASSERT_THAT(byTransceiver.pc.transceivers(), SizeIs(2));
  EXPECT_FALSE(byTransceiver.at(0).mid.has_value());
  EXPECT_EQ(byTransceiver.at(1).currentDirection, Direction::RecvOnly);
  EXPECT_EQ(c.at(0).currentDirection, Direction::SendOnly);
  EXPECT_TRUE(byTransceiver.runTasks());
}

TEST(JsepTransceivers, SendonlyOfferDoesNotTakeATransceiverOfAddTrack) {
  Side a(1);
  Side b(2);
  TransceiverInit init;
  init.direction = Direction::SendOnly;
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio, "t", init).ok());
  ASSERT_TRUE(b.pc.addTrack(MediaKind::Audio, "u", {}).ok());
  negotiate(a, b);
  ASSERT_THAT(b.pc.transceivers(), SizeIs(2));
  EXPECT_FALSE(b.at(0).mid.has_value());
}

TEST(JsepTransceivers, AddTrackReusesWhatHasNeverSent) {
  Side a(1);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  ASSERT_TRUE(a.pc.setDirection(a.pc.transceivers()[0], Direction::RecvOnly).ok());
  const auto id = a.pc.addTrack(MediaKind::Audio, "t", {"s", "s", "r"});
  ASSERT_TRUE(id.ok());
  EXPECT_THAT(a.pc.transceivers(), ElementsAre(*id));
  EXPECT_EQ(a.at(0).direction, Direction::SendRecv);
  EXPECT_THAT(a.at(0).sender.streams, ElementsAre("s", "r"));
  EXPECT_EQ(errorOf(a.pc.addTrack(MediaKind::Audio, "t", {})), ErrorName::InvalidAccessError);
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Video, "v", {}).ok());
  EXPECT_THAT(a.pc.transceivers(), SizeIs(2));
  // One that has sent is not used again.
  Side b(2);
  negotiate(a, b);
  ASSERT_TRUE(a.pc.setDirection(*id, Direction::SendRecv).ok());
  ASSERT_TRUE(b.pc.addTrack(MediaKind::Audio, "back", {}).ok());
  negotiate(a, b);
  ASSERT_TRUE(a.pc.removeTrack(*id).ok());
  EXPECT_EQ(a.at(0).direction, Direction::RecvOnly);
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Audio, "other", {}).ok());
  EXPECT_THAT(a.pc.transceivers(), SizeIs(3));
}

TEST(JsepTransceivers, RemoveTrackOfAStrangerIsAnError) {
  Side a(1);
  EXPECT_EQ(errorOf(a.pc.removeTrack(TransceiverId{7})), ErrorName::InvalidAccessError);
}

TEST(JsepTransceivers, AddTransceiverChecksItsEncodings) {
  Side a(1);
  const auto tryWith = [&a](MediaKind kind, std::vector<RtpEncoding> encodings) {
    TransceiverInit init;
    init.sendEncodings = std::move(encodings);
    return a.pc.addTransceiver(kind, std::nullopt, init);
  };
  const auto rid = [](const char* text) {
    RtpEncoding e;
    e.rid = text;
    return e;
  };
  RtpEncoding shrunk;
  shrunk.scaleResolutionDownBy = 0.5;
  RtpEncoding slow;
  slow.maxFramerate = -1.0;
  EXPECT_EQ(errorOf(tryWith(MediaKind::Video, {rid("a"), rid("a")})), ErrorName::TypeError);
  EXPECT_EQ(errorOf(tryWith(MediaKind::Video, {rid("a"), {}})), ErrorName::TypeError);
  EXPECT_EQ(errorOf(tryWith(MediaKind::Video, {rid("b?")})), ErrorName::TypeError);
  EXPECT_EQ(errorOf(tryWith(MediaKind::Video, {rid("")})), ErrorName::TypeError);
  EXPECT_EQ(errorOf(tryWith(MediaKind::Video, {rid(std::string(256, 'a').c_str())})),
            ErrorName::TypeError);
  EXPECT_EQ(errorOf(tryWith(MediaKind::Video, {shrunk})), ErrorName::RangeError);
  EXPECT_EQ(errorOf(tryWith(MediaKind::Video, {slow})), ErrorName::RangeError);
  EXPECT_EQ(errorOf(tryWith(MediaKind::Application, {})), ErrorName::TypeError);
  EXPECT_THAT(a.pc.transceivers(), IsEmpty());
  ASSERT_TRUE(tryWith(MediaKind::Audio, {shrunk}).ok());  // audio has no resolution
  EXPECT_FALSE(a.at(0).sender.encodings[0].scaleResolutionDownBy.has_value());
  ASSERT_TRUE(tryWith(MediaKind::Video, {rid("alone")}).ok());
  EXPECT_FALSE(a.at(1).sender.encodings[0].rid.has_value());
}

TEST(JsepTransceivers, CountIsBounded) {
  Side a(1);
  for (std::size_t i = 0; i < kMaxTransceivers; ++i)
    ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  EXPECT_EQ(errorOf(a.pc.addTransceiver(MediaKind::Audio)), ErrorName::OperationError);
}

TEST(JsepTransceivers, TrackEventsComeWithTheOfferAndInOrder) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Audio, "m", {"s1", "s2"}).ok());
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Video, "v", {}).ok());
  ASSERT_TRUE(a.setLocal());
  EXPECT_TRUE(a.all<event::Track>().empty());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  const std::string audio = b.at(0).receiver.track;
  const std::string video = b.at(1).receiver.track;
  EXPECT_NE(audio, video);
  EXPECT_THAT(
      b.events,
      ElementsAre(Event(event::SignalingStateChange{SignalingState::HaveRemoteOffer}),
                  Event(event::TrackAdded{"s1", audio}), Event(event::TrackAdded{"s2", audio}),
                  Event(event::Track{b.at(0).id, audio, {"s1", "s2"}}),
                  Event(event::Track{b.at(1).id, video, {}})));
  b.events.clear();
  ASSERT_TRUE(b.setLocal());
  ASSERT_TRUE(a.setRemote(b.pc.localDescription()));
  EXPECT_THAT(b.events, ElementsAre(Event(event::SignalingStateChange{SignalingState::Stable})));
  EXPECT_TRUE(a.all<event::Track>().empty());  // b sends nothing
}

TEST(JsepTransceivers, RemovedTrackIsMutedAndLeavesItsStream) {
  Side a(1);
  Side b(2);
  const auto sender = a.pc.addTrack(MediaKind::Audio, "m", {"s"});
  negotiate(a, b);
  const std::string track = b.at(0).receiver.track;
  b.events.clear();
  ASSERT_TRUE(a.pc.removeTrack(*sender).ok());
  negotiate(a, b);
  EXPECT_THAT(b.events,
              ElementsAre(Event(event::SignalingStateChange{SignalingState::HaveRemoteOffer}),
                          Event(event::TrackMuted{b.at(0).id, track}),
                          Event(event::TrackRemoved{"s", track}),
                          Event(event::SignalingStateChange{SignalingState::Stable})));
  EXPECT_EQ(b.at(0).currentDirection, Direction::Inactive);
  b.events.clear();
  ASSERT_TRUE(a.pc.setDirection(*sender, Direction::SendRecv).ok());
  negotiate(a, b);
  EXPECT_THAT(b.all<event::Track>(), ElementsAre(event::Track{b.at(0).id, track, {"s"}}));
}

TEST(JsepTransceivers, ChangedStreamsFireAgain) {
  Side a(1);
  Side b(2);
  const auto sender = a.pc.addTrack(MediaKind::Audio, "m", {"s"});
  negotiate(a, b);
  b.events.clear();
  a.runTasks();
  ASSERT_TRUE(a.pc.setStreams(*sender, {"r"}).ok());
  EXPECT_TRUE(a.runTasks());
  negotiate(a, b);
  EXPECT_THAT(b.all<event::TrackRemoved>(), SizeIs(1));
  EXPECT_THAT(b.all<event::TrackAdded>(), SizeIs(1));
  EXPECT_THAT(b.all<event::Track>(), SizeIs(1));
}

TEST(JsepTransceivers, WithoutMsidTracksShareOneStream) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Audio, "m", {"s"}).ok());
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Video, "v", {"s"}).ok());
  ASSERT_TRUE(a.setLocal());
  SessionDescription offer = a.local();
  for (MediaDescription& m : offer.media)
    m.msids.clear();
  ASSERT_TRUE(b.setRemote(SdpType::Offer, write(offer)));
  const auto tracks = b.all<event::Track>();
  ASSERT_THAT(tracks, SizeIs(2));
  ASSERT_THAT(tracks[0].streams, SizeIs(1));
  EXPECT_EQ(tracks[0].streams, tracks[1].streams);
}

TEST(JsepTransceivers, LocalAnswerThatStopsReceivingMutes) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Audio, "m", {"s"}).ok());
  negotiate(a, b);
  b.events.clear();
  ASSERT_TRUE(b.pc.setDirection(b.pc.transceivers()[0], Direction::Inactive).ok());
  negotiate(a, b);
  EXPECT_THAT(b.all<event::TrackMuted>(), SizeIs(1));
  EXPECT_THAT(b.all<event::TrackRemoved>(), SizeIs(1));
  EXPECT_EQ(a.at(0).currentDirection, Direction::Inactive);
  EXPECT_EQ(a.at(0).direction, Direction::SendRecv);
}

TEST(JsepTransceivers, StopRejectsTheSectionOnBothSides) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Audio, "m", {"s"}).ok());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  negotiate(a, b);
  a.runTasks();
  const std::string track = b.at(0).receiver.track;
  const TransceiverId ofB = b.at(0).id;
  b.events.clear();
  const auto stopped = a.pc.stopTransceiver(a.pc.transceivers()[0]);
  ASSERT_TRUE(stopped.ok());
  EXPECT_THAT(*stopped, SizeIs(1));
  EXPECT_TRUE(a.at(0).stopping && !a.at(0).stopped);
  EXPECT_TRUE(a.runTasks());
  EXPECT_TRUE(a.pc.stopTransceiver(a.pc.transceivers()[0])->empty());
  EXPECT_EQ(errorOf(a.pc.setDirection(a.pc.transceivers()[0], Direction::SendRecv)),
            ErrorName::InvalidStateError);
  negotiate(a, b);
  EXPECT_THAT(a.pc.transceivers(), IsEmpty());
  EXPECT_THAT(b.pc.transceivers(), IsEmpty());
  EXPECT_TRUE(a.local().media[0].isRejected());
  EXPECT_EQ(a.local().media[0].direction, Direction::Inactive);
  EXPECT_THAT(a.local().groups, ElementsAre(Group{"BUNDLE", {"1"}}));
  EXPECT_THAT(b.all<event::TrackEnded>(), ElementsAre(event::TrackEnded{ofB, track}));
  EXPECT_FALSE(a.runTasks());
  // The transport lives on with the data section.
  EXPECT_TRUE(a.pc.dataTransport().has_value());
  EXPECT_EQ(a.pc.dataRole(), DtlsRole::Server);
}

TEST(JsepTransceivers, StoppedBeforeTheFirstOfferLeavesNoSection) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Video).ok());
  ASSERT_TRUE(a.pc.stopTransceiver(a.pc.transceivers()[0]).ok());
  negotiate(a, b);
  ASSERT_THAT(a.local().media, SizeIs(1));
  EXPECT_EQ(a.local().media[0].kind, MediaKind::Video);
  EXPECT_THAT(a.pc.transceivers(), SizeIs(1));
  EXPECT_FALSE(a.runTasks());
}

TEST(JsepTransceivers, RejectedSectionsAreRecycled) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Video).ok());
  negotiate(a, b);
  ASSERT_TRUE(a.pc.stopTransceiver(a.pc.transceivers()[0]).ok());
  negotiate(a, b);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Video).ok());
  negotiate(a, b);
  const SessionDescription d = a.local();
  ASSERT_THAT(d.media, SizeIs(2));
  EXPECT_EQ(d.media[0].kind, MediaKind::Video);
  EXPECT_EQ(d.media[0].mid, "2");
  EXPECT_FALSE(d.media[0].bundleOnly);
  EXPECT_THAT(d.groups[0].mids, ElementsAre("2", "1"));
  EXPECT_EQ(d.media[0].transport, d.media[1].transport);
  EXPECT_FALSE(b.local().media[0].isRejected());
  EXPECT_EQ(a.at(1).mid, "2");
  EXPECT_EQ(a.at(1).sender.transport, a.at(0).sender.transport);
  negotiate(b, a);
  EXPECT_EQ(a.pc.signalingState(), SignalingState::Stable);
}

TEST(JsepTransceivers, StoppingWhileAnsweringIsNoRejection) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Audio, "m", {}).ok());
  negotiate(a, b);
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  ASSERT_TRUE(b.pc.stopTransceiver(b.pc.transceivers()[0]).ok());
  ASSERT_TRUE(b.setLocal());
  EXPECT_FALSE(b.local().media[0].isRejected());
  EXPECT_EQ(b.local().media[0].direction, Direction::Inactive);
  EXPECT_TRUE(b.runTasks());  // now it offers to reject
}

TEST(JsepTransceivers, OfferToReceiveIsTheOldWay) {
  OfferOptions receive;
  receive.offerToReceiveAudio = true;
  OfferOptions refuse;
  refuse.offerToReceiveAudio = false;
  Side a(1);
  ASSERT_TRUE(a.pc.createOffer(refuse).ok());
  EXPECT_THAT(a.pc.transceivers(), IsEmpty());
  ASSERT_TRUE(a.pc.createOffer(receive).ok());
  ASSERT_TRUE(a.pc.createOffer(receive).ok());
  ASSERT_THAT(a.pc.transceivers(), SizeIs(1));
  EXPECT_EQ(a.at(0).direction, Direction::RecvOnly);
  EXPECT_FALSE(a.pc.takeNegotiationCheck());
  ASSERT_TRUE(a.pc.createOffer(refuse).ok());
  EXPECT_EQ(a.at(0).direction, Direction::Inactive);
  Side b(2);
  ASSERT_TRUE(b.pc.addTrack(MediaKind::Audio, "m", {}).ok());
  ASSERT_TRUE(b.pc.createOffer(refuse).ok());
  EXPECT_EQ(b.at(0).direction, Direction::SendOnly);
}

TEST(JsepTransceivers, ReorderedSectionsAreRefused) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Video).ok());
  negotiate(a, b);
  ASSERT_TRUE(a.setLocal());
  SessionDescription d = a.local();
  std::swap(d.media[0], d.media[1]);
  EXPECT_FALSE(b.setRemote(SdpType::Offer, write(d)));
  EXPECT_EQ(b.lastError->name, ErrorName::InvalidAccessError);
}

}  // namespace
}  // namespace parley::sdp::jsep
