// The server engine, state first: four clients that know their passwords, one of them on a stream.
// The input is a list of steps: signed requests with attributes of its choosing, relayed packets of
// both sides, raw bytes, time, sockets that fail, users and rules that change.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

#include "stun/attributes.h"
#include "stun/long_term.h"
#include "stun/message_writer.h"
#include "turn_world.h"

namespace {

using namespace parley;
using namespace parley::turn;
using parley::turn::fuzz::World;

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

Config config() {
  Config c;
  c.realm = "fuzz";
  c.credentials.users = {{"a", "pa"}, {"b", "pb"}};
  c.relayAddresses = {{ip("10.0.0.5"), ip("203.0.113.80")}, {ip("2001:db8::5"), {}}};
  c.minPort = 50'000;
  c.maxPort = 50'015;  // few, so that they collide and run out
  c.peers.ownAddresses = {ip("10.0.0.5"), ip("127.0.0.1")};
  c.peers.listeners = {*Address::parse("0.0.0.0:3478")};
  c.maxAllocations = 3;
  c.reportBindings = true;
  return c;
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : reader_({data, size}) {}
  bool more() const { return reader_.remaining() > 0; }
  std::uint8_t byte() { return reader_.u8(); }
  std::uint32_t word() { return reader_.u32(); }
  ConstBytes some() { return reader_.bytes(std::min<std::size_t>(byte(), reader_.remaining())); }

 private:
  ByteReader reader_;
};

struct FuzzClient {
  Path path;
  const char* user;
  std::string nonce;
};

class Session {
 public:
  Session() : world_(config()) {
    const char* remotes[] = {"198.51.100.1:1000", "198.51.100.1:1001", "198.51.100.2:1000",
                             "[2001:db8:9::1]:1000"};
    for (std::size_t i = 0; i < 4; ++i) {
      FuzzClient c{{LinkId{i == 2 ? 7u : 1u}, i == 2 ? Transport::Tcp : Transport::Udp,
                    *Address::parse("10.0.0.5:3478"), *Address::parse(remotes[i])},
                   i == 1 ? "b" : "a",
                   {}};
      clients_.push_back(c);
      challenge(clients_.back());
    }
  }

  void step(Input& in) {
    FuzzClient& client = clients_[in.byte() % clients_.size()];
    switch (in.byte() % 12) {
      case 0:
      case 1:
      case 2:
        signedRequest(client, in);
        break;
      case 3:
        commonRequest(client, in);
        break;
      case 4:
        channelData(client, in);
        break;
      case 5:
        sendIndication(client, in);
        break;
      case 6:
        fromPeer(in);
        break;
      case 7:
        raw(client.path, in);
        break;
      case 8:
        world_.advance(std::chrono::seconds{in.byte() * 4});
        break;
      case 9:
        sockets(in);
        break;
      case 10:
        close(client);
        break;
      default:
        reconfigure(in);
        break;
    }
  }
  void finish() { world_.finish(); }

 private:
  using Fill = std::function<void(stun::MessageWriter&)>;

  void request(FuzzClient& client, stun::Method method, const Fill& fill) {
    std::vector<std::uint8_t> out(4096);
    stun::TransactionId id;
    storeBe32(id.bytes.data(), ++transaction_ / 3);  // some are retransmissions
    stun::MessageWriter w(out, method, stun::Class::Request, id);
    fill(w);
    if (!client.nonce.empty()) {
      w.text(stun::attr::kUsername, client.user);
      w.text(stun::attr::kRealm, "fuzz");
      w.text(stun::attr::kNonce, client.nonce);
      w.integrity(keyOf(client.user[0] == 'b'));
    }
    out.resize(w.finish());
    if (out.empty()) return;
    world_.lastToClient.clear();
    world_.deliver(client.path, out, out.size());
    learnNonce(client);
  }

  // Made once for all runs: half the time of a run went there.
  static crypto::HmacKey& keyOf(bool second) {
    const auto make = [](const char* user, const char* password) {
      const stun::LongTermKey key(stun::PasswordAlgorithm::Md5, user, "fuzz", password);
      return crypto::HmacKey(crypto::HmacAlgorithm::Sha1, key.bytes());
    };
    static crypto::HmacKey a = make("a", "pa");
    static crypto::HmacKey b = make("b", "pb");
    return second ? b : a;
  }

  void learnNonce(FuzzClient& client) {
    const auto reply = stun::Message::parse(world_.lastToClient);
    if (!reply) return;
    if (const auto nonce = reply->find(stun::attr::kNonce)) client.nonce = asText(*nonce);
  }

  void challenge(FuzzClient& client) {
    client.nonce.clear();
    request(client, stun::Method::Allocate,
            [](stun::MessageWriter& w) { w.requestedTransport(stun::kTransportUdp); });
  }

  static stun::Method method(std::uint8_t n) {
    constexpr stun::Method kMethods[] = {stun::Method::Allocate, stun::Method::Refresh,
                                         stun::Method::CreatePermission, stun::Method::ChannelBind,
                                         stun::Method::Binding};
    return kMethods[n % 5];
  }

  // Attributes of any type and value, signed.
  void signedRequest(FuzzClient& client, Input& in) {
    const stun::Method m = method(in.byte());
    request(client, m, [&](stun::MessageWriter& w) {
      for (int n = in.byte() % 6; n > 0; --n)
        attribute(w, in);
    });
  }

