// A TURN server engine with a driver in memory, for fuzzing: it binds what it is told to, and holds
// the engine to what must be true whatever comes in.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/check.h"
#include "stun/message.h"
#include "turn/server/server.h"

namespace parley::turn::fuzz {

class World {
 public:
  explicit World(Config config)
      : server(std::make_unique<Server>(std::move(config), random)), arena_(80 * 1024), items_(64) {
    server->setWallTime(wallTimeFromUnixSeconds(1'800'000'000), now);
  }

  void deliver(const Path& path, std::vector<std::uint8_t> bytes, std::size_t segment) {
    server->handleDatagrams(Train(path, bytes, segment == 0 ? 1 : segment), now);
    settle();
  }

  // Drains the engine and looks at all that comes out.
  void settle() {
    TransmitBatch batch(arena_, items_);
    drain(
        *server, batch, now, [&](const TransmitBatch& b) { look(b); },
        [&](const Server::Event& e) { onEvent(e); });
    std::uint64_t live = 0;
    for (const auto& byFamily : server->counters().allocations)
      live += byFamily[0] + byFamily[1];
    PARLEY_CHECK(live <= server->allocationCount());
  }

  void advance(Duration by) {
    now += by;
    server->handleTimeout(now);
    settle();
    PARLEY_CHECK(server->nextTimeout() > now);
  }

  void answer(const BindRelay& bind, bool well, ErrorCode code) {
    for (const auto& [link, address] : sockets) {
      if (address == bind.address) {
        well = false;
        code = ErrorCode::InUse;
      }
    }
    if (well) {
      sockets[LinkId{++nextLink_}] = bind.address;
      server->handleRelayBound(bind.relay, LinkId{nextLink_}, now);
    } else {
      server->handleRelayBound(bind.relay, Error{code, "bind"}, now);
    }
    settle();
  }

  // After everything is closed nothing may be left.
  void finish() {
    server->closeAll(now);
    settle();
    for (const BindRelay& bind : std::vector<BindRelay>(std::exchange(unanswered, {})))
      answer(bind, true, ErrorCode::System);
    PARLEY_CHECK(server->allocationCount() == 0);
    PARLEY_CHECK(sockets.empty());
    PARLEY_CHECK(server->nextTimeout() == kNever);
  }

  SeededRandom random{1};
  Time now{std::chrono::hours{10}};
  std::unique_ptr<Server> server;
  std::map<LinkId, Address> sockets;  // open relay sockets
  std::vector<BindRelay> unanswered;
  bool answerAtOnce = true;
  std::vector<std::uint8_t> lastToClient;

 private:
  void look(const TransmitBatch& batch) {
    for (const Transmit& t : batch.trains()) {
      const Bytes bytes = batch.bytes(t);
      const auto socket = sockets.find(t.path.link);
      if (socket == sockets.end()) {
        toClient(t, bytes);
      } else {
        PARLEY_CHECK(t.path.local == socket->second);
        toPeer(t.path.remote);
      }
    }
  }

  // No peer but those the policy of the fuzzed configuration allows: documentation networks, and
  // live relays of our own.
  void toPeer(const Address& peer) const {
    PARLEY_CHECK(peer.port() != 0);
    const IpAddress& ip = peer.ip();
    if (ip == IpAddress::v4(10, 0, 0, 5)) {
      bool relayed = false;
      for (const auto& [link, address] : sockets)
        relayed = relayed || address == peer;
      PARLEY_CHECK(relayed);
      return;
    }
    PARLEY_CHECK(ip !=
                 IpAddress::v4(203, 0, 113, 80));  // ours from outside: rewritten to the above
    PARLEY_CHECK(!ip.isLoopback() && ip.unmapped() == ip);
    if (!ip.isV4()) return;
    const std::uint32_t v4 = ip.v4HostOrder();
    PARLEY_CHECK(v4 >> 24 != 10 && v4 >> 24 != 0 && v4 >> 24 != 127 && v4 >> 16 != 0xc0a8 &&
                 v4 >> 16 != 0xa9fe && v4 >> 20 != 0xac1 && v4 < 0xe0000000);
  }

  void toClient(const Transmit& t, Bytes bytes) {
    for (std::uint32_t i = 0; i < t.segments; ++i) {
      const std::size_t at = std::size_t{i} * t.segmentSize;
      const Bytes one = bytes.subspan(at, std::min<std::size_t>(t.segmentSize, bytes.size() - at));
      PARLEY_CHECK(one.size() >= 4);
      if (one[0] < 0x40) {
        PARLEY_CHECK(stun::Message::parse(one).ok());
      } else {
        PARLEY_CHECK(one.size() >= 4u + loadBe16(one.data() + 2));
      }
      lastToClient.assign(one.begin(), one.end());
    }
  }

  void onEvent(const Server::Event& event) {
    if (const auto* bind = std::get_if<BindRelay>(&event)) {
      if (answerAtOnce) {
        LinkId link{++nextLink_};
        for (const auto& [other, address] : sockets) {
          if (address == bind->address) link = LinkId{};
        }
        if (link == LinkId{}) {
          server->handleRelayBound(bind->relay, Error{ErrorCode::InUse, "bind"}, now);
        } else {
          sockets[link] = bind->address;
          server->handleRelayBound(bind->relay, link, now);
        }
      } else {
        unanswered.push_back(*bind);
      }
    } else if (const auto* close = std::get_if<CloseRelay>(&event)) {
      PARLEY_CHECK(sockets.erase(close->link) == 1);
    }
  }

  std::vector<std::uint8_t> arena_;
  std::vector<Transmit> items_;
  std::uint64_t nextLink_ = 1000;
};

}  // namespace parley::turn::fuzz
