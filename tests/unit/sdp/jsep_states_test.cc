// Which description is taken in which state, and the error where it is not: the behaviour that
// web-platform-tests ask for in RTCPeerConnection-set{Local,Remote}Description-*.
#include "jsep_testing.h"

namespace parley::sdp::jsep {
namespace {

using testing::ElementsAre;

constexpr SignalingState kStates[] = {
    SignalingState::Stable,
    SignalingState::HaveLocalOffer,
    SignalingState::HaveRemoteOffer,
    SignalingState::HaveLocalPranswer,
    SignalingState::HaveRemotePranswer,
    SignalingState::Closed,
};

// Both in the state asked for; `other` can give what the transition needs.
struct World {
  explicit World(SignalingState state) {
    EXPECT_TRUE(side.pc.createDataChannel().ok());
    EXPECT_TRUE(other.pc.createDataChannel().ok());
    switch (state) {
      case SignalingState::Stable:
        break;
      case SignalingState::HaveLocalPranswer:
      case SignalingState::HaveRemoteOffer:
        EXPECT_TRUE(other.setLocal());
        EXPECT_TRUE(side.setRemote(other.pc.localDescription()));
        if (state == SignalingState::HaveLocalPranswer) {
          EXPECT_TRUE(side.setLocal(SdpType::Pranswer));
        }
        break;
      case SignalingState::HaveRemotePranswer:
      case SignalingState::HaveLocalOffer:
        EXPECT_TRUE(side.setLocal());
        if (state == SignalingState::HaveRemotePranswer) {
          EXPECT_TRUE(other.setRemote(side.pc.localDescription()));
          answer = other.pc.createAnswer()->sdp;
          EXPECT_TRUE(side.setRemote(SdpType::Pranswer, answer));
        }
        break;
      case SignalingState::Closed:
        side.pc.close();
        break;
    }
    if (state == SignalingState::HaveLocalOffer) {
      EXPECT_TRUE(other.setRemote(side.pc.localDescription()));
      answer = other.pc.createAnswer()->sdp;
    }
    EXPECT_EQ(side.pc.signalingState(), state);
  }
  std::string offerOfOther() {
    Side third(9);
    EXPECT_TRUE(third.pc.createDataChannel().ok());
    return third.pc.createOffer()->sdp;
  }
  Side side{1};
  Side other{2};
  std::string answer;
};

TEST(JsepStates, RemoteOffer) {
  for (const SignalingState state : kStates) {
    World w(state);
    const bool taken = w.side.setRemote(SdpType::Offer, w.offerOfOther());
    // have-local-offer by the implicit rollback.
    const bool expected = state == SignalingState::Stable ||
                          state == SignalingState::HaveLocalOffer ||
                          state == SignalingState::HaveRemoteOffer;
    EXPECT_EQ(taken, expected) << name(state);
    if (!taken) {
      EXPECT_EQ(w.side.lastError->name, ErrorName::InvalidStateError);
      EXPECT_EQ(w.side.pc.signalingState(), state);
    } else {
      EXPECT_EQ(w.side.pc.signalingState(), SignalingState::HaveRemoteOffer);
    }
  }
}

TEST(JsepStates, RemoteAnswerAndPranswer) {
  for (const SdpType type : {SdpType::Answer, SdpType::Pranswer}) {
    for (const SignalingState state : kStates) {
      World w(state);
      if (w.answer.empty()) w.answer = w.offerOfOther();  // the state is asked before the text
      const bool expected =
          state == SignalingState::HaveLocalOffer || state == SignalingState::HaveRemotePranswer;
      EXPECT_EQ(w.side.setRemote(type, w.answer), expected) << name(type) << ' ' << name(state);
      if (!expected) {
        EXPECT_EQ(w.side.lastError->name, ErrorName::InvalidStateError);
      } else {
        EXPECT_EQ(w.side.pc.signalingState(), type == SdpType::Answer
                                                  ? SignalingState::Stable
                                                  : SignalingState::HaveRemotePranswer);
      }
    }
  }
}

TEST(JsepStates, CreateOffer) {
  for (const SignalingState state : kStates) {
    World w(state);
    const auto offer = w.side.pc.createOffer();
    const bool expected =
        state == SignalingState::Stable || state == SignalingState::HaveLocalOffer;
    ASSERT_EQ(offer.ok(), expected) << name(state);
    if (!expected) {
      EXPECT_EQ(offer.error().name, ErrorName::InvalidStateError);
    }
  }
}

TEST(JsepStates, CreateAnswer) {
  for (const SignalingState state : kStates) {
    World w(state);
    const auto answer = w.side.pc.createAnswer();
    const bool expected =
        state == SignalingState::HaveRemoteOffer || state == SignalingState::HaveLocalPranswer;
    ASSERT_EQ(answer.ok(), expected) << name(state);
    if (!expected) {
      EXPECT_EQ(answer.error().name, ErrorName::InvalidStateError);
    }
  }
}

TEST(JsepStates, LocalDescriptionOfEachType) {
  for (const SignalingState state : kStates) {
    const bool offers = state == SignalingState::Stable || state == SignalingState::HaveLocalOffer;
    const bool answers =
        state == SignalingState::HaveRemoteOffer || state == SignalingState::HaveLocalPranswer;
    for (const SdpType type : {SdpType::Offer, SdpType::Answer, SdpType::Pranswer}) {
      World w(state);
      const bool expected = type == SdpType::Offer ? offers : answers;
      EXPECT_EQ(w.side.setLocal(type), expected) << name(type) << ' ' << name(state);
      if (!expected) {
        EXPECT_EQ(w.side.lastError->name, ErrorName::InvalidStateError);
      }
    }
    World w(state);
    EXPECT_EQ(w.side.setLocal(), offers || answers) << name(state);
    if (offers) {
      EXPECT_EQ(w.side.pc.signalingState(), SignalingState::HaveLocalOffer);
    } else if (answers) {
      EXPECT_EQ(w.side.pc.signalingState(), SignalingState::Stable);
    } else {
      EXPECT_EQ(w.side.lastError->name, ErrorName::InvalidStateError);
    }
  }
}

TEST(JsepStates, RollbackOfEitherSide) {
  for (const SignalingState state : kStates) {
    const bool expected =
        state == SignalingState::HaveLocalOffer || state == SignalingState::HaveRemoteOffer;
    for (const bool remote : {false, true}) {
      World w(state);
      const std::string_view text = "!<Invalid SDP Content>;";  // is not looked at
      EXPECT_EQ(remote ? w.side.setRemote(SdpType::Rollback, text)
                       : w.side.setLocal(SdpType::Rollback, text),
                expected)
          << name(state);
      if (!expected) {
        EXPECT_EQ(w.side.lastError->name, ErrorName::InvalidStateError);
      } else {
        EXPECT_EQ(w.side.pc.signalingState(), SignalingState::Stable);
        EXPECT_FALSE(w.side.pc.localDescription().has_value());
        EXPECT_FALSE(w.side.pc.remoteDescription().has_value());
      }
    }
  }
}

TEST(JsepStates, ChangedLocalDescriptionIsAModification) {
  Side a(1);
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  const std::string offer = a.pc.createOffer()->sdp;
  EXPECT_FALSE(a.setLocal(SdpType::Offer, offer + "a=x\r\n"));
  EXPECT_EQ(a.lastError->name, ErrorName::InvalidModificationError);
  EXPECT_FALSE(a.setLocal(SdpType::Answer, offer));
  EXPECT_EQ(a.lastError->name, ErrorName::InvalidModificationError);
  EXPECT_EQ(a.pc.signalingState(), SignalingState::Stable);
  // Only the last one created counts.
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  const std::string newer = a.pc.createOffer()->sdp;
  ASSERT_NE(offer, newer);
  EXPECT_FALSE(a.setLocal(SdpType::Offer, offer));
  EXPECT_EQ(a.lastError->name, ErrorName::InvalidModificationError);
  EXPECT_TRUE(a.setLocal(SdpType::Offer, newer));
  EXPECT_EQ(a.pc.localDescription()->sdp, newer);
}

TEST(JsepStates, ImplicitLocalDescriptionUsesWhatWasCreatedIfItStillHolds) {
  Side a(1);
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  const std::string offer = a.pc.createOffer()->sdp;
  ASSERT_TRUE(a.setLocal());
  EXPECT_EQ(a.pc.localDescription()->sdp, offer);
  ASSERT_TRUE(a.setLocal(SdpType::Rollback));

  const std::string stale = a.pc.createOffer()->sdp;
  ASSERT_TRUE(a.pc.addTransceiver(MediaKind::Audio).ok());
  ASSERT_TRUE(a.setLocal());
  EXPECT_NE(a.pc.localDescription()->sdp, stale);
  EXPECT_EQ(a.local().media.size(), 2u);
}

TEST(JsepStates, DescriptionsMoveFromPendingToCurrent) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(a.pc.createDataChannel().ok());
  ASSERT_TRUE(a.setLocal());
  const std::string offer = a.pc.localDescription()->sdp;
  EXPECT_EQ(a.pc.pendingLocalDescription()->sdp, offer);
  EXPECT_FALSE(a.pc.currentLocalDescription().has_value());
  ASSERT_TRUE(b.setRemote(SdpType::Offer, offer));
  EXPECT_EQ(b.pc.pendingRemoteDescription()->sdp, offer);
  EXPECT_FALSE(b.pc.currentRemoteDescription().has_value());

