// The client's allocation machine, state first: it knows its password and so does the server that
// the input plays. Steps: genuine and forged answers to whatever it asked last, challenges,
// relayed data, raw bytes, time, permissions, channels, packets. Whatever comes, its promises hold:
// bounded tables, what finish() writes unwraps at a server, and silence after the end.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "stun/attributes.h"
#include "stun/long_term.h"
#include "stun/message_writer.h"
#include "turn/channel_data.h"
#include "turn/client/allocation.h"

namespace {

using namespace parley;
using namespace parley::turn::client;
namespace attr = parley::stun::attr;

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

constexpr std::string_view kUser = "alice";
constexpr std::string_view kPassword = "secret";
constexpr std::string_view kRealm = "fuzz";

class Session {
 public:
  explicit Session(Input& in)
      : in_(in),
        path_{LinkId{1}, in.byte() % 2 == 0 ? Transport::Udp : Transport::Tcp,
              *Address::parse("198.51.100.7:4000"), *Address::parse("192.0.2.1:3478")},
        allocation_(path_,
                    {.username = std::string(kUser),
                     .password = std::string(kPassword),
                     .family = in.byte() % 4 == 0 ? Family::V6 : Family::V4},
                    random_) {
    allocation_.start(now_);
    pump();
  }

  void run() {
    while (in_.more()) {
      step();
      pump();
    }
    allocation_.release(now_);
    pump();
    // Whatever it waits for comes to an end once time goes on and nobody answers.
    for (int i = 0; i < 200'000 && allocation_.nextTimeout() != kNever; ++i) {
      now_ = std::max(now_, allocation_.nextTimeout());
      allocation_.handleTimeout(now_);
      pump();
    }
    PARLEY_CHECK(allocation_.nextTimeout() == kNever);
    PARLEY_CHECK(allocation_.state() == Allocation::State::Done);
  }

 private:
  Address peer() {
    const std::uint8_t n = in_.byte();
    const std::string ip = n % 8 == 0 ? "[2001:db8::" : "203.0.113.";
    return *Address::parse(ip + std::to_string(n % 90) + (n % 8 == 0 ? "]" : "") + ":500" +
                           std::to_string(n % 3));
  }

