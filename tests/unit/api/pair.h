// Two connections in one process over 127.0.0.1, signalled by direct calls, and a gate to wait at.
// The waits are there so that a test that fails ends; nothing is asserted of time.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "parley/peer_connection.h"

namespace parley::test {

inline constexpr std::chrono::seconds kPatience{60};

class Gate {
 public:
  void up() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool wait(int count = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return count_ >= count; });
  }
  int count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

// What happened, in its order.
class Record {
 public:
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    all_.push_back(std::move(what));
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

inline Configuration loopback() {
  Configuration c;
  c.interfaces = {"127.0.0.1"};
  c.loopback = LoopbackMode::Always;
  return c;
}

struct Pair {
  explicit Pair(const Configuration& ca = loopback(), const Configuration& cb = loopback())
      : a(PeerConnection::create(ca).value()), b(PeerConnection::create(cb).value()) {
    a.onicecandidate([this](const IceCandidate& c) { static_cast<void>(b.addIceCandidate(c)); });
    b.onicecandidate([this](const IceCandidate& c) { static_cast<void>(a.addIceCandidate(c)); });
  }
  // Callbacks stop before what they refer to goes.
  ~Pair() {
    a.close();
    b.close();
  }

  // The connections go on without us.
  void letGo() { a = b = {}; }
  // Each side knows the other's description before candidates can come from there.
  void negotiate(const OfferOptions& options = {}) {
    const SessionDescription offer = a.createOffer(options).value();
    b.setRemoteDescription(offer).value();
    a.setLocalDescription(offer).value();
    const SessionDescription answer = b.createAnswer().value();
    a.setRemoteDescription(answer).value();
    b.setLocalDescription(answer).value();
  }
  // A channel of a's that is open on both sides.
  void open(const DataChannelInit& init = {}, const std::string& label = "test") {
    Gate both;
    b.ondatachannel([this, &both](DataChannel channel) {
      onB = channel;
      if (takeB) takeB(channel);
      both.up();
    });
    onA = a.createDataChannel(label, init).value();
    onA.onopen([&both] { both.up(); });
    if (a.signalingState() == SignalingState::Stable && !a.currentLocalDescription()) negotiate();
    ASSERT_TRUE(both.wait(2));
  }

  PeerConnection a, b;
  DataChannel onA, onB;
  std::function<void(DataChannel)> takeB;
};

inline std::vector<std::byte> pattern(std::size_t size) {
  std::vector<std::byte> out(size);
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<std::byte>((i * 31 + (i >> 8)) & 0xFF);
  return out;
}

}  // namespace parley::test