  void attribute(stun::MessageWriter& w, Input& in) {
    constexpr stun::AttributeType kTypes[] = {stun::attr::kRequestedTransport,
                                              stun::attr::kLifetime,
                                              stun::attr::kXorPeerAddress,
                                              stun::attr::kChannelNumber,
                                              stun::attr::kEvenPort,
                                              stun::attr::kRequestedAddressFamily,
                                              stun::attr::kAdditionalAddressFamily,
                                              stun::attr::kReservationToken,
                                              stun::attr::kDontFragment,
                                              stun::attr::kData};
    const std::uint8_t kind = in.byte();
    if (kind < 0x20) return w.xorAddress(stun::attr::kXorPeerAddress, peer(in));
    if (kind < 0x40) return w.channelNumber(static_cast<std::uint16_t>(0x4000 + in.byte() % 5));
    if (kind < 0x50) return w.requestedTransport(stun::kTransportUdp);
    if (kind < 0x60) return w.u32(stun::attr::kLifetime, in.word());
    w.attribute(kTypes[kind % std::size(kTypes)], in.some());
  }

  void commonRequest(FuzzClient& client, Input& in) {
    const std::uint8_t kind = in.byte() % 6;
    request(client, method(kind), [&](stun::MessageWriter& w) {
      if (kind == 0) w.requestedTransport(stun::kTransportUdp);
      if (kind == 1) w.u32(stun::attr::kLifetime, in.byte() % 2 == 0 ? 0 : 1200);
      if (kind == 2) w.xorAddress(stun::attr::kXorPeerAddress, peer(in));
      if (kind == 3) {
        w.channelNumber(static_cast<std::uint16_t>(0x4000 + in.byte() % 3));
        w.xorAddress(stun::attr::kXorPeerAddress, peer(in));
      }
      if (kind == 5) {
        w.requestedTransport(stun::kTransportUdp);
        const std::uint8_t r = in.byte() % 2 == 0 ? 0x80 : 0;
        w.attribute(stun::attr::kEvenPort, ConstBytes(&r, 1));
      }
    });
  }

  // Peers good and bad, some of them our own.
  Address peer(Input& in) const {
    const char* kPeers[] = {
        "203.0.113.1", "203.0.113.2",         "203.0.113.80",  "10.0.0.5",
        "127.0.0.1",   "169.254.169.254",     "2001:db8:7::1", "::ffff:127.0.0.1",
        "::1",         "::ffff:203.0.113.80", "192.168.1.1",   "2001:db8::5"};
    const std::uint8_t n = in.byte();
    const std::uint8_t p = in.byte();
    std::uint16_t port = p == 0 ? std::uint16_t{3478} : static_cast<std::uint16_t>(p % 4);
    if (p > 8) port = static_cast<std::uint16_t>(50'000 + p % 16);
    return {ip(kPeers[n % std::size(kPeers)]), port};
  }

  void channelData(FuzzClient& client, Input& in) {
    std::vector<std::uint8_t> bytes;
    const std::uint8_t count = in.byte() % 4 + 1;
    const std::uint8_t size = in.byte() % 40;
    for (std::uint8_t i = 0; i < count; ++i) {
      std::uint8_t header[4];
      storeBe16(header, static_cast<std::uint16_t>(0x4000 + in.byte() % 3));
      storeBe16(header + 2, static_cast<std::uint16_t>(in.byte() % 4 == 0 ? in.byte() : size));
      bytes.insert(bytes.end(), header, header + 4);
      bytes.insert(bytes.end(), size, i);
    }
    world_.deliver(client.path, bytes, 4u + size);
  }

  void sendIndication(FuzzClient& client, Input& in) {
    std::vector<std::uint8_t> out(1024);
    stun::MessageWriter w(out, stun::Method::Send, stun::Class::Indication, {});
    w.xorAddress(stun::attr::kXorPeerAddress, peer(in));
    if (in.byte() % 8 == 0) attribute(w, in);
    w.attribute(stun::attr::kData, in.some());
    out.resize(w.finish());
    world_.deliver(client.path, out, out.size());
  }

  void fromPeer(Input& in) {
    if (world_.sockets.empty()) return;
    auto socket = world_.sockets.begin();
    std::advance(socket, in.byte() % world_.sockets.size());
    const Path path{socket->first, Transport::Udp, socket->second, peer(in)};
    raw(path, in);
  }

  void raw(const Path& path, Input& in) {
    const ConstBytes bytes = in.some();
    const std::size_t segment = std::max<std::size_t>(1, in.byte());
    world_.deliver(path, {bytes.begin(), bytes.end()}, segment);
  }

  void sockets(Input& in) {
    world_.answerAtOnce = in.byte() % 2 == 0;
    if (world_.unanswered.empty()) return;
    const std::size_t i = in.byte() % world_.unanswered.size();
    const BindRelay bind = world_.unanswered[i];
    world_.unanswered.erase(world_.unanswered.begin() + static_cast<std::ptrdiff_t>(i));
    const std::uint8_t how = in.byte();
    world_.answer(bind, how % 4 != 0, how % 8 == 0 ? ErrorCode::InUse : ErrorCode::System);
  }

  void close(FuzzClient& client) {
    world_.server->handlePathEvent(client.path, PathEvent::Closed, world_.now);
    world_.settle();
  }

  void reconfigure(Input& in) {
    Config changed = config();
    switch (in.byte() % 4) {
      case 0:
        changed.credentials.users.pop_back();
        [[fallthrough]];
      case 1:
        world_.server->setCredentials(changed.credentials, world_.now);
        break;
      case 2:
        changed.peers.deny = {*Prefix::parse("203.0.113.0/25")};
        [[fallthrough]];
      default:
        world_.server->setPeerRules(changed.peers);
        break;
    }
    world_.settle();
  }

  World world_;
  std::vector<FuzzClient> clients_;
  std::uint32_t transaction_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  Session session;
  for (int steps = 0; in.more() && steps < 100; ++steps)
    session.step(in);
  session.finish();
  return 0;
}
