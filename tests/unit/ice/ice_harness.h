// An agent in a test's hands: what it sends is kept as parsed messages, what it tells as events,
// and the other side is played by hand with its own credentials.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "ice/agent.h"
#include "ice/check_message.h"
#include "stun/attributes.h"
#include "stun/message_writer.h"

namespace parley::ice {

inline Address at(const char* text) {
  return Address::parse(text).value();
}

struct Sent {
  Path path;
  std::vector<std::uint8_t> bytes;
  stun::Message message() const { return stun::Message::parse(bytes).value(); }
  bool isRequest() const { return message().messageClass() == stun::Class::Request; }
  IncomingCheck check() const { return readCheck(message()).value(); }
};

class Harness {
 public:
  static constexpr LinkId kLink{1};
  static constexpr LinkId kRelay{9};

  explicit Harness(AgentConfig config = {}) : random(42), agent(std::move(config), random) {}

  SeededRandom random;
  Agent agent;
  Time now{};
  std::deque<Sent> sent;
  std::vector<AgentEvent> events;
  Credentials remote{"remo", "remotepasswordremotepassword"};
  crypto::HmacKey remoteKey{crypto::HmacAlgorithm::Sha1, asBytes(remote.password)};
  Address local = at("192.0.2.1:1000");

  // ---- time ----
  void drainAll() {
    std::vector<std::uint8_t> arena(65'536);
    std::vector<Transmit> items(8);
    TransmitBatch batch{arena, items};
    drain(
        agent, batch, now,
        [&](const TransmitBatch& full) {
          for (const Transmit& t : full.trains()) {
            const Train train{t.path, full.bytes(t), t.segmentSize};
            for (std::size_t i = 0; i < train.size(); ++i)
              sent.push_back({t.path, {train[i].begin(), train[i].end()}});
          }
        },
        [&](AgentEvent& e) { events.push_back(std::move(e)); });
  }
  // Lets time pass, every timeout in its turn.
  void runFor(Duration span) { runUntil(now + span); }
  void runUntil(Time end) {
    drainAll();
    for (int i = 0; agent.nextTimeout() <= end; ++i) {
      ASSERT_LT(i, 100'000) << "an agent that wakes itself for ever";
      now = std::max(now, agent.nextTimeout());
      agent.handleTimeout(now);
      drainAll();
    }
    now = end;
  }

  // ---- our side ----
  void addLink() {
    agent.addLink(kLink, local, InterfaceKind::Ethernet, now);
    drainAll();
  }
  void setRemote(bool lite = false) {
    agent.setRemoteCredentials(remote, lite, now);
    drainAll();
  }
  Candidate candidate(const char* address, CandidateType type = CandidateType::Host) {
    Candidate c;
    c.foundation = std::to_string(++foundations);
    c.type = type;
    c.address = at(address);
    c.priority = candidatePriority(typePreference(type, Transport::Udp),
                                   static_cast<std::uint16_t>(65535 - foundations), 1);
    return c;
  }
  void addRemote(const Candidate& c) {
    EXPECT_TRUE(agent.addRemoteCandidate(c, now).ok());
    drainAll();
  }
  void addRemote(const char* address, CandidateType type = CandidateType::Host) {
    addRemote(candidate(address, type));
  }
  void addRelay(const char* address = "203.0.113.5:50000") {
    Candidate c;
    c.type = CandidateType::Relayed;
    c.address = at(address);
    c.related = at("198.51.100.1:4000");
    c.server = at("203.0.113.5:3478");
    agent.addLocalCandidate(c, kRelay, now);
    drainAll();
  }

  // ---- what went out ----
  // The next request, answers skipped; time is let pass for it.
  std::optional<Sent> nextRequest(Duration within = 1s) {
    const Time end = now + within;
    for (;;) {
      drainAll();
      while (!sent.empty()) {
        Sent s = std::move(sent.front());
        sent.pop_front();
        if (s.isRequest()) return s;
      }
      if (agent.nextTimeout() > end) return std::nullopt;
      now = std::max(now, agent.nextTimeout());
      agent.handleTimeout(now);
    }
  }
  std::optional<Sent> requestTo(const char* address, Duration within = 1s) {
    const Time end = now + within;
    while (auto s = nextRequest(end - now)) {
      if (s->path.remote == at(address)) return s;
    }
    return std::nullopt;
  }
  std::optional<Sent> nextAnswer() {
    drainAll();
    while (!sent.empty()) {
      Sent s = std::move(sent.front());
      sent.pop_front();
      if (!s.isRequest()) return s;
    }
    return std::nullopt;
  }

  // ---- the other side ----
  void give(const Path& path, std::vector<std::uint8_t> bytes) {
    agent.handleDatagrams(Train{path, bytes}, now);
    drainAll();
  }
  Path from(const char* address, LinkId link = kLink) {
    return {link, Transport::Udp, link == kLink ? local : at("203.0.113.5:50000"), at(address)};
  }
  void answer(const Sent& request, std::optional<Address> mapped = std::nullopt) {
    std::vector<std::uint8_t> room(512);
    room.resize(writeCheckSuccess(room, request.message().transactionId(),
                                  mapped.value_or(request.path.local), remoteKey));
    give(request.path, room);
  }
  void refuse(const Sent& request, std::uint16_t code, bool authentic) {
    std::vector<std::uint8_t> room(512);
    room.resize(writeCheckError(room, request.message().transactionId(), code, {},
                                authentic ? &remoteKey : nullptr));
    give(request.path, room);
  }
  struct CheckOptions {
    bool useCandidate = false;
    Role role = Role::Controlling;
    std::uint64_t tieBreaker = 1;
    std::string username{};  // empty: the right one
    std::string password{};
    std::uint32_t priority = candidatePriority(110, 65535, 1);
  };
  std::vector<std::uint8_t> check(const CheckOptions& o) {
    const Credentials& ours = agent.localCredentials();
    const std::string username = o.username.empty() ? ours.ufrag + ":" + remote.ufrag : o.username;
    crypto::HmacKey key{crypto::HmacAlgorithm::Sha1,
                        asBytes(o.password.empty() ? ours.password : o.password)};
    std::vector<std::uint8_t> room(512);
    room.resize(writeCheck(room, stun::randomTransactionId(random),
                           {username, o.priority, o.role, o.tieBreaker, o.useCandidate}, key));
    return room;
  }
  void giveCheck(const char* address, const CheckOptions& o, LinkId link = kLink) {
    give(from(address, link), check(o));
  }

  // ---- events ----
  template <class E>
  std::vector<E> all() const {
    std::vector<E> found;
    for (const AgentEvent& e : events) {
      if (const auto* x = std::get_if<E>(&e)) found.push_back(*x);
    }
    return found;
  }
  std::vector<PairReport> reports(PairNews news) const {
    std::vector<PairReport> found;
    for (const PairReport& r : all<PairReport>()) {
      if (r.news == news) found.push_back(r);
    }
    return found;
  }
  // Valid, controlling, nominated: on 198.51.100.7:2000.
  void connect() {
    addLink();
    setRemote();
    addRemote("198.51.100.7:2000");
    for (int i = 0; i < 2; ++i) {
      const auto request = nextRequest();
      ASSERT_TRUE(request.has_value());
      now += 10ms;
      answer(*request);
    }
    ASSERT_EQ(reports(PairNews::Nominated).size(), 1u);
    sent.clear();
  }

 private:
  int foundations = 0;
};

inline AgentConfig controlling() {
  AgentConfig c;
  c.role = Role::Controlling;
  return c;
}

}  // namespace parley::ice
