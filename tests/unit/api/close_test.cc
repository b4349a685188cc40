// Closing and destroying, from anywhere and at any time. Run under ThreadSanitizer these are what
// says that no callback comes too late and nothing waits for itself.
#include <mutex>
#include <thread>

#include "pair.h"

namespace parley::test {
namespace {

// The handles that a callback ends; it may come while this thread still negotiates.
struct Owned {
  std::mutex mutex;
  PeerConnection a, b;
  void end(bool destroy) {
    PeerConnection x, y;
    {
      const std::lock_guard lock(mutex);
      x = a;
      y = b;
      if (destroy) a = b = {};
    }
    if (destroy) return;  // x and y are the last ones, unless the negotiation still holds its own
    x.close();
    y.close();
  }
};

TEST(CloseTest, FromWithinEachKindOfCallbackATime) {
  enum { kCandidate, kState, kChannel, kOpen, kMessage, kLow, kKinds };
  for (int round = 0; round < 60; ++round) {
    const int kind = round % kKinds;
    const bool destroy = (round / kKinds) % 2 == 0;
    Gate ended;
    Owned owned;
    const auto end = [&] {
      owned.end(destroy);
      ended.up();
    };
    DataChannel channel;
    {
      Pair pair;
      owned.a = pair.a;
      owned.b = pair.b;
      if (kind == kCandidate) {
        pair.a.onicecandidate([&](const IceCandidate&) { end(); });
        pair.b.onicecandidate(nullptr);  // would use the pair's handle, which goes before it
      } else {
        pair.a.onicecandidate([b = &owned](const IceCandidate& c) {
          const std::lock_guard lock(b->mutex);
          static_cast<void>(b->b.addIceCandidate(c));
        });
        pair.b.onicecandidate([b = &owned](const IceCandidate& c) {
          const std::lock_guard lock(b->mutex);
          static_cast<void>(b->a.addIceCandidate(c));
        });
      }
      if (kind == kState)
        pair.a.onconnectionstatechange([&](PeerConnectionState s) {
          if (s == PeerConnectionState::Connected) end();
        });
      pair.b.ondatachannel([&, kind](DataChannel announced) {
        if (kind == kChannel) return end();
        announced.onmessage([&, kind](const Message&) {
          if (kind == kMessage) end();
        });
      });
      channel = pair.a.createDataChannel("x").value();
      channel.onopen([&, kind, channel]() mutable {
        if (kind == kOpen) return end();
        channel.onbufferedamountlow([&, kind] {
          if (kind == kLow) end();
        });
        channel.send("x").ignore();
      });
      try {
        pair.negotiate();
      } catch (const RtcException&) {
        // Ended meanwhile.
      }
      pair.letGo();
    }
    ASSERT_TRUE(ended.wait()) << kind;
    owned.end(true);
    EXPECT_EQ(channel.readyState(), DataChannelState::Closed);
  }
}

TEST(CloseTest, AThousandTimesAtAnyMomentFromAnotherThread) {
  // A callback that comes after its handle is gone would touch `alive` after its end.
  for (int round = 0; round < 1000; ++round) {
    auto alive = std::make_unique<int>(0);
    {
      auto pc = PeerConnection::create(loopback()).value();
      pc.onicecandidate([&](const IceCandidate&) { ++*alive; });
      pc.onicegatheringstatechange([&](IceGatheringState) { ++*alive; });
      pc.onsignalingstatechange([&](SignalingState) { ++*alive; });
      static_cast<void>(pc.createDataChannel("x").value());
      pc.setLocalDescription().value();
      for (int spin = 0; spin < (round % 50) * 20; ++spin)
        std::this_thread::yield();
    }
    alive.reset();
  }
}

TEST(CloseTest, ConnectedOnesThatEndEachOtherAtTheSameTime) {
  for (int round = 0; round < 30; ++round) {
    Gate ended;  // lives longer than the callbacks that use it
    Pair pair;
    pair.takeB = [&](DataChannel channel) {
      channel.onmessage([&](const Message&) {
        pair.a.close();
        ended.up();
      });
    };
    pair.open();
    pair.onA.onmessage([&](const Message&) {
      pair.b.close();
      ended.up();
    });
    pair.onB.send("x").ignore();
    pair.onA.send("x").ignore();
    ASSERT_TRUE(ended.wait());
  }
}

TEST(CloseTest, CompletesWhatWaits) {
  Pair pair;
  pair.open();
  pair.onA.setBufferedAmountLimit(1);
  // The first fills the buffer; the other waits until the connection ends.
  std::vector<Async<SendResult>> waiting;
  for (int i = 0; i < 50; ++i)
    waiting.push_back(pair.onA.sendAsync(std::string(1'000'000, 'x')));
  pair.a.close();
  for (auto& w : waiting) {
    const auto result = w.get();
    ASSERT_TRUE(result);
    EXPECT_TRUE((*result).ok() || (*result).status() == SendStatus::NotOpen);
  }
  EXPECT_EQ(pair.onA.sendAsync("x").get().value().status(), SendStatus::NotOpen);
}

TEST(CloseTest, HandlesOfNothingBehaveLikeClosedOnes) {
  PeerConnection none;
  EXPECT_EQ(none.signalingState(), SignalingState::Closed);
  EXPECT_EQ(none.connectionState(), PeerConnectionState::Closed);
  EXPECT_EQ(none.createOffer().error().name, ErrorName::InvalidStateError);
  EXPECT_FALSE(none.localDescription());
  none.close();
  DataChannel channel;
  EXPECT_EQ(channel.readyState(), DataChannelState::Closed);
  EXPECT_EQ(channel.send("x").status(), SendStatus::NotOpen);
  channel.close();
}

TEST(CloseTest, TheLastHandleEndsIt) {
  Pair pair;
  Gate closed;
  pair.takeB = [&](DataChannel channel) { channel.onclose([&] { closed.up(); }); };
  pair.open();
  PeerConnection copy = pair.a;
  pair.a = {};
  EXPECT_EQ(copy.connectionState(), PeerConnectionState::Connected);
  EXPECT_EQ(pair.onA.readyState(), DataChannelState::Open);
  copy = {};
  EXPECT_EQ(pair.onA.readyState(), DataChannelState::Closed);
  ASSERT_TRUE(closed.wait());
}

}  // namespace
}  // namespace parley::test
