// A hub with its driver in a test: sockets are inboxes, time stands still until moved. Every
// message that the hub sends is held against docs/signalling.schema.json.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "json_schema.h"
#include "signal/hub.h"

namespace parley::signal::test {

using Json = nlohmann::json;

struct Closed {
  std::uint16_t code = 0;
  std::string reason;
};

class World {
 public:
  World() { config.serverKey.assign(32, 0x5a); }

  HubConfig config;
  std::unique_ptr<TokenVerifier> tokens;  // taken by the next start
  Duration iceTtl = 1h;
  Time now{1000s};
  WallTime wall = wallTimeFromUnixSeconds(1'790'000'000);
  int locksChanged = 0;
  bool checkSchema = true;

  Hub& hub() {
    if (!hub_) start();
    return *hub_;
  }
  // A new run of the server: all sockets are gone, state directory and proofs stay.
  void restart() {
    config.lockDigests = hub().lockDigests();
    hub_.reset();
    sockets_.clear();
    rooms_ = MemoryRoomDirectory();
    start();
  }

  ConnectionId open(const IpAddress& from = IpAddress::v4(192, 0, 2, 1)) {
    const ConnectionId id{++lastConnection_};
    sockets_[id];
    hub().handleOpened(id, from, now);
    drain();
    return id;
  }
  void sendText(ConnectionId id, const std::string& text) {
    hub().handleText(id, text, now, wall);
    drain();
  }
  void send(ConnectionId id, const Json& message) { sendText(id, message.dump()); }
  // The socket is gone (whoever closed it).
  void drop(ConnectionId id) {
    hub().handleClosed(id, now);
    drain();
  }
  // Moves time in the steps of the hub's timeouts.
  void advance(Duration d) {
    const Time end = now + d;
    while (hub().nextTimeout() <= end) {
      step(std::max(hub().nextTimeout(), now));
      hub().handleTimeout(now, wall);
      drain();
    }
    step(end);
    hub().handleTimeout(now, wall);
    drain();
  }

  // The next message that came on a socket; null if none.
  Json take(ConnectionId id) {
    std::deque<Json>& inbox = sockets_[id].inbox;
    if (inbox.empty()) return nullptr;
    Json first = inbox.front();
    inbox.pop_front();
    return first;
  }
  // The next one of a type; what comes before it is dropped.
  Json takeType(ConnectionId id, const std::string& type) {
    while (true) {
      Json m = take(id);
      if (m.is_null() || m.at("type") == type) return m;
    }
  }
  std::size_t waiting(ConnectionId id) { return sockets_[id].inbox.size(); }
  std::optional<Closed> closed(ConnectionId id) { return sockets_[id].closed; }

  struct Joined {
    ConnectionId socket;
    Json welcome;
    std::string id() const { return welcome.at("self"); }
  };
  Joined join(const std::string& room, const std::string& name,
              const IpAddress& from = IpAddress::v4(192, 0, 2, 1)) {
    return come({{"type", "join"}, {"room", room}, {"name", name}}, from);
  }
  // Opens a socket, sends a join, takes the answer and acknowledges a welcome.
  Joined come(const Json& join, const IpAddress& from = IpAddress::v4(192, 0, 2, 1)) {
    Joined j{open(from), {}};
    send(j.socket, join);
    j.welcome = take(j.socket);
    if (j.welcome.value("type", "") == "welcome")
      send(j.socket, {{"type", "ack"}, {"ack", join.value("ack", 0)}});
    return j;
  }
  static Json resumeJoin(const Joined& j, std::uint64_t ack) {
    return {{"type", "join"},
            {"room", j.welcome.at("room")},
            {"name", j.welcome.at("name")},
            {"resume", j.welcome.at("resume")},
            {"ack", ack},
            {"proof", j.welcome.at("proof")}};
  }

 private:
  struct Socket {
    std::deque<Json> inbox;
    std::optional<Closed> closed;
  };

  void start() {
    ASSERT_TRUE(config.validate().ok());
    hub_ = std::make_unique<Hub>(
        config, random_, rooms_,
        [this](const IceRequest& request, WallTime at) { return mint(request, at); },
        std::move(tokens), now);
  }
  IceServerList mint(const IceRequest& request, WallTime at) const {
    IceServerList list;
    list.ttl = iceTtl;
    list.servers.push_back({{"stun:127.0.0.1:3478"}, "", ""});
    if (!request.relay) return list;
    const RestCredential c = mintRestCredential("secret", request.member.toString(), at + iceTtl);
    list.servers.push_back({{"turn:127.0.0.1:3478?transport=udp"}, c.username, c.credential});
    return list;
  }
  void step(Time to) {
    wall += to - now;
    now = to;
  }
  void drain() {
    while (auto effect = hub_->pollEffect()) {
      if (auto* send = std::get_if<SendText>(&*effect)) {
        Socket& s = sockets_[send->connection];
        EXPECT_FALSE(s.closed) << "sent after the close: " << send->text;
        Json message = Json::parse(send->text);
        if (checkSchema) {
          EXPECT_EQ(JsonSchema::signalling().check(message, "serverMessage"), "") << send->text;
        }
        s.inbox.push_back(std::move(message));
      } else if (auto* close = std::get_if<CloseConnection>(&*effect)) {
        Socket& s = sockets_[close->connection];
        EXPECT_FALSE(s.closed) << "closed twice";
        s.closed = Closed{close->code, close->reason};
      } else {
        ++locksChanged;
      }
    }
  }

  SeededRandom random_{7};
  MemoryRoomDirectory rooms_;
  std::unique_ptr<Hub> hub_;
  std::map<ConnectionId, Socket> sockets_;
  std::uint64_t lastConnection_ = 0;
};

}  // namespace parley::signal::test