  void step() {
    switch (in_.byte() % 12) {
      case 0:
        return answer(stun::Class::Success);
      case 1:
        return answer(stun::Class::Error);
      case 2:
        return challenge();
      case 3: {
        const ConstBytes bytes = in_.some();
        return deliver({bytes.begin(), bytes.end()});
      }
      case 4:
        (void)allocation_.addPermission(peer(), now_);
        return;
      case 5:
        (void)allocation_.bindChannel(peer(), now_);
        return;
      case 6:
        return allocation_.removePermission(peer());
      case 7:
        return send();
      case 8:
        return relayed();
      case 9:
        now_ += std::chrono::milliseconds{in_.word() % 700'000};
        return allocation_.handleTimeout(now_);
      case 10:
        return allocation_.handlePathEvent(path_, static_cast<PathEvent>(in_.byte() % 4), now_);
      default:
        if (in_.byte() == 0) allocation_.release(now_);
    }
  }

  void pump() {
    std::vector<std::uint8_t> arena(64 * 1024);
    std::array<Transmit, 8> items;
    TransmitBatch batch(arena, items);
    drain(
        allocation_, batch, now_,
        [&](const TransmitBatch& b) {
          for (const Transmit& t : b.trains()) {
            const Train train(t.path, b.bytes(t), t.segmentSize);
            for (std::size_t i = 0; i < train.size(); ++i)
              asked(train[i]);
          }
        },
        [](const Allocation::Event&) {});
  }
  void asked(ConstBytes request) {
    const auto m = stun::Message::parse(request);
    PARLEY_CHECK(m.ok() && m->messageClass() == stun::Class::Request);
    if (requests_.size() == 8) requests_.erase(requests_.begin());
    requests_.emplace_back(request.begin(), request.end());
  }

  template <class Fill>
  void reply(stun::Class c, bool sign, Fill&& fill) {
    if (requests_.empty()) return;
    const auto& request = requests_[in_.byte() % requests_.size()];
    const auto m = stun::Message::parse(request);
    std::vector<std::uint8_t> out(4096);
    stun::MessageWriter w(out, m->method(), c, m->transactionId());
    fill(w);
    if (sign && m->integrity() != stun::Integrity::None) {
      const bool sha256 = m->integrity() == stun::Integrity::Sha256;
      const stun::LongTermKey key(
          sha256 ? stun::PasswordAlgorithm::Sha256 : stun::PasswordAlgorithm::Md5, kUser, kRealm,
          kPassword);
      crypto::HmacKey hmac(sha256 ? crypto::HmacAlgorithm::Sha256 : crypto::HmacAlgorithm::Sha1,
                           key.bytes());
      w.integrity(hmac);
    }
    out.resize(w.finish());
    deliver(std::move(out));
  }
  void answer(stun::Class c) {
    const std::uint8_t shape = in_.byte();
    reply(c, (shape & 1) == 0, [&](stun::MessageWriter& w) {
      if (c == stun::Class::Error)
        w.errorCode(static_cast<std::uint16_t>(300 + in_.word() % 300), asText(in_.some()));
      if ((shape & 2) == 0) {
        w.xorAddress(attr::kXorRelayedAddress, peer());
        w.xorAddress(attr::kXorMappedAddress, peer());
        w.u32(attr::kLifetime, (shape & 4) != 0 ? in_.word() : 600);
      }
      if ((shape & 8) != 0) w.address(attr::kAlternateServer, peer());
      if ((shape & 16) != 0) w.attribute(in_.byte(), in_.some());
    });
  }
  void challenge() {
    const std::uint8_t shape = in_.byte();
    reply(stun::Class::Error, false, [&](stun::MessageWriter& w) {
      w.errorCode((shape & 1) != 0 ? 438 : 401, "");
      if ((shape & 2) == 0) w.text(attr::kRealm, (shape & 4) != 0 ? asText(in_.some()) : kRealm);
      if ((shape & 8) == 0) {
        std::string nonce = (shape & 16) != 0 ? "obMatJos2wAAA" : "n";
        nonce += asText(in_.some());
        w.text(attr::kNonce, nonce);
      }
      constexpr std::array<std::uint8_t, 8> kList = {0, 2, 0, 0, 0, 1, 0, 0};
      if ((shape & 32) != 0)
        w.attribute(attr::kPasswordAlgorithms, (shape & 64) != 0 ? in_.some() : ConstBytes(kList));
    });
  }
  void deliver(std::vector<std::uint8_t> bytes) {
    if (const auto data = allocation_.unwrap(bytes)) {
      PARLEY_CHECK(data->payload.size() <= bytes.size());
      if (!data->payload.empty()) data->payload[0] ^= 1;  // ours to change
      return;
    }
    allocation_.handleDatagrams(Train(path_, bytes), now_);
  }
  void relayed() {
    const Address from = peer();
    std::vector<std::uint8_t> out(1024);
    if (in_.byte() % 2 == 0) {
      const ConstBytes payload = in_.some();
      turn::writeChannelHeader(
          out.data(), turn::ChannelNumber{static_cast<std::uint16_t>(0x4000 + in_.byte() % 70)},
          payload.size());
      std::copy(payload.begin(), payload.end(), out.begin() + 4);
      out.resize(4 + payload.size());
      return deliver(std::move(out));
    }
    stun::MessageWriter w(out, stun::Method::Data, stun::Class::Indication, {});
    w.xorAddress(attr::kXorPeerAddress, from);
    if (in_.byte() % 2 == 0)
      w.attribute(attr::kData, in_.some());
    else
      w.attribute(attr::kIcmp, in_.some());
    out.resize(w.finish());
    deliver(std::move(out));
  }
  // Never more than the room, and what a server can read.
  void send() {
    const Address to = peer();
    const ConstBytes payload = in_.some();
    const std::size_t head = allocation_.headroom(to);
    std::vector<std::uint8_t> room(head + payload.size() + kTailroom);
    std::copy(payload.begin(), payload.end(), room.begin() + static_cast<std::ptrdiff_t>(head));
    const bool channel = allocation_.hasChannel(to);
    const std::size_t n = allocation_.finish(room, payload.size(), to);
    if (n == 0) return;
    PARLEY_CHECK(allocation_.state() == Allocation::State::Live && n <= room.size());
    if (channel) {
      PARLEY_CHECK(loadBe16(room.data() + 2) == payload.size());
      return;
    }
    const auto m = stun::Message::parse(ConstBytes(room).first(n));
    PARLEY_CHECK(m.ok() && m->method() == stun::Method::Send);
    PARLEY_CHECK(std::ranges::equal(*m->find(attr::kData), payload));
    PARLEY_CHECK(stun::decodeXorAddress(*m->find(attr::kXorPeerAddress), m->transactionId()) == to);
  }

  Input& in_;
  SeededRandom random_{1};
  Time now_{std::chrono::hours{1}};
  Path path_;
  Allocation allocation_;
  std::vector<std::vector<std::uint8_t>> requests_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  Session(in).run();
  return 0;
}