  ASSERT_TRUE(b.setLocal(SdpType::Pranswer));
  EXPECT_EQ(b.pc.pendingLocalDescription()->type, SdpType::Pranswer);
  EXPECT_EQ(b.pc.pendingRemoteDescription()->sdp, offer);
  EXPECT_FALSE(b.pc.currentLocalDescription().has_value());
  const std::string answer = b.pc.localDescription()->sdp;
  ASSERT_TRUE(a.setRemote(SdpType::Pranswer, answer));
  EXPECT_EQ(a.pc.pendingRemoteDescription()->type, SdpType::Pranswer);
  EXPECT_EQ(a.pc.pendingLocalDescription()->sdp, offer);

  ASSERT_TRUE(b.setLocal(SdpType::Answer));
  EXPECT_FALSE(b.pc.pendingLocalDescription().has_value());
  EXPECT_FALSE(b.pc.pendingRemoteDescription().has_value());
  EXPECT_EQ(b.pc.currentRemoteDescription()->sdp, offer);
  EXPECT_EQ(b.pc.currentLocalDescription()->sdp, answer);  // credentials and all
  ASSERT_TRUE(a.setRemote(SdpType::Answer, answer));
  EXPECT_EQ(a.pc.currentLocalDescription()->sdp, offer);
  EXPECT_EQ(a.pc.currentRemoteDescription()->sdp, answer);
  EXPECT_FALSE(a.pc.pendingLocalDescription().has_value());
  EXPECT_THAT(a.states(), ElementsAre(SignalingState::HaveLocalOffer,
                                      SignalingState::HaveRemotePranswer, SignalingState::Stable));
}

TEST(JsepStates, BrokenTextIsASyntaxErrorWithItsLine) {
  Side a(1);
  EXPECT_FALSE(a.setRemote(SdpType::Offer, "Invalid SDP"));
  EXPECT_EQ(a.lastError->name, ErrorName::SdpSyntaxError);
  EXPECT_EQ(a.lastError->sdpLineNumber, 1u);
  EXPECT_EQ(name(a.lastError->name), "OperationError");
  EXPECT_FALSE(a.setRemote(SdpType::Offer, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nm=audio\r\n"));
  EXPECT_EQ(a.lastError->sdpLineNumber, 4u);
  EXPECT_EQ(a.pc.signalingState(), SignalingState::Stable);
}

TEST(JsepStates, ImplicitRollbackFiresTwice) {
  World w(SignalingState::HaveLocalOffer);
  w.side.events.clear();
  EXPECT_TRUE(w.side.pc.needsImplicitRollback(SdpType::Offer));
  ASSERT_TRUE(w.side.setRemote(SdpType::Offer, w.offerOfOther()));
  EXPECT_THAT(w.side.states(),
              ElementsAre(SignalingState::Stable, SignalingState::HaveRemoteOffer));
  EXPECT_FALSE(w.side.pc.pendingLocalDescription().has_value());
  EXPECT_FALSE(w.side.pc.needsImplicitRollback(SdpType::Offer));
}

TEST(JsepStates, RepeatedOffersFireOnce) {
  Side b(2);
  World w(SignalingState::Stable);
  const std::string offer = w.offerOfOther();
  ASSERT_TRUE(b.setRemote(SdpType::Offer, offer));
  ASSERT_TRUE(b.setRemote(SdpType::Offer, offer));
  EXPECT_THAT(b.states(), ElementsAre(SignalingState::HaveRemoteOffer));
}

TEST(JsepStates, EmptyOfferIsAnOffer) {
  Side a(1);
  Side b(2);
  negotiate(a, b);
  EXPECT_TRUE(a.local().media.empty());
  EXPECT_TRUE(a.local().groups.empty());
  EXPECT_EQ(a.pc.signalingState(), SignalingState::Stable);
}

TEST(JsepStates, ClosedRefusesAll) {
  Side a(1);
  const auto id = a.pc.addTransceiver(MediaKind::Audio);
  a.pc.close();
  EXPECT_EQ(a.pc.signalingState(), SignalingState::Closed);
  EXPECT_EQ(errorOf(a.pc.createOffer()), ErrorName::InvalidStateError);
  EXPECT_EQ(errorOf(a.pc.createAnswer()), ErrorName::InvalidStateError);
  EXPECT_EQ(errorOf(a.pc.setLocalDescription()), ErrorName::InvalidStateError);
  EXPECT_EQ(errorOf(a.pc.setRemoteDescription(SdpType::Offer, "")), ErrorName::InvalidStateError);
  EXPECT_EQ(errorOf(a.pc.addIceCandidate({})), ErrorName::InvalidStateError);
  EXPECT_EQ(errorOf(a.pc.addTransceiver(MediaKind::Audio)), ErrorName::InvalidStateError);
  EXPECT_EQ(errorOf(a.pc.addTrack(MediaKind::Audio, "t", {})), ErrorName::InvalidStateError);
  EXPECT_EQ(errorOf(a.pc.removeTrack(*id)), ErrorName::InvalidStateError);
  EXPECT_EQ(errorOf(a.pc.stopTransceiver(*id)), ErrorName::InvalidStateError);
  EXPECT_EQ(errorOf(a.pc.createDataChannel()), ErrorName::InvalidStateError);
  EXPECT_TRUE(a.at(0).stopped);
  EXPECT_FALSE(a.runTasks());
}

}  // namespace
}  // namespace parley::sdp::jsep
