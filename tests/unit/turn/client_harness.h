// A client::Allocation that talks to the real server engine, or to a server whose every answer the
// test writes. Time is the test's; what is sent can be lost.
#pragma once

#include <functional>

#include "turn/client/allocation.h"
#include "turn_harness.h"

namespace parley::turn::test {

using client::Allocation;
using client::AllocationConfig;

// What both have in common: the client's drain, its events and its time.
class ClientSide {
 public:
  explicit ClientSide(AllocationConfig config, Transport transport = Transport::Udp,
                      std::string_view server = "192.0.2.1:3478")
      : path{LinkId{5}, transport, addr("198.51.100.7:4000"), addr(server)},
        allocation(path, std::move(config), random) {}

  // What it wants to send now.
  std::vector<Octets> drainClient() {
    std::vector<Octets> out;
    std::vector<std::uint8_t> arena(64 * 1024);
    std::vector<Transmit> items(16);
    TransmitBatch batch(arena, items);
    drain(
        allocation, batch, now,
        [&](const TransmitBatch& b) {
          for (const Transmit& t : b.trains()) {
            EXPECT_EQ(t.path, path);
            const Train train(t.path, b.bytes(t), t.segmentSize);
            for (std::size_t i = 0; i < train.size(); ++i)
              out.emplace_back(train[i].begin(), train[i].end());
          }
        },
        [&](const Allocation::Event& e) { events.push_back(e); });
    return out;
  }
  void receive(Octets bytes) { allocation.handleDatagrams(Train(path, bytes), now); }

  template <class E>
  std::vector<E> all() const {
    std::vector<E> out;
    for (const Allocation::Event& e : events)
      if (const E* one = std::get_if<E>(&e)) out.push_back(*one);
    return out;
  }
  template <class E>
  bool has() const {
    return !all<E>().empty();
  }
  // The only one of its kind.
  template <class E>
  E only() const {
    const auto found = all<E>();
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? E{} : found.front();
  }

  Path path;
  SeededRandom random{7};
  Time now{std::chrono::hours{100}};
  Allocation allocation;
  std::vector<Allocation::Event> events;
};

// With the real server.
class RealServer : public ClientSide {
 public:
  explicit RealServer(AllocationConfig config = {.username = "alice", .password = "secret"},
                      Config server = defaultConfig(), Transport transport = Transport::Udp)
      : ClientSide(std::move(config), transport), harness(std::move(server)) {
    atServer = {LinkId{transport == Transport::Udp ? 1u : 77u}, transport, path.remote, path.local};
    harness.now = now;
  }

  // Until nobody has anything to say. `loses` is asked for each message of either side.
  void exchange() {
    for (int i = 0; i < 50; ++i) {
      const auto out = drainClient();
      for (const Octets& o : out) {
        ++sent;
        if (!loses || !loses(o)) harness.deliver(atServer, o);
      }
      bool answered = false;
      for (const Sent& s : harness.takeSent()) {
        if (s.path != atServer) {
          toPeers.push_back(s);
          continue;
        }
        answered = true;
        if (!loses || !loses(s.bytes)) take(s.bytes);
      }
      if (out.empty() && !answered) return;
    }
    FAIL() << "they never stop talking";
  }
  void advance(Duration by) {
    const Time until = now + by;
    while (true) {
      const Time next = std::min(allocation.nextTimeout(), harness.server->nextTimeout());
      if (next > until) break;
      now = harness.now = std::max(now, next);
      harness.server->handleTimeout(now);
      harness.drainAll();
      allocation.handleTimeout(now);
      exchange();
    }
    now = harness.now = until;
  }
  void start() {
    allocation.start(now);
    exchange();
  }
  // A packet of the application's, as the owner of an allocation sends it.
  std::size_t send(const Address& peer, std::string_view payload) {
    Octets room(allocation.headroom(peer) + payload.size() + client::kTailroom, 0xEE);
    std::copy(payload.begin(), payload.end(),
              room.begin() + static_cast<std::ptrdiff_t>(allocation.headroom(peer)));
    const std::size_t n = allocation.finish(room, payload.size(), peer);
    room.resize(n);
    if (n != 0) harness.deliver(atServer, room);
    exchange();
    return n;
  }
  // From a peer to the relayed address.
  void sendFromPeer(const char* peer, std::string_view payload) {
    harness.deliver(harness.peerPath(allocation.relayed(), addr(peer)), octets(payload));
    exchange();
  }

