#include "driver/stream.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "crypto/certificate.h"
#include "driver/first_byte.h"
#include "driver/tcp_listener.h"
#include "tests/unit/driver/loop_testing.h"

namespace parley::driver {
namespace {

crypto::PemCertificate certificate() {
  crypto::SelfSignedOptions options;
  options.dnsNames = {"localhost"};
  options.notBefore = wallTimeFromUnixSeconds(0);
  options.notAfter = wallTimeFromUnixSeconds(4'000'000'000);
  return crypto::makeSelfSigned(options).value();
}

// A listener whose one stream is written down.
class Host final : public TcpListener::Owner, public Stream::Owner {
 public:
  explicit Host(StreamLimits limits = {}, std::shared_ptr<TlsContext> tls = nullptr)
      : limits_(limits), tls_(std::move(tls)) {
    auto socket = TcpSocket::bind(Address(IpAddress::v4(127, 0, 0, 1), 0)).value();
    listener_ = TcpListener::listen(*loop, *this, std::move(socket)).value();
  }

  Address address() const { return listener_->local(); }
  bool connected() {
    return runUntil(*loop, [this] { return stream != nullptr; });
  }

  void handleAccepted(TcpListener&, Descriptor fd, const Address& remote) override {
    ++accepted;
    if (stream) return;
    std::optional<TlsSession> session;
    if (tls_) session.emplace(tls_);
    stream =
        Stream::make(*loop, *this, buffers, std::move(fd), std::move(session), limits_).value();
    EXPECT_EQ(stream->remote(), remote);
  }
  void handleOutOfDescriptors(TcpListener&) override { ++outOfDescriptors; }
  void handleStreamBytes(Stream& s, Bytes bytes) override {
    received += asText(bytes);
    if (detachAtFirst) parts = s.detach();
  }
  void handleStreamEnd(Stream&) override { ended = true; }
  void handleStreamClosed(Stream&, StreamEnd why) override { closed = why; }

  std::unique_ptr<Loop> loop = Loop::make().value();
  StreamBuffers buffers;
  std::unique_ptr<Stream> stream;
  std::string received;
  bool ended = false;
  bool detachAtFirst = false;
  std::optional<StreamEnd> closed;
  std::optional<Stream::Parts> parts;
  int accepted = 0;
  int outOfDescriptors = 0;

 private:
  StreamLimits limits_;
  std::shared_ptr<TlsContext> tls_;
  std::unique_ptr<TcpListener> listener_;
};

void say(Stream& s, std::string_view text, Priority priority = Priority::Control) {
  s.send({}, asBytes(text), 0, priority);
  s.flush();
}

TEST(Stream, CarriesBytesBothWaysEvenOneByOne) {
  Host host;
  TcpClient client(host.address());
  ASSERT_TRUE(host.connected());
  const std::string text = "every byte comes alone";
  for (const char c : text) {
    client.send(asBytes({&c, 1}));
    host.loop->runOnce(1ms);
  }
  ASSERT_TRUE(runUntil(*host.loop, [&] { return host.received.size() == text.size(); }));
  EXPECT_EQ(host.received, text);
  host.stream->send(asBytes("head"), asBytes("body"), 2, Priority::Media);
  host.stream->flush();
  std::string got;
  ASSERT_TRUE(runUntil(*host.loop, [&] { return (got += client.receive()).size() == 10; }));
  EXPECT_EQ(got, std::string("headbody\0\0", 10));
}

TEST(Stream, HalfCloseLetsTheAnswerThrough) {
  Host host;
  TcpClient client(host.address());
  ASSERT_TRUE(host.connected());
  client.send(asBytes("question"));
  client.endSending();
  ASSERT_TRUE(runUntil(*host.loop, [&] { return host.ended; }));
  EXPECT_EQ(host.received, "question");
  say(*host.stream, "answer");
  host.stream->finish();
  std::string got;
  ASSERT_TRUE(runUntil(*host.loop, [&] {
    got += client.receive();
    return client.ended() && host.closed.has_value();
  }));
  EXPECT_EQ(got, "answer");
  EXPECT_EQ(host.closed, StreamEnd::PeerClosed);
}

TEST(Stream, FinishWaitsForTheOtherEndAndThenForNobody) {
  StreamLimits limits;
  limits.linger = 5ms;
  Host host(limits);
  TcpClient client(host.address());
  ASSERT_TRUE(host.connected());
  say(*host.stream, "bye");
  host.stream->finish();
  say(*host.stream, "not sent any more");
  ASSERT_TRUE(runUntil(*host.loop, [&] { return host.closed.has_value(); }));
  std::string got;
  ASSERT_TRUE(runUntil(*host.loop, [&] {
    got += client.receive();
    return client.ended();
  }));
  EXPECT_EQ(got, "bye");
}

TEST(Stream, ABrokenConnectionEnds) {
  Host host;
  TcpClient client(host.address());
  ASSERT_TRUE(host.connected());
  client.reset();
  ASSERT_TRUE(runUntil(*host.loop, [&] { return host.closed.has_value(); }));
  EXPECT_EQ(host.closed, StreamEnd::Reset);
  say(*host.stream, "to nobody");  // harmless
}

// Messages of 1000 bytes: a number and filling.
std::string numbered(std::uint32_t n) {
  std::string s(1000, static_cast<char>('a' + n % 26));
  storeBe32(reinterpret_cast<std::uint8_t*>(s.data()), n);
  return s;
}

TEST(Stream, ASlowReaderIsBoundedAndGetsWholeMessages) {
  StreamLimits limits;
  limits.mediaBytes = 100'000;
  Host host(limits);
  TcpClient client(host.address(), 4096);
  ASSERT_TRUE(host.connected());
  constexpr std::uint32_t kMessages = 20'000;  // 20 MB into a reader that does not read
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    host.stream->send({}, asBytes(numbered(i)), 0, Priority::Media);
    if (i % 16 == 0) host.stream->flush();
    ASSERT_LE(host.stream->queuedBytes(), limits.mediaBytes);
  }
  EXPECT_GT(host.stream->droppedMessages(), 0u);
  std::string got;
  ASSERT_TRUE(runUntil(*host.loop, [&] {
    got += client.receive();
    return got.size() + host.stream->droppedMessages() * 1000 == std::size_t{kMessages} * 1000;
  }));
  std::uint32_t last = 0;
  for (std::size_t at = 0; at < got.size(); at += 1000) {
    const std::string message = got.substr(at, 1000);
    const std::uint32_t n = loadBe32(asBytes(message).data());
    ASSERT_EQ(message, numbered(n));
    ASSERT_TRUE(at == 0 || n > last);
    last = n;
  }
  EXPECT_EQ(last, kMessages - 1);  // the newest is what a slow reader gets
}

TEST(Stream, ControlBeyondTheHardLimitEndsTheStream) {
  StreamLimits limits;
  limits.queueBytes = 50'000;
  Host host(limits);
  TcpClient client(host.address());
  ASSERT_TRUE(host.connected());
  const std::string text(10'000, 'x');
  for (int i = 0; i < 6; ++i) {
    host.stream->send({}, asBytes(text), 0, Priority::Control);  // not flushed
  }
  EXPECT_EQ(host.closed, StreamEnd::Overflow);
}

TEST(Stream, AReaderThatTakesNothingIsGivenUp) {
  StreamLimits limits;
  limits.stall = 10ms;
  limits.queueBytes = 64 * 1024 * 1024;
  Host host(limits);
  TcpClient client(host.address(), 4096);
  ASSERT_TRUE(host.connected());
  say(*host.stream, std::string(32 * 1024 * 1024, 'x'));
  ASSERT_TRUE(runUntil(*host.loop, [&] { return host.closed.has_value(); }));
  EXPECT_EQ(host.closed, StreamEnd::Stalled);
}

TEST(Stream, TheOwnersDeadlineEndsIt) {
  Host host;
  TcpClient client(host.address());
  ASSERT_TRUE(host.connected());
  host.stream->setIdleDeadline(host.loop->now() + 1h);
  host.stream->setIdleDeadline(host.loop->now() + 3ms);
  ASSERT_TRUE(runUntil(*host.loop, [&] { return host.closed.has_value(); }));
  EXPECT_EQ(host.closed, StreamEnd::Idle);
}

// --- TLS

struct TlsClient {
  TlsClient(const Address& to, const std::string& trusted)
      : tcp(to), session(TlsContext::client({trusted, true, {}}).value(), "localhost") {}
  void move() {
    if (!session.output().empty()) {
      tcp.send(session.output());
      session.consumeOutput(session.output().size());
    }
    const std::string cipher = tcp.receive(16 * 1024);  // the session takes so much in one go
    EXPECT_EQ(session.feed(asBytes(cipher)), cipher.size());
    std::vector<std::uint8_t> room(20'000);
    while (const std::size_t n = session.read(room)) {
      plain += asText(ConstBytes(room).first(n));
    }
  }
  TcpClient tcp;
  TlsSession session;
  std::string plain;
};

struct TlsPair {
  explicit TlsPair(StreamLimits limits = {})
      : host(limits, TlsContext::server({pem.certificate, pem.privateKey, {}}).value()),
        client(host.address(), pem.certificate) {}
  template <class F>
  bool until(F&& done) {
    return runUntil(*host.loop, [&] {
      client.move();
      return done();
    });
  }
  crypto::PemCertificate pem = certificate();
  Host host;
  TlsClient client;
};

TEST(StreamTls, CarriesDataBothWays) {
  TlsPair p;
  ASSERT_TRUE(p.until([&] { return p.client.session.state() == TlsSession::State::Open; }));
  EXPECT_EQ(p.host.stream->transport(), Transport::Tls);
  const std::string large(300'000, 'y');
  std::string_view rest = large;
  say(*p.host.stream, large);
  ASSERT_TRUE(p.until([&] {
    rest.remove_prefix(p.client.session.write(asBytes(rest.substr(0, 20'000))));
    return p.host.received.size() == large.size() && p.client.plain.size() == large.size();
  }));
  EXPECT_EQ(p.host.received, large);
  EXPECT_EQ(p.client.plain, large);
}

TEST(StreamTls, CloseNotifyIsAnOrderlyEnd) {
  TlsPair p;
  ASSERT_TRUE(p.until([&] { return p.client.session.state() == TlsSession::State::Open; }));
  p.client.session.write(asBytes("last"));
  p.client.session.shutdown();
  ASSERT_TRUE(p.until([&] { return p.host.ended; }));
  EXPECT_EQ(p.host.received, "last");
  p.host.stream->finish();
  ASSERT_TRUE(p.until([&] { return p.client.tcp.ended() && p.host.closed.has_value(); }));
  EXPECT_EQ(p.host.closed, StreamEnd::PeerClosed);
  EXPECT_EQ(p.client.session.state(), TlsSession::State::PeerClosed);
}

TEST(StreamTls, ACutStreamIsTruncation) {
  TlsPair p;
  ASSERT_TRUE(p.until([&] { return p.client.session.state() == TlsSession::State::Open; }));
  p.client.session.write(asBytes("half a"));
  p.client.move();
  p.client.tcp.endSending();  // no close_notify
  ASSERT_TRUE(runUntil(*p.host.loop, [&] { return p.host.closed.has_value(); }));
  EXPECT_EQ(p.host.received, "half a");
  EXPECT_EQ(p.host.closed, StreamEnd::TlsFailed);
}

TEST(StreamTls, AHandshakeThatDoesNotComeTimesOut) {
  const auto pem = certificate();
  StreamLimits limits;
  limits.handshake = 5ms;
  Host host(limits, TlsContext::server({pem.certificate, pem.privateKey, {}}).value());
  TcpClient silent(host.address());
  ASSERT_TRUE(runUntil(*host.loop, [&] { return host.closed.has_value(); }));
  EXPECT_EQ(host.closed, StreamEnd::HandshakeTimeout);
}

TEST(StreamTls, PlainTextOnATlsPortFails) {
  const auto pem = certificate();
  Host host({}, TlsContext::server({pem.certificate, pem.privateKey, {}}).value());
  TcpClient client(host.address());
  client.send(asBytes("GET / HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(runUntil(*host.loop, [&] { return host.closed.has_value(); }));
  EXPECT_EQ(host.closed, StreamEnd::TlsFailed);
  EXPECT_EQ(host.received, "");
}

TEST(StreamTls, CanBeHandedToAnotherOwnerAtItsFirstByte) {
  TlsPair p;
  p.host.detachAtFirst = true;
  ASSERT_TRUE(p.until([&] { return p.client.session.state() == TlsSession::State::Open; }));
  p.client.session.write(asBytes("GET "));
  ASSERT_TRUE(p.until([&] { return p.host.parts.has_value(); }));
  EXPECT_EQ(streamKind(static_cast<std::uint8_t>(p.host.received[0])), StreamKind::Http);
  EXPECT_TRUE(p.host.stream->closed());
  EXPECT_FALSE(p.host.closed.has_value());  // handed over, not ended
  // The new owner goes on where the old one stopped.
  p.host.detachAtFirst = false;
  p.host.received.clear();
  auto next = Stream::make(*p.host.loop, p.host, p.host.buffers,
                           std::move(p.host.parts->descriptor), std::move(p.host.parts->tls), {})
                  .value();
  p.client.session.write(asBytes("/ HTTP/1.1"));
  ASSERT_TRUE(p.until([&] { return p.host.received == "/ HTTP/1.1"; }));
  say(*next, "200");
  EXPECT_TRUE(p.until([&] { return p.client.plain == "200"; }));
}

TEST(FirstByte, StunBeginsWithTwoZeroBitsAndTheRestIsHttp) {
  EXPECT_EQ(streamKind(0x00), StreamKind::Stun);
  EXPECT_EQ(streamKind(0x3F), StreamKind::Stun);
  for (const char c : std::string("GPHODTC\x16\x80\xff")) {
    if (c == '\x16')
      continue;  // a TLS record within TLS would be STUN by this rule, and fail there
    EXPECT_EQ(streamKind(static_cast<std::uint8_t>(c)), StreamKind::Http);
  }
}

// --- listening

TEST(TcpListener, APortInUseIsAnError) {
  Host host;
  const auto taken = TcpSocket::bind(host.address());
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code(), ErrorCode::InUse);
}

class Counter final : public TcpListener::Owner {
 public:
  void handleAccepted(TcpListener&, Descriptor, const Address&) override { ++accepted; }
  void handleOutOfDescriptors(TcpListener&) override { ADD_FAILURE(); }
  int accepted = 0;
};

TEST(TcpListener, ASharedPortSpreadsItsClients) {
  const auto loop = Loop::make().value();
  auto first = TcpSocket::bind(Address(IpAddress::v4(127, 0, 0, 1), 0)).value();
  const Address at = first.local();
  ASSERT_TRUE(first.share());
  std::array<Counter, 4> owners;
  std::vector<std::unique_ptr<TcpListener>> listeners;
  listeners.push_back(TcpListener::listen(*loop, owners[0], std::move(first)).value());
  for (std::size_t i = 1; i < owners.size(); ++i) {
    auto next = TcpSocket::bind(at, true).value();
    listeners.push_back(TcpListener::listen(*loop, owners[i], std::move(next)).value());
  }
  std::vector<TcpClient> clients;
  for (int i = 0; i < 64; ++i) {
    clients.emplace_back(at);
  }
  const auto total = [&owners] {
    int sum = 0;
    for (const Counter& c : owners) {
      sum += c.accepted;
    }
    return sum;
  };
  ASSERT_TRUE(runUntil(*loop, [&] { return total() == 64; }));
  for (const Counter& c : owners) {
    EXPECT_GT(c.accepted, 0);
  }
}

TEST(TcpListener, WithoutDescriptorsItRefusesAndRecovers) {
  Host host;
  TcpClient first(host.address());
  ASSERT_TRUE(host.connected());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const Descriptor waiting(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // No descriptor above those open now.
  const rlimit none{static_cast<rlim_t>(::fcntl(waiting.get(), F_DUPFD_CLOEXEC, 0)),
                    before.rlim_max};
  const Descriptor top(static_cast<int>(none.rlim_cur));
  std::vector<Descriptor> filling;
  const rlimit low{none.rlim_cur + 1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  for (int fd = ::dup(waiting.get()); fd >= 0; fd = ::dup(waiting.get())) {
    filling.emplace_back(fd);
  }
  const SocketAddress sa = toSocketAddress(host.address());
  EXPECT_EQ(::connect(waiting.get(), sa.get(), sa.length), 0);
  EXPECT_TRUE(runUntil(*host.loop, [&] { return host.outOfDescriptors > 0; }));
  char c = 0;
  EXPECT_LE(::recv(waiting.get(), &c, 1, 0), 0);  // closed by the server, not left hanging
  EXPECT_EQ(host.outOfDescriptors, 1);
  filling.clear();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  const int acceptedBefore = host.accepted;
  TcpClient later(host.address());
  EXPECT_TRUE(runUntil(*host.loop, [&] { return host.accepted > acceptedBefore; }));
}

}  // namespace
}  // namespace parley::driver
