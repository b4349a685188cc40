#include "room/recovery.h"

#include <gtest/gtest.h>

namespace parley::room {
namespace {

using State = PeerConnectionState;
constexpr auto kNone = Recovery::Action::None;
constexpr auto kRestart = Recovery::Action::Restart;
constexpr Time kStart{100s};

TEST(RecoveryTest, NothingIsDueBeforeSomethingIsWrong) {
  Recovery recovery;
  for (const State state : {State::New, State::Connecting, State::Connected}) {
    recovery.handleState(state, kStart);
    EXPECT_EQ(recovery.nextTimeout(), kNever);
    EXPECT_EQ(recovery.handleTimeout(kStart + 1h), kNone);
  }
}

TEST(RecoveryTest, ADisconnectedOneMayHealByItself) {
  Recovery recovery;
  recovery.handleState(State::Disconnected, kStart);
  EXPECT_EQ(recovery.nextTimeout(), kStart + Recovery::kGrace);
  EXPECT_EQ(recovery.handleTimeout(kStart + Recovery::kGrace - 1ns), kNone);
  recovery.handleState(State::Connected, kStart + 1s);
  EXPECT_EQ(recovery.nextTimeout(), kNever);
  EXPECT_EQ(recovery.handleTimeout(kStart + Recovery::kGrace), kNone);

  recovery.handleState(State::Disconnected, kStart);
  EXPECT_EQ(recovery.handleTimeout(kStart + Recovery::kGrace), kRestart);
}

TEST(RecoveryTest, AFailedOneIsRestartedAtOnceAndThenLessAndLess) {
  Recovery recovery;
  recovery.handleState(State::Failed, kStart);
  EXPECT_EQ(recovery.handleTimeout(kStart), kRestart);
  for (const Duration wait : {1s, 2s, 4s, 8s, 15s, 30s, 30s, 30s}) {
    recovery.handleState(State::Connecting, kStart);
    recovery.handleState(State::Failed, kStart);
    EXPECT_EQ(recovery.nextTimeout(), kStart + wait);
    EXPECT_EQ(recovery.handleTimeout(kStart + wait - 1ns), kNone);
    EXPECT_EQ(recovery.handleTimeout(kStart + wait), kRestart);
  }
}

// An offer that nobody answers brings no state.
TEST(RecoveryTest, ARestartWithoutAnEffectIsRepeated) {
  Recovery recovery;
  recovery.handleState(State::Failed, kStart);
  Time now = kStart;
  for (const Duration wait : {2s, 4s, 8s, 15s, 30s, 30s, 30s}) {
    EXPECT_EQ(recovery.handleTimeout(now), kRestart);
    EXPECT_EQ(recovery.handleTimeout(now), kNone) << "once for each time";
    EXPECT_EQ(recovery.nextTimeout(), now + wait + Recovery::kPatience);
    now = recovery.nextTimeout();
  }
}

TEST(RecoveryTest, ConnectedForgetsTheAttempts) {
  Recovery recovery;
  recovery.handleState(State::Failed, kStart);
  EXPECT_EQ(recovery.handleTimeout(kStart), kRestart);
  recovery.handleState(State::Connected, kStart);
  EXPECT_EQ(recovery.nextTimeout(), kNever);
  recovery.handleState(State::Failed, kStart);
  EXPECT_EQ(recovery.nextTimeout(), kStart);
}

TEST(RecoveryTest, NothingIsDueAfterTheEnd) {
  Recovery recovery;
  recovery.handleState(State::Failed, kStart);
  recovery.handleState(State::Closed, kStart);
  EXPECT_EQ(recovery.nextTimeout(), kNever);

  recovery.handleState(State::Failed, kStart);
  EXPECT_EQ(recovery.handleTimeout(kStart), kRestart);
  recovery.reset();
  EXPECT_EQ(recovery.nextTimeout(), kNever);
  recovery.handleState(State::Failed, kStart);
  EXPECT_EQ(recovery.nextTimeout(), kStart);
}

}  // namespace
}  // namespace parley::room
