// webrtc-pc section 4.7.3: when negotiationneeded fires, and when it does not.
#include "jsep_testing.h"

namespace parley::sdp::jsep {
namespace {

TEST(JsepNeeded, FirstDataChannelFiresOnce) {
  Side a(1);
  EXPECT_FALSE(a.runTasks());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  EXPECT_TRUE(a.runTasks());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  EXPECT_FALSE(a.runTasks());
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  EXPECT_FALSE(a.runTasks());  // it has fired, and nothing has been negotiated
}

TEST(JsepNeeded, FiresOnlyInStable) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.setLocal());
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  EXPECT_FALSE(a.runTasks());
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  ASSERT_TRUE(b.setLocal());
  ASSERT_TRUE(a.setRemote(b.pc.localDescription()));
  EXPECT_TRUE(a.runTasks());
}

TEST(JsepNeeded, NegotiatedIsQuiet) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  ASSERT_TRUE(a.pc.addTrack(MediaKind::Audio, "t", {"s"}).ok());
  EXPECT_TRUE(a.runTasks());
  negotiate(a, b);
  EXPECT_FALSE(a.runTasks());
  EXPECT_FALSE(b.runTasks());
  ASSERT_TRUE(b.pc.createDataChannel().ok());
  EXPECT_FALSE(b.runTasks());  // there is a section for data
}

TEST(JsepNeeded, WhatChangesATransceiver) {
  Side a(1);
  Side b(2);
  const auto id = a.pc.addTransceiver(MediaKind::Audio);
  negotiate(a, b);
  EXPECT_FALSE(a.runTasks());
  ASSERT_TRUE(a.pc.setDirection(*id, Direction::SendRecv).ok());
  EXPECT_FALSE(a.pc.takeNegotiationCheck());  // as it was
  ASSERT_TRUE(a.pc.setDirection(*id, Direction::Inactive).ok());
  EXPECT_TRUE(a.runTasks());
  ASSERT_TRUE(a.pc.setDirection(*id, Direction::SendRecv).ok());
  EXPECT_FALSE(a.runTasks());  // back to what was negotiated: the flag is cleared
  ASSERT_TRUE(a.pc.setDirection(*id, Direction::Inactive).ok());
  EXPECT_TRUE(a.runTasks());
  negotiate(a, b);
  EXPECT_FALSE(a.runTasks());
  ASSERT_TRUE(a.pc.setStreams(*id, {"s"}).ok());
  EXPECT_FALSE(a.runTasks());  // nothing is sent
  ASSERT_TRUE(a.pc.setSenderTrack(*id, "track").ok());
  EXPECT_FALSE(a.runTasks());
  ASSERT_TRUE(a.pc.stopTransceiver(*id).ok());
  EXPECT_TRUE(a.runTasks());
}

TEST(JsepNeeded, AnswererThatCouldNotSendWantsTo) {
  Side a(1);
  Side b(2);
  TransceiverInit init;
  init.direction = Direction::SendOnly;
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio, "t", init).ok());
  negotiate(a, b);
  EXPECT_FALSE(b.runTasks());
  ASSERT_TRUE(b.pc.setDirection(b.pc.transceivers()[0], Direction::SendRecv).ok());
  EXPECT_TRUE(b.runTasks());
  negotiate(b, a);
  EXPECT_FALSE(b.runTasks());  // a does not receive, and that is its answer
}

TEST(JsepNeeded, RestartIce) {
  Side a(1);
  Side b(2);
  a.pc.restartIce();
  EXPECT_FALSE(a.runTasks());  // there is nothing to restart
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  negotiate(a, b);
  a.runTasks();
  a.pc.restartIce();
  EXPECT_TRUE(a.runTasks());
  // An exchange that the other side offers without a restart does not do it.
  negotiate(b, a);
  EXPECT_TRUE(a.runTasks());
  negotiate(a, b);
  EXPECT_FALSE(a.runTasks());
}

TEST(JsepNeeded, RestartInHaveLocalOffer) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  negotiate(a, b);
  a.runTasks();
  ASSERT_TRUE(a.setLocal());
  const auto offered = a.local().media[0].transport.ufrag;
  a.pc.restartIce();
  ASSERT_TRUE(b.setRemote(a.pc.localDescription()));
  ASSERT_TRUE(b.setLocal());
  ASSERT_TRUE(a.setRemote(b.pc.localDescription()));
  EXPECT_TRUE(a.runTasks());
  negotiate(a, b);
  EXPECT_NE(a.local().media[0].transport.ufrag, offered);
  EXPECT_FALSE(a.runTasks());
}

TEST(JsepNeeded, ExplicitIceRestartInAnOffer) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  negotiate(a, b);
  const auto before = a.local().media[0].transport.ufrag;
  OfferOptions options;
  options.iceRestart = true;
  const std::string offer = a.pc.createOffer(options)->sdp;
  EXPECT_EQ(offer.find(*before), std::string::npos);
  ASSERT_TRUE(a.setLocal());  // the created one still holds
  EXPECT_EQ(a.pc.localDescription()->sdp, offer);
}

}  // namespace
}  // namespace parley::sdp::jsep
