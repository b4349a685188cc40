// The ICE agent, state first: the other side knows its password and answers, checks, nominates,
// refuses and lies as the input says; sockets, relays, names, time and generations come and go.
#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/check.h"
#include "ice/agent.h"
#include "ice/check_message.h"
#include "stun/message_writer.h"

namespace {

using namespace parley;
using namespace parley::ice;

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

class World {
 public:
  World(Role role, bool hides, bool relayOnly)
      : agent_(config(role, hides, relayOnly), random_), arena_(32 * 1024), items_(16) {}

  void step(Input& in);

 private:
  static AgentConfig config(Role role, bool hides, bool relayOnly) {
    AgentConfig c;
    c.role = role;
    c.hideHostAddresses = hides;
    c.policy = relayOnly ? TransportPolicy::Relay : TransportPolicy::All;
    return c;
  }
  struct Request {
    Path path;
    stun::TransactionId id;
  };

  // Few addresses, so that they meet; of all kinds.
  static Address remoteOf(std::uint8_t n) {
    static constexpr const char* kIps[] = {"198.51.100.7", "203.0.113.9", "2001:db8::7",
                                           "127.0.0.1",    "fe80::7",     "224.0.0.1",
                                           "0.0.0.0",      "192.0.2.1"};
    return {*IpAddress::parse(kIps[n % 8]), static_cast<std::uint16_t>(n / 8)};
  }
  static Address localOf(std::uint8_t n) {
    static constexpr const char* kIps[] = {"192.0.2.1", "2001:db8::1", "127.0.0.1", "fe80::1"};
    return {*IpAddress::parse(kIps[n % 4]), static_cast<std::uint16_t>(1000 + n % 8)};
  }
  Path pathOf(std::uint8_t link, std::uint8_t remote) const {
    return {LinkId{link % 8u}, Transport::Udp, localOf(link), remoteOf(remote)};
  }
  Credentials remote() const {
    return {"remo" + std::to_string(generation_), "remotepasswordremotepassword"};
  }

  void settle();
  void look(const TransmitBatch& batch);
  void advance(Duration by);
  void deliver(const Path& path, std::vector<std::uint8_t> bytes) {
    agent_.handleDatagrams(Train{path, bytes}, now_);
  }
  void giveCheck(Input& in);
  void answerOne(Input& in);
  void addRemote(Input& in);
  void manage(Input& in);

