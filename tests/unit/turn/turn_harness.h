// A Server with everything a driver does, in memory: it binds relay sockets (or refuses to),
// collects what goes out by path, and keeps the events. And a client that speaks TURN to it.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "crypto/digest.h"
#include "stun/attributes.h"
#include "stun/long_term.h"
#include "stun/message.h"
#include "stun/message_writer.h"
#include "turn/server/server.h"

namespace parley::turn::test {

using Octets = std::vector<std::uint8_t>;

inline Octets octets(std::string_view text) {
  return {text.begin(), text.end()};
}
inline Address addr(std::string_view text) {
  return *Address::parse(text);
}
inline IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

struct Sent {
  Path path;
  Octets bytes;
  Ecn ecn = Ecn::NotEct;
};

// A server on 192.0.2.1 (and 2001:db8::1) with a user alice:secret.
inline Config defaultConfig() {
  Config config;
  config.realm = "example.org";
  config.credentials.users = {{"alice", "secret"}, {"bob", "hidden"}};
  config.relayAddresses = {{ip("192.0.2.1"), {}}, {ip("2001:db8::1"), {}}};
  config.peers.ownAddresses = {ip("192.0.2.1"), ip("2001:db8::1"), ip("192.0.2.99")};
  config.peers.listeners = {addr("192.0.2.1:3478"), addr("[2001:db8::1]:3478")};
  return config;
}

class Harness {
 public:
  explicit Harness(Config config = defaultConfig()) { restart(std::move(config)); }