  Harness harness;
  Path atServer;
  std::function<bool(const Octets&)> loses;
  std::size_t sent = 0;
  std::vector<Sent> toPeers;
  std::vector<std::pair<Address, std::string>> heard;

 private:
  void take(Octets bytes) {
    if (const auto data = allocation.unwrap(bytes)) {
      heard.emplace_back(data->peer, std::string(asText(data->payload)));
      return;
    }
    receive(std::move(bytes));
  }
};

// A server whose answers the test writes.
class ScriptedServer : public ClientSide {
 public:
  using Fill = std::function<void(stun::MessageWriter&)>;
  explicit ScriptedServer(AllocationConfig config = {.username = "alice", .password = "secret"},
                          Transport transport = Transport::Udp)
      : ClientSide(std::move(config), transport) {
    allocation.start(now);
  }

  // The one request that it sends now.
  stun::Message request() {
    auto out = drainClient();
    EXPECT_EQ(out.size(), 1u);
    if (!out.empty()) last = out.front();
    return *stun::Message::parse(last);
  }
  void answer(stun::Class c, const Fill& fill, crypto::HmacKey* key = nullptr) {
    const auto to = *stun::Message::parse(last);
    Octets out(2048);
    stun::MessageWriter w(out, to.method(), c, to.transactionId());
    fill(w);
    if (key != nullptr) w.integrity(*key);
    out.resize(w.finish());
    receive(out);
  }
  void error(std::uint16_t code, const Fill& more = {}, crypto::HmacKey* key = nullptr) {
    answer(
        stun::Class::Error,
        [&](stun::MessageWriter& w) {
          w.errorCode(code, stun::reasonPhrase(code));
          if (more) more(w);
        },
        key);
  }
  void challenge(std::uint16_t code, std::string_view nonce, ConstBytes algorithms = {},
                 std::string_view realm = "example.org") {
    error(code, [&](stun::MessageWriter& w) {
      w.text(stun::attr::kRealm, realm);
      w.text(stun::attr::kNonce, nonce);
      if (!algorithms.empty()) w.attribute(stun::attr::kPasswordAlgorithms, algorithms);
    });
  }
  void success(const char* relayed = "192.0.2.1:50000", std::uint32_t lifetime = 600,
               crypto::HmacKey* key = nullptr) {
    answer(
        stun::Class::Success,
        [&](stun::MessageWriter& w) {
          w.xorAddress(stun::attr::kXorRelayedAddress, addr(relayed));
          w.xorAddress(stun::attr::kXorMappedAddress, addr("198.51.100.7:4000"));
          w.u32(stun::attr::kLifetime, lifetime);
        },
        key);
  }
  static crypto::HmacKey key(stun::PasswordAlgorithm a, crypto::HmacAlgorithm h,
                             std::string_view password = "secret") {
    return {h, stun::LongTermKey(a, "alice", "example.org", password).bytes()};
  }
  static crypto::HmacKey md5(std::string_view password = "secret") {
    return key(stun::PasswordAlgorithm::Md5, crypto::HmacAlgorithm::Sha1, password);
  }
  void runOut() {
    while (allocation.nextTimeout() != kNever && !has<client::Failed>()) {
      now = allocation.nextTimeout();
      allocation.handleTimeout(now);
      sends += drainClient().size();
    }
  }

  Octets last;
  std::size_t sends = 0;
};

}  // namespace parley::turn::test
