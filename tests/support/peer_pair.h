// Two Peers joined in memory, in virtual time: trains written by one are read by the other a step
// later. For tests and benchmarks; no network model (sim/ has one).
#pragma once

#include <array>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "crypto/identity.h"
#include "dtls/context.h"
#include "peer/peer.h"

namespace parley::test {

inline const crypto::Identity& sharedIdentity() {
  static const crypto::Identity identity =
      crypto::Identity::generate(crypto::KeyKind::EcdsaP256, wallTimeFromUnixSeconds(1'700'000'000),
                                 wallTimeFromUnixSeconds(4'000'000'000))
          .value();
  return identity;
}
inline dtls::Context& sharedContext() {
  static dtls::Context context;
  return context;
}

// One end, its arena, and what it was told.
class PeerEnd {
 public:
  PeerEnd(const peer::PeerConfig& config, std::uint8_t number, RandomSource& random, Time now)
      : self_(IpAddress::v4(192, 0, 2, number), 5000),
        peer(config, sharedIdentity(), sharedContext(), random, now) {
    peer.addLink(LinkId{number}, self_, peer::InterfaceKind::Ethernet, now);
    peer.endOfLinks(now);
  }

  struct InFlight {
    std::vector<std::uint8_t> bytes;
    std::size_t used = 0;
    std::vector<Transmit> trains;
  };

  // Everything that is due goes into `out`; events are taken.
  void drainInto(InFlight& out, Time now) {
    TransmitBatch batch{arena(), items_};
    drain(
        peer, batch, now,
        [&](const TransmitBatch& full) {
          for (const Transmit& t : full.trains()) {
            const Bytes bytes = full.bytes(t);
            if (out.used + bytes.size() > out.bytes.size()) continue;  // a full wire drops
            Transmit copy = t;
            copy.offset = static_cast<std::uint32_t>(out.used);
            std::memcpy(out.bytes.data() + out.used, bytes.data(), bytes.size());
            out.used += bytes.size();
            out.trains.push_back(copy);
            packets += t.segments;
          }
        },
        [&](peer::PeerEvent& event) { handle(event); });
  }
  void deliver(InFlight& in, InFlight& out, Time now) {
    for (const Transmit& t : in.trains) {
      const Path path{t.path.link, Transport::Udp, self_, t.path.local};
      Path mine = path;
      mine.link = LinkId{self_.ip().bytes()[3]};
      peer.handleDatagrams(Train{mine, Bytes(in.bytes).subspan(t.offset, t.length), t.segmentSize},
                           now);
      drainInto(out, now);
    }
    in.trains.clear();
    in.used = 0;
  }

  std::function<void(const peer::ChannelMessage&)> onMessage;
  std::function<void(peer::PeerEvent&)> onEvent;
  std::vector<std::string> candidates;
  std::vector<peer::ChannelId> opened;
  std::optional<peer::ChannelId> announced;
  std::vector<peer::ChannelId> closed;
  std::uint64_t packets = 0;
  std::uint64_t bytesHeard = 0;
  std::uint64_t messagesHeard = 0;

 private:
  static Bytes arena() {
    static std::vector<std::uint8_t> bytes(std::size_t{256} << 10);
    return bytes;
  }
  void handle(peer::PeerEvent& event) {
    if (const auto* m = std::get_if<peer::ChannelMessage>(&event)) {
      bytesHeard += m->data.size();
      ++messagesHeard;
      if (onMessage) onMessage(*m);
      return;
    }
    if (const auto* c = std::get_if<peer::LocalCandidate>(&event)) candidates.push_back(c->text);
    if (const auto* e = std::get_if<peer::ChannelOpened>(&event)) opened.push_back(e->channel);
    if (const auto* e = std::get_if<peer::ChannelAnnounced>(&event)) announced = e->channel;
    if (const auto* e = std::get_if<peer::ChannelClosed>(&event)) closed.push_back(e->channel);
    if (onEvent) onEvent(event);
  }

  Address self_;
  std::array<Transmit, 64> items_;

 public:
  peer::Peer peer;
};

class PeerPair {
 public:
  static constexpr Duration kStep = 100us;
  static constexpr std::size_t kWire = std::size_t{4} << 20;

  PeerPair(const peer::PeerConfig& config, RandomSource& random, Time start = Time{} + 1s)
      : now(start), a(config, 1, random, start), b(config, 2, random, start), config_(config) {
    for (PeerEnd::InFlight* wire : {&toA, &toB})
      wire->bytes.resize(kWire);
  }
  // Gives the memory of the wires back; for who keeps many idle ones.
  void dropWires() {
    for (PeerEnd::InFlight* wire : {&toA, &toB, &arrivingA_, &arrivingB_})
      *wire = {};
  }

  // Offer, answer and candidates, as signalling would bring them, and a channel "chat".
  void negotiate() {
    peer::ChannelInit init;
    init.label = "chat";
    chat = a.peer.createChannel(init, now).value();
    const peer::TransportId t = a.peer.transport();
    const peer::IceParameters ours = a.peer.makeIceParameters();
    const peer::IceParameters theirs = b.peer.makeIceParameters();
    a.peer.setLocal(t, ours, true, now);
    a.drainInto(toB, now);
    b.peer.setRemote(t, ours, now);
    b.peer.setLocal(t, theirs, false, now);
    accept(b, peer::DtlsRole::Client, a.candidates, ours.ufrag);
    b.drainInto(toA, now);
    a.peer.setRemote(t, theirs, now);
    accept(a, peer::DtlsRole::Server, b.candidates, theirs.ufrag);
    a.drainInto(toB, now);
  }
  bool isOpen() const { return !a.opened.empty() && !b.opened.empty(); }

  // What is on the wires arrives; timers that are due fire.
  void step() {
    now += kStep;
    std::swap(toA, arrivingA_);
    std::swap(toB, arrivingB_);
    for (PeerEnd::InFlight* wire : {&toA, &toB})
      if (wire->bytes.empty()) wire->bytes.resize(kWire);
    a.deliver(arrivingA_, toB, now);
    b.deliver(arrivingB_, toA, now);
    for (auto [end, wire] : {std::pair{&a, &toB}, std::pair{&b, &toA}}) {
      if (end->peer.nextTimeout() > now) continue;
      end->peer.handleTimeout(now);
      end->drainInto(*wire, now);
    }
  }
  // Nothing under way: jumps to the next timer.
  void skip() {
    if (toA.trains.empty() && toB.trains.empty()) {
      const Time next = std::min(a.peer.nextTimeout(), b.peer.nextTimeout());
      if (next != kNever && next > now + kStep) now = next - kStep;
    }
    step();
  }

  Time now;
  PeerEnd a;
  PeerEnd b;
  PeerEnd::InFlight toA;
  PeerEnd::InFlight toB;
  peer::ChannelId chat{};

 private:
  void accept(PeerEnd& end, peer::DtlsRole role, const std::vector<std::string>& candidates,
              const std::string& ufrag) {
    const peer::TransportId t = end.peer.transport();
    for (const std::string& c : candidates)
      PARLEY_CHECK(end.peer.addRemoteCandidate(t, c, ufrag, now).ok());
    PARLEY_CHECK(end.peer.startDtls(t, role, {end.peer.fingerprint()}, now).ok());
    end.peer.startData({5000, 5000, config_.maxMessageSize}, now);
  }

  peer::PeerConfig config_;
  PeerEnd::InFlight arrivingA_;
  PeerEnd::InFlight arrivingB_;
};

}  // namespace parley::test
