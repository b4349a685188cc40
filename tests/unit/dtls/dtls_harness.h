// Two sessions on a virtual pipe with one clock, for the tests: what is lost, doubled, held back or
// changed on the way is a function's decision, datagram by datagram.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "crypto/identity.h"
#include "dtls/session.h"

namespace parley::dtls::test {

using Octets = std::vector<std::uint8_t>;

inline const crypto::Identity& identity(const std::string& who,
                                        crypto::KeyKind kind = crypto::KeyKind::EcdsaP256) {
  static std::map<std::string, crypto::Identity> all;
  auto it = all.find(who);
  if (it == all.end()) {
    const auto made = crypto::Identity::generate(kind, wallTimeFromUnixSeconds(1'800'000'000),
                                                 wallTimeFromUnixSeconds(1'900'000'000));
    it = all.emplace(who, made.value()).first;
  }
  return it->second;
}

inline Context& context() {
  static Context c;
  return c;
}

inline ConstBytes bytesOf(const std::string& text) {
  return asBytes(text);
}

struct Endpoint {
  explicit Endpoint(SessionConfig config) : session(std::move(config), context()) {}

  void takeEvents() {
    while (auto e = session.pollEvent()) {
      if (std::holds_alternative<Connected>(*e)) ++connected;
      if (std::holds_alternative<Closed>(*e)) ++closed;
      if (auto* f = std::get_if<Failed>(&*e)) failures.push_back(*f);
    }
  }
  void receive(Octets datagram, Time now) {
    session.handleDatagram(datagram, now);
    while (auto data = session.nextApplicationData())
      received.emplace_back(data->begin(), data->end());
  }

  Session session;
  int connected = 0;
  int closed = 0;
  std::vector<Failed> failures;
  std::vector<std::string> received;
};

// What becomes of a datagram: the datagrams that arrive in its place.
using Fate = std::function<std::vector<Octets>(bool fromClient, int index, const Octets&)>;

class Pair {
 public:
  Pair() : Pair(config(Role::Client), config(Role::Server)) {}
  Pair(SessionConfig clientConfig, SessionConfig serverConfig)
      : client(std::move(clientConfig)), server(std::move(serverConfig)) {}

  static SessionConfig config(Role role) {
    const bool isClient = role == Role::Client;
    return {.role = role,
            .identity = identity(isClient ? "client" : "server"),
            .remoteFingerprints = {identity(isClient ? "server" : "client").fingerprint()},
            .srtpProfiles = {},
            .mtu = 1200};
  }

  void start(Duration roundTrip = 0ms) {
    server.session.start(now, roundTrip);
    client.session.start(now, roundTrip);
  }
  // Carries datagrams both ways until none is left.
  void exchange() {
    bool busy = true;
    while (busy) {
      busy = carry(client, server, true);
      busy = carry(server, client, false) || busy;
    }
  }
  // Until `done` or the time is over; timers fire.
  bool run(const std::function<bool()>& done, Duration limit = 60s) {
    const Time end = now + limit;
    while (true) {
      exchange();
      if (done()) return true;
      const Time next = std::min(client.session.nextTimeout(), server.session.nextTimeout());
      if (next > end) return false;
      now = std::max(now, next);
      client.session.handleTimeout(now);
      server.session.handleTimeout(now);
    }
  }
  bool connect() {
    start();
    return run([this] { return client.connected == 1 && server.connected == 1; });
  }
  // For messages of failed tests.
  std::string outcome() const {
    std::string text = "client connected " + std::to_string(client.connected) +
                       ", server connected " + std::to_string(server.connected);
    for (const Endpoint* e : {&client, &server}) {
      for (const Failed& f : e->failures)
        text += (e == &client ? "; client: " : "; server: ") + describe(f);
    }
    return text;
  }
  bool send(Endpoint& from, Endpoint& to, const std::string& text) {
    const std::size_t before = to.received.size();
    to.receive(sealed(from, text), now);
    return to.received.size() == before + 1 && to.received.back() == text;
  }
  static Octets sealed(Endpoint& from, const std::string& text) {
    Octets room(text.size() + Session::kMaxOverhead);
    const auto n = from.session.seal(asBytes(text), room);
    EXPECT_TRUE(n.ok());
    room.resize(n.ok() ? *n : 0);
    return room;
  }

  Endpoint client;
  Endpoint server;
  Time now{};
  Fate fate = [](bool, int, const Octets& d) { return std::vector<Octets>{d}; };
  std::vector<Octets> log;  // all that was sent, in order

 private:
  bool carry(Endpoint& from, Endpoint& to, bool fromClient) {
    bool any = false;
    Octets room(2048);
    while (const std::size_t n = from.session.pollDatagram(room, now)) {
      any = true;
      const Octets datagram(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(n));
      log.push_back(datagram);
      for (const Octets& arrived : fate(fromClient, index_[fromClient ? 0 : 1]++, datagram))
        to.receive(arrived, now);
    }
    from.takeEvents();
    to.takeEvents();
    return any;
  }
  int index_[2] = {};
};

}  // namespace parley::dtls::test