  SeededRandom random_{7};
  Agent agent_;
  Time now_{};
  unsigned generation_ = 0;
  std::deque<Request> requests_;
  std::uint64_t checks_ = 0;  // requests with credentials since the last passing of time
  std::vector<std::uint8_t> arena_;
  std::vector<Transmit> items_;
  State last_ = State::New;
};

void World::look(const TransmitBatch& batch) {
  for (const Transmit& t : batch.trains()) {
    const Train train{t.path, batch.bytes(t), t.segmentSize};
    for (std::size_t i = 0; i < train.size(); ++i) {
      const auto message = stun::Message::parse(train[i]);
      PARLEY_CHECK(message.ok());
      if (message->messageClass() != stun::Class::Request) continue;
      // Nobody gets anything at an address that is none.
      PARLEY_CHECK(isUsableRemote(t.path.remote));
      if (readCheck(*message)) ++checks_;
      requests_.push_back({t.path, message->transactionId()});
      if (requests_.size() > 32) requests_.pop_front();
    }
  }
}

void World::settle() {
  TransmitBatch batch(arena_, items_);
  drain(
      agent_, batch, now_, [&](const TransmitBatch& b) { look(b); },
      [&](const AgentEvent& e) {
        if (const auto* s = std::get_if<StateChanged>(&e)) {
          PARLEY_CHECK(s->state != last_);
          last_ = s->state;
        }
      });
  PARLEY_CHECK(last_ == agent_.state() || agent_.state() == State::Closed);
  // Checks have one slot, consent of the present and the past pair come on top.
  PARLEY_CHECK(checks_ <= 3);
  const auto path = agent_.selectedPath();
  const State s = agent_.state();
  PARLEY_CHECK(!path || agent_.isKnown(*path));
  if (s == State::Connected || s == State::Completed) PARLEY_CHECK(path.has_value());
  if (s == State::Failed || s == State::Closed) PARLEY_CHECK(!path.has_value());
}

void World::advance(Duration by) {
  const Time end = now_ + by;
  int still = 0;  // calls at one instant: what is due may make something else due, but not for ever
  for (int i = 0; i < 300 && agent_.nextTimeout() <= end; ++i) {
    still = agent_.nextTimeout() > now_ ? 0 : still + 1;
    PARLEY_CHECK(still < 5);
    now_ = std::max(now_, agent_.nextTimeout());
    if (still == 0) checks_ = 0;
    agent_.handleTimeout(now_);
    settle();
  }
  now_ = std::max(now_ + 5ms, end);
  checks_ = 0;
  agent_.handleTimeout(now_);
  settle();
}

void World::giveCheck(Input& in) {
  const std::uint8_t flags = in.byte();
  const Credentials& ours = agent_.localCredentials();
  crypto::HmacKey key{crypto::HmacAlgorithm::Sha1,
                      asBytes((flags & 1) != 0 ? std::string_view{"wrong"} : ours.password)};
  std::string username = ours.ufrag + ":" + remote().ufrag;
  if ((flags & 2) != 0) username.insert(0, 1, 'x');
  CheckFields fields;
  fields.username = username;
  fields.priority = in.word();
  fields.role = (flags & 4) != 0 ? Role::Controlling : Role::Controlled;
  fields.tieBreaker = (flags & 8) != 0 ? UINT64_MAX : 0;
  fields.useCandidate = (flags & 16) != 0;
  std::vector<std::uint8_t> room(512);
  room.resize(writeCheck(room, stun::randomTransactionId(random_), fields, key));
  const std::uint8_t link = in.byte();
  deliver(pathOf(link, in.byte()), room);
}

void World::answerOne(Input& in) {
  if (requests_.empty()) return;
  const std::uint8_t flags = in.byte();
  Request r = requests_[in.byte() % requests_.size()];
  crypto::HmacKey key{crypto::HmacAlgorithm::Sha1, asBytes(remote().password)};
  std::vector<std::uint8_t> room(512);
  const Address mapped = (flags & 1) != 0 ? remoteOf(in.byte()) : r.path.local;
  if ((flags & 2) != 0) r.path.remote = remoteOf(in.byte());
  std::size_t n = 0;
  switch (flags >> 6) {
    case 0:
    case 1:
      n = writeCheckSuccess(room, r.id, mapped, key);
      break;
    case 2:
      n = writeCheckError(room, r.id, (flags & 4) != 0 ? 487 : 400, {},
                          (flags & 8) != 0 ? &key : nullptr);
      break;
    case 3: {  // a STUN server's
      stun::MessageWriter w(room, stun::Method::Binding, stun::Class::Success, r.id);
      w.xorAddress(stun::attr::kXorMappedAddress, mapped);
      n = w.finish();
      break;
    }
  }
  room.resize(n);
  deliver(r.path, room);
}

void World::addRemote(Input& in) {
  const std::uint8_t flags = in.byte();
  Candidate c;
  c.foundation = std::to_string(flags & 3);
  c.type = static_cast<CandidateType>((flags >> 2) & 3);
  c.priority = in.word();
  c.address = remoteOf(in.byte());
  if ((flags & 16) != 0)
    c.mdnsName = std::string(1, static_cast<char>('a' + (flags & 3))) + ".local";
  if ((flags & 32) != 0) c.ufrag = remote().ufrag;
  if ((flags & 64) != 0) c.protocol = Transport::Tcp;
  static_cast<void>(agent_.addRemoteCandidate(c, now_));
}

void World::manage(Input& in) {
  const std::uint8_t n = in.byte();
  switch (in.byte() % 12) {
    case 0:
      return agent_.addLink(LinkId{n % 8u}, localOf(n), static_cast<InterfaceKind>(n % 6), now_);
    case 1:
      return agent_.removeLink(LinkId{n % 8u}, now_);
    case 2:
      return agent_.addStunServer({IpAddress::v4(203, 0, 113, n), 3478}, n, now_);
    case 3: {
      Candidate c;
      c.address = {IpAddress::v4(203, 0, 113, 5), static_cast<std::uint16_t>(1 + n)};
      c.related = remoteOf(n);
      return agent_.addLocalCandidate(c, LinkId{n % 8u}, now_);
    }
    case 4:
      return agent_.endOfLocalCandidates(now_);
    case 5:
      return agent_.setRemoteEnd(now_);
    case 6:
      return agent_.setRemoteCredentials(remote(), n % 4 == 0, now_);
    case 7:
      ++generation_;
      return agent_.restart(now_);
    case 8:
      return agent_.handleMdnsResolved(std::string(1, static_cast<char>('a' + n % 4)) + ".local",
                                       remoteOf(n).ip(), now_);
    case 9:
      return agent_.handleMdnsFailed(std::string(1, static_cast<char>('a' + n % 4)) + ".local",
                                     now_);
    case 10:
      return agent_.handlePathEvent(pathOf(n, in.byte()), static_cast<PathEvent>(n % 4), now_);
    case 11:
      return agent_.setRole(n % 2 == 0 ? Role::Controlling : Role::Controlled, now_);
  }
}

void World::step(Input& in) {
  switch (in.byte() % 8) {
    case 0:
    case 1:
      giveCheck(in);
      break;
    case 2:
    case 3:
      answerOne(in);
      break;
    case 4:
      addRemote(in);
      break;
    case 5:
      manage(in);
      break;
    case 6:
      advance(std::chrono::milliseconds(in.byte() * in.byte()));
      break;
    case 7: {
      const std::uint8_t link = in.byte();
      const Path path = pathOf(link, in.byte());
      const ConstBytes bytes = in.some();
      agent_.countSent(path, 1, bytes.size(), now_);
      agent_.countReceived(path, 1, bytes.size(), now_);
      deliver(path, {bytes.begin(), bytes.end()});
      break;
    }
  }
  settle();
  // Every step has time of its own, so that the pace can be held to.
  now_ += 5ms;
  checks_ = 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const std::uint8_t kind = in.byte();
  World world((kind & 1) != 0 ? Role::Controlling : Role::Controlled, (kind & 2) != 0,
              (kind & 12) == 12);
  for (int steps = 0; in.more() && steps < 200; ++steps)
    world.step(in);
  return 0;
}
