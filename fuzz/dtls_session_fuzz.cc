// Two DTLS sessions and an attacker on the path: the input says which datagram arrives, is lost,
// doubled, cut, changed or made up, when timers fire, what is sent, when fingerprints come and who
// closes. Whatever happens: what arrives is what the other end sent, and only once it is known to
// be that end; a terminal state is kept; a queue never grows without end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <set>
#include <vector>

#include "base/check.h"
#include "dtls/session.h"
#include "tests/support/seeded_openssl.h"

namespace {

using namespace parley;
using namespace parley::dtls;
using Octets = std::vector<std::uint8_t>;

struct World {
  World() {
    parley::test::seedOpenSsl(1);
    for (int i = 0; i < 3; ++i) {
      identities.push_back(crypto::Identity::generate(crypto::KeyKind::EcdsaP256,
                                                      wallTimeFromUnixSeconds(1'700'000'000),
                                                      wallTimeFromUnixSeconds(1'900'000'000))
                               .value());
    }
  }
  std::vector<crypto::Identity> identities;
  Context context;
};

World& world() {
  static World w;
  return w;
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : reader_({data, size}) {}
  bool more() const { return reader_.remaining() > 0; }
  std::uint8_t byte() { return reader_.u8(); }
  std::uint16_t word() { return reader_.u16(); }
  Octets some() {
    const ConstBytes b = reader_.bytes(std::min<std::size_t>(byte(), reader_.remaining()));
    return {b.begin(), b.end()};
  }

 private:
  ByteReader reader_;
};

struct End {
  End(Role role, bool knows)
      : session({.role = role,
                 .identity = world().identities[role == Role::Client ? 0 : 1],
                 .remoteFingerprints = knows ? fingerprints(role) : Fingerprints{},
                 .srtpProfiles = {SrtpProfile::AeadAes128Gcm}},
                world().context) {}
  using Fingerprints = std::vector<crypto::Fingerprint>;
  static Fingerprints fingerprints(Role role) {
    return {world().identities[role == Role::Client ? 1 : 0].fingerprint()};
  }

  Session session;
  std::set<Octets> sent;
  std::vector<Octets> wire;  // what it sent and the attacker holds
  int connected = 0;
  int ended = 0;
};

class Fuzz {
 public:
  Fuzz(const std::uint8_t* data, std::size_t size) : in_(data, size) {
    const std::uint8_t flags = in_.byte();
    ends_.emplace_back(Role::Client, (flags & 1) != 0);
    ends_.emplace_back(Role::Server, (flags & 2) != 0);
    ends_[1].session.start(now_, 0ms);
    ends_[0].session.start(now_, 0ms);
    collect();
    if ((flags & 4) != 0) deliverAll();
    if ((flags & 8) != 0) deliverAll();
  }
  void run() {
    for (int i = 0; i < 200 && in_.more(); ++i) {
      step();
      collect();
    }
  }

 private:
  static constexpr std::size_t kMaxHeld = 64;

  void step() {
    const std::uint8_t op = in_.byte();
    const std::size_t who = op & 1;
    End& a = ends_[who];
    End& b = ends_[1 - who];
    switch ((op >> 1) % 12) {
      case 0:
        return deliverAll();
      case 1:
        return deliverOne(a, b, true, {});
      case 2:
        return deliverOne(a, b, false, {});  // and again later
      case 3: {
        const std::uint16_t at = in_.word();
        const std::uint8_t change = in_.byte();
        return deliverOne(a, b, false, [at, change](Octets& d) {
          if (!d.empty()) d[at % d.size()] ^= change;
        });
      }
      case 4: {
        const std::uint16_t length = in_.word();
        return deliverOne(a, b, false, [length](Octets& d) {
          d.resize(std::min<std::size_t>(length % 1500, d.size()));
        });
      }
      case 5:
        return receive(a, in_.some());
      case 6:
        return header(a);
      case 7:
        now_ += std::chrono::milliseconds(in_.byte() * 16);
        for (End& e : ends_)
          e.session.handleTimeout(now_);
        return;
      case 8:
        return send(a);
      case 9:
        if (!a.wire.empty()) a.wire.erase(a.wire.begin());
        return;
      case 10:
        a.session.setRemoteFingerprints(End::fingerprints(a.session.role()), now_);
        return;
      case 11:
        if (in_.byte() < 32) a.session.close(now_);
        return;
    }
  }
  // A record of the attacker's with a header that may be right.
  void header(End& a) {
    Octets record(kRecordHeader);
    const std::uint8_t kind = in_.byte();
    const std::uint16_t sequence = in_.word();
    const Octets body = in_.some();
    writeRecordHeader(record.data(), static_cast<ContentType>(20 + (kind & 3)),
                      static_cast<std::uint16_t>((kind >> 2) & 3), sequence, body.size());
    record.insert(record.end(), body.begin(), body.end());
    receive(a, record);
  }
  void send(End& a) {
    Octets text = in_.some();
    Octets room(text.size() + Session::kMaxOverhead);
    const auto n = a.session.seal(text, room);
    PARLEY_CHECK(n.ok() == (a.session.state() == State::Connected));
    if (!n.ok()) return;
    room.resize(*n);
    a.sent.insert(std::move(text));
    hold(a, std::move(room));
  }
  void deliverOne(End& from, End& to, bool remove, const std::function<void(Octets&)>& change) {
    if (from.wire.empty()) return;
    const std::size_t at = in_.byte() % from.wire.size();
    Octets datagram = from.wire[at];
    if (remove) from.wire.erase(from.wire.begin() + static_cast<std::ptrdiff_t>(at));
    if (change) change(datagram);
    receive(to, std::move(datagram));
  }
  void deliverAll() {
    for (std::size_t who = 0; who < 2; ++who) {
      collect();
      auto all = std::move(ends_[who].wire);
      ends_[who].wire.clear();
      for (Octets& d : all)
        receive(ends_[1 - who], std::move(d));
    }
  }
  void receive(End& a, Octets datagram) {
    a.session.handleDatagram(datagram, now_);
    read(a);
  }
  void read(End& a) {
    End& b = ends_[&a == &ends_[0] ? 1 : 0];
    while (const auto data = a.session.nextApplicationData()) {
      PARLEY_CHECK(b.sent.count(Octets(data->begin(), data->end())) == 1);
      PARLEY_CHECK(a.session.state() == State::Connected);
    }
  }
  void hold(End& a, Octets datagram) {
    if (a.wire.size() < kMaxHeld) a.wire.push_back(std::move(datagram));
  }
  void collect() {
    for (End& e : ends_) {
      read(e);
      Octets room(2048);
      std::size_t datagrams = 0;
      while (const std::size_t n = e.session.pollDatagram(room, now_)) {
        PARLEY_CHECK(n <= 1200 && ++datagrams <= DatagramQueue::kMaxDatagrams);
        hold(e, {room.begin(), room.begin() + static_cast<std::ptrdiff_t>(n)});
      }
      while (const auto event = e.session.pollEvent())
        note(e, *event);
      const bool over = e.session.state() == State::Closed || e.session.state() == State::Failed;
      PARLEY_CHECK(!over || e.session.nextTimeout() == kNever);
    }
  }
  static void note(End& e, const Session::Event& event) {
    if (std::holds_alternative<Connected>(event)) {
      PARLEY_CHECK(++e.connected == 1 && e.ended == 0);
      PARLEY_CHECK(End::fingerprints(e.session.role())[0].matches(e.session.remoteCertificate()));
    } else {
      PARLEY_CHECK(++e.ended == 1);
    }
  }

  Input in_;
  Time now_{};
  std::vector<End> ends_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  world();
  parley::test::seedOpenSsl(2);
  Fuzz(data, size).run();
  return 0;
}