  void restart(Config config) {
    server = std::make_unique<Server>(std::move(config), random);
    server->setWallTime(wallTimeFromUnixSeconds(1'800'000'000), now);
  }

  // All datagrams of one path, as one train when they are equally long.
  void deliver(const Path& path, Octets bytes, std::size_t segment = 0, Ecn ecn = Ecn::NotEct) {
    const std::size_t size = segment != 0 ? segment : std::max<std::size_t>(bytes.size(), 1);
    server->handleDatagrams(Train(path, bytes, size, ecn), now);
    drainAll();
  }

  void drainAll() {
    std::vector<std::uint8_t> arena(256 * 1024);
    std::vector<Transmit> items(64);
    TransmitBatch batch(arena, items);
    drain(
        *server, batch, now,
        [&](const TransmitBatch& b) {
          for (const Transmit& t : b.trains()) {
            const Bytes all = b.bytes(t);
            for (std::uint32_t i = 0; i < t.segments; ++i) {
              const std::size_t at = std::size_t{i} * t.segmentSize;
              const auto one =
                  all.subspan(at, std::min<std::size_t>(t.segmentSize, all.size() - at));
              sent.push_back({t.path, {one.begin(), one.end()}, t.ecn});
            }
          }
        },
        [&](const Server::Event& e) { onEvent(e); });
  }

  void advance(Duration by) {
    const Time until = now + by;
    while (server->nextTimeout() <= until) {
      now = std::max(now, server->nextTimeout());
      server->handleTimeout(now);
      drainAll();
    }
    now = until;
  }

  std::vector<Sent> takeSent() { return std::exchange(sent, {}); }
  // What went out by this link.
  std::vector<Sent> sentOn(LinkId link) const {
    std::vector<Sent> out;
    for (const Sent& s : sent) {
      if (s.path.link == link) out.push_back(s);
    }
    return out;
  }
  template <class E>
  std::vector<E> eventsOf() const {
    std::vector<E> out;
    for (const Server::Event& e : events) {
      if (const E* one = std::get_if<E>(&e)) out.push_back(*one);
    }
    return out;
  }
  LinkId linkOf(const Address& bound) const {
    for (const auto& [link, address] : sockets) {
      if (address == bound) return link;
    }
    return {};
  }
  // The path of a packet that arrives at a relay socket.
  Path peerPath(const Address& bound, const Address& from) const {
    return {linkOf(bound), Transport::Udp, bound, from};
  }
  std::uint64_t drops(DropCause cause) const {
    return server->counters().drops[static_cast<std::size_t>(cause)];
  }
  std::uint64_t errors(std::uint16_t code) const {
    for (std::size_t i = 0; i < kErrorCodes.size(); ++i) {
      if (kErrorCodes[i] == code) return server->counters().errors[i];
    }
    return 0;
  }

  SeededRandom random{1};
  Time now{std::chrono::hours{100}};
  std::unique_ptr<Server> server;
  std::vector<Sent> sent;
  std::vector<Server::Event> events;
  std::map<LinkId, Address> sockets;                   // bound relay sockets
  std::function<Result<Ok>(const Address&)> bindRule;  // says no by an error
  bool answerBinds = true;
  std::deque<BindRelay> unanswered;
  std::uint64_t nextLink = 1000;

  void answer(const BindRelay& bind) {
    Status allowed = bindRule ? bindRule(bind.address) : Status(Ok{});
    for (const auto& [link, address] : sockets) {
      if (address == bind.address) allowed = Error{ErrorCode::InUse, "bind"};
    }
    if (!allowed) {
      server->handleRelayBound(bind.relay, allowed.error(), now);
      return;
    }
    const LinkId link{++nextLink};
    sockets[link] = bind.address;
    server->handleRelayBound(bind.relay, link, now);
  }

 private:
  void onEvent(const Server::Event& event) {
    events.push_back(event);
    if (const auto* bind = std::get_if<BindRelay>(&event)) {
      if (answerBinds) {
        answer(*bind);
      } else {
        unanswered.push_back(*bind);
      }
    } else if (const auto* close = std::get_if<CloseRelay>(&event)) {
      EXPECT_EQ(sockets.erase(close->link), 1u) << "closed what was not open";
    }
  }
};

// One answer of the server, read.
struct Reply {
  Octets bytes;

  bool received() const { return !bytes.empty(); }
  stun::Message message() const { return *stun::Message::parse(bytes); }
  bool success() const { return received() && message().messageClass() == stun::Class::Success; }
  // 0 for a success, -1 for no answer.
  int code() const {
    if (!received()) return -1;
    if (success()) return 0;
    return stun::decodeErrorCode(*message().find(stun::attr::kErrorCode))->code;
  }
  std::optional<Address> xorAddress(stun::AttributeType type) const {
    const auto m = message();
    const auto value = m.find(type);
    return value ? stun::decodeXorAddress(*value, m.transactionId()) : std::nullopt;
  }
  std::string text(stun::AttributeType type) const {
    const auto m = message();
    const auto value = m.find(type);
    return value ? std::string(asText(*value)) : std::string();
  }
  std::optional<std::uint32_t> lifetime() const {
    const auto m = message();
    const auto value = m.find(stun::attr::kLifetime);
    return value ? stun::decodeU32(*value) : std::nullopt;
  }
};

class Client {
 public:
  using Fill = std::function<void(stun::MessageWriter&)>;

  Client(Harness& harness, std::string_view remote, Transport transport = Transport::Udp,
         std::string_view local = "192.0.2.1:3478")
      : path{LinkId{++links_}, transport, addr(local), addr(remote)}, harness_(harness) {
    if (transport == Transport::Udp) path.link = LinkId{1};
  }

  // The bytes of a request, authenticated when a nonce is known.
  Octets request(stun::Method method, const Fill& fill = {}) {
    ++transaction_;
    return sameTransaction(method, fill);
  }
  Octets sameTransaction(stun::Method method, const Fill& fill = {}) {
    Octets out(2048);
    stun::MessageWriter w(out, method, stun::Class::Request, id());
    if (fill) fill(w);
    if (!nonce.empty()) {
      w.text(stun::attr::kUsername, user);
      w.text(stun::attr::kRealm, realm);
      w.text(stun::attr::kNonce, nonce);
      if (sha256) {
        w.attribute(stun::attr::kPasswordAlgorithms, Octets{0, 2, 0, 0, 0, 1, 0, 0});
        w.u32(stun::attr::kPasswordAlgorithm, 2u << 16);
      }
      auto k = key();
      w.integrity(k);
    }
    if (fingerprint) w.fingerprint();
    out.resize(w.finish());
    return out;
  }
  crypto::HmacKey key() const {
    const stun::LongTermKey longTerm(
        sha256 ? stun::PasswordAlgorithm::Sha256 : stun::PasswordAlgorithm::Md5, user, realm,
        password);
    return {sha256 ? crypto::HmacAlgorithm::Sha256 : crypto::HmacAlgorithm::Sha1, longTerm.bytes()};
  }

  // Sends and takes the answer to this transaction off the harness.
  Reply exchange(const Octets& bytes) {
    harness_.deliver(path, bytes);
    return takeReply(bytes);
  }
  Reply takeReply(const Octets& requestBytes) {
    for (auto it = harness_.sent.begin(); it != harness_.sent.end(); ++it) {
      const bool mine =
          it->path == path && it->bytes.size() >= 20 &&
          std::equal(it->bytes.begin() + 8, it->bytes.begin() + 20, requestBytes.begin() + 8);
      if (!mine) continue;
      Reply reply{it->bytes};
      harness_.sent.erase(it);
      check(reply);
      return reply;
    }
    return {};
  }
  Reply call(stun::Method method, const Fill& fill = {}) { return exchange(request(method, fill)); }

  // Fetches realm and nonce by the 401.
  Reply challenge() {
    nonce.clear();
    Reply reply = call(stun::Method::Allocate, udp);
    if (reply.code() == 401) {
      realm = reply.text(stun::attr::kRealm);
      nonce = reply.text(stun::attr::kNonce);
    }
    return reply;
  }
  Reply allocate(const Fill& more = {}) {
    if (nonce.empty()) challenge();
    Reply reply = call(stun::Method::Allocate, [&](stun::MessageWriter& w) {
      udp(w);
      if (more) more(w);
    });
    if (reply.success()) relayed = *reply.xorAddress(stun::attr::kXorRelayedAddress);
    return reply;
  }
  Reply permit(const std::vector<std::string>& peers) {
    return call(stun::Method::CreatePermission, [&](stun::MessageWriter& w) {
      for (const std::string& p : peers)
        w.xorAddress(stun::attr::kXorPeerAddress, addr(p));
    });
  }
  Reply bind(std::uint16_t channel, std::string_view peer) {
    return call(stun::Method::ChannelBind, [&](stun::MessageWriter& w) {
      w.channelNumber(channel);
      w.xorAddress(stun::attr::kXorPeerAddress, addr(peer));
    });
  }
  Reply refresh(std::optional<std::uint32_t> seconds = {}, const Fill& more = {}) {
    return call(stun::Method::Refresh, [&](stun::MessageWriter& w) {
      if (seconds) w.u32(stun::attr::kLifetime, *seconds);
      if (more) more(w);
    });
  }

  static Octets channelData(std::uint16_t channel, std::string_view payload) {
    Octets out(kChannelHeaderSize + payload.size());
    writeChannelHeader(out.data(), ChannelNumber{channel}, payload.size());
    std::copy(payload.begin(), payload.end(), out.begin() + kChannelHeaderSize);
    return out;
  }
  Octets sendIndication(std::string_view peer, std::string_view payload, const Fill& more = {}) {
    ++transaction_;
    Octets out(payload.size() + 200);
    stun::MessageWriter w(out, stun::Method::Send, stun::Class::Indication, id());
    w.xorAddress(stun::attr::kXorPeerAddress, addr(peer));
    if (more) more(w);
    w.text(stun::attr::kData, payload);
    out.resize(w.finish());
    return out;
  }

  static void udp(stun::MessageWriter& w) { w.requestedTransport(stun::kTransportUdp); }

  Path path;
  std::string user = "alice";
  std::string password = "secret";
  std::string realm;
  std::string nonce;
  bool sha256 = false;
  bool fingerprint = false;
  Address relayed;

 private:
  stun::TransactionId id() const {
    stun::TransactionId id;
    storeBe64(id.bytes.data(), transaction_);
    storeBe32(id.bytes.data() + 8, path.remote.port());
    return id;
  }
  // An answer is whole, and signed with our key or with none.
  void check(const Reply& reply) const {
    const auto m = stun::Message::parse(reply.bytes);
    ASSERT_TRUE(m.ok());
    if (m->integrity() != stun::Integrity::None) {
      auto k = key();
      EXPECT_TRUE(m->verify(k));
    } else if (m->messageClass() == stun::Class::Success) {
      EXPECT_EQ(m->method(), stun::Method::Binding);
    }
    EXPECT_EQ(m->hasFingerprint(), fingerprint);
  }

  Harness& harness_;
  std::uint64_t transaction_ = 0;
  static inline std::uint64_t links_ = 50'000;
};

}  // namespace parley::turn::test
