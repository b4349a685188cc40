#include "driver/engine_runner.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <string>
#include <variant>

#include "base/base64.h"
#include "crypto/certificate.h"
#include "driver/tcp_listener.h"
#include "tests/unit/driver/loop_testing.h"

namespace parley::driver {
namespace {

// Says what it is told to say, and tells everything it hears.
class Talker {
 public:
  struct Heard {
    Path path;
    std::string bytes;
    std::size_t trainSize;
  };
  struct Woken {};
  struct PathNews {
    Path path;
    PathEvent event;
  };
  using Event = std::variant<Heard, Woken, PathNews>;

  void say(const Path& path, std::string bytes) { out_.push_back({path, std::move(bytes)}); }
  void wakeAt(Time at) { wakeAt_ = at; }
  bool echoes = false;

  void handleDatagrams(const Train& in, Time) {
    for (std::size_t i = 0; i < in.size(); ++i) {
      events_.push_back(Heard{in.path(), std::string(asText(in[i])), in.size()});
      if (echoes) say(in.path(), std::string(asText(in[i])));
    }
  }
  void handlePathEvent(const Path& path, PathEvent event, Time) {
    events_.push_back(PathNews{path, event});
  }
  void handleTimeout(Time now) {
    if (now < wakeAt_) return;
    wakeAt_ = kNever;
    events_.push_back(Woken{});
  }
  Time nextTimeout() const { return wakeAt_; }
  More pollTransmit(TransmitBatch& out, Time) {
    while (!out_.empty()) {
      const auto& [path, bytes] = out_.front();
      const Bytes room = out.reserve(bytes.size());
      if (room.empty()) return More::Yes;
      std::copy(bytes.begin(), bytes.end(), room.begin());
      out.commit(path, bytes.size());
      out_.pop_front();
    }
    return More::No;
  }
  std::optional<Event> pollEvent() {
    if (events_.empty()) return std::nullopt;
    Event e = std::move(events_.front());
    events_.pop_front();
    return e;
  }

 private:
  std::deque<std::pair<Path, std::string>> out_;
  std::deque<Event> events_;
  Time wakeAt_ = kNever;
};

// A message is a length of one byte and as many bytes. 0 ends in failure.
struct ShortFraming {
  void append(ConstBytes b) { pending.insert(pending.end(), b.begin(), b.end()); }
  std::optional<Bytes> next() {
    if (bad || pending.empty()) return std::nullopt;
    if (pending[0] == 0) bad = true;
    const std::size_t n = std::size_t{1} + pending[0];
    if (bad || pending.size() < n) return std::nullopt;
    current.assign(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(n));
    pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(n));
    return Bytes(current);
  }
  bool failed() const { return bad; }
  static bool isMedia(ConstBytes) { return false; }
  std::vector<std::uint8_t> pending;
  std::vector<std::uint8_t> current;
  bool bad = false;
};

struct World final : Loop::RoundHandler {
  World() { loop->setRoundHandler(this); }
  void handleRoundEnd() override { shared.endRound(); }
  std::unique_ptr<Loop> loop = Loop::make().value();
  RunnerShared shared{*loop};
};

struct End {
  using Runner = EngineRunner<Talker, End, ShortFraming>;
  explicit End(World& w) : world(w), runner(std::make_unique<Runner>(w.shared, engine, *this)) {}
  void handleEngineEvent(Talker::Event& e) {
    if (const auto* h = std::get_if<Talker::Heard>(&e)) heard.push_back(*h);
    if (std::holds_alternative<Talker::Woken>(e)) ++woken;
    if (const auto* n = std::get_if<Talker::PathNews>(&e)) news.push_back(*n);
    if (onEvent) onEvent();
  }
  void handleStreamOpened(StreamTicket t, const Path& p) { opened.emplace_back(t, p); }
  void handleStreamFailed(StreamTicket t, const Error& e) { failed.emplace_back(t, e); }

  World& world;
  Talker engine;
  std::vector<Talker::Heard> heard;
  std::vector<Talker::PathNews> news;
  std::vector<std::pair<StreamTicket, Path>> opened;
  std::vector<std::pair<StreamTicket, Error>> failed;
  int woken = 0;
  std::function<void()> onEvent;
  std::unique_ptr<Runner> runner;
};

const Address kAnyPort(IpAddress::loopback(Family::V4), 0);

Path to(const Path& mine, const Path& theirs) {
  return {mine.link, Transport::Udp, mine.local, theirs.local};
}

TEST(EngineRunner, TrainsGoFromEngineToEngineInOrder) {
  World w;
  End a(w);
  End b(w);
  const Path pa = a.runner->bind(kAnyPort).value();
  const Path pb = b.runner->bind(kAnyPort).value();
  ASSERT_NE(pa.link, pb.link);
  for (int i = 0; i < 40; ++i)
    a.engine.say(to(pa, pb), std::string(1000, static_cast<char>('0' + i)));
  a.runner->pump();
  ASSERT_TRUE(runUntil(*w.loop, [&] { return b.heard.size() == 40; }));
  for (std::size_t i = 0; i < 40; ++i)
    EXPECT_EQ(b.heard[i].bytes[0], static_cast<char>('0' + i));
  EXPECT_EQ(b.heard[0].path.link, pb.link);
  EXPECT_EQ(b.heard[0].path.remote, pa.local);
  EXPECT_EQ(b.heard[0].trainSize, 40u);  // one system call each way
}

TEST(EngineRunner, AnswersBackAndForth) {
  World w;
  End a(w);
  End b(w);
  const Path pa = a.runner->bind(kAnyPort).value();
  const Path pb = b.runner->bind(kAnyPort).value();
  b.engine.echoes = true;
  int rounds = 0;
  a.onEvent = [&] {
    if (++rounds < 500) a.engine.say(to(pa, pb), "ping");
  };
  a.engine.say(to(pa, pb), "ping");
  a.runner->pump();
  EXPECT_TRUE(runUntil(*w.loop, [&] { return rounds == 500; }));
}

TEST(EngineRunner, KeepsTheEnginesTimer) {
  World w;
  End a(w);
  a.engine.wakeAt(w.loop->now() + 5ms);
  a.runner->pumpSoon();
  EXPECT_EQ(a.woken, 0);
  EXPECT_TRUE(runUntil(*w.loop, [&] { return a.woken == 1; }));
}

TEST(EngineRunner, SocketsAndTheRunnerItselfMayGoInACallback) {
  World w;
  End a(w);
  auto b = std::make_unique<End>(w);
  const Path pa = a.runner->bind(kAnyPort).value();
  const Path pb = b->runner->bind(kAnyPort).value();
  const Path pb2 = b->runner->bind(kAnyPort).value();
  EXPECT_NE(b->runner->socket(pb2.link), nullptr);
  b->onEvent = [&] { b->runner->close(pb.link); };
  for (int i = 0; i < 20; ++i)
    a.engine.say(to(pa, pb), std::string(static_cast<std::size_t>(100 + i), 'x'));
  a.engine.say(to(pa, pb2), "still here");
  a.runner->pump();
  ASSERT_TRUE(runUntil(*w.loop,
                       [&] { return !b->heard.empty() && b->heard.back().bytes == "still here"; }));
  EXPECT_EQ(b->heard.size(), 2u);
  EXPECT_EQ(b->runner->socket(pb.link), nullptr);

  bool gone = false;
  b->onEvent = [&] {
    gone = true;
    w.shared.bury(std::move(b->runner));
  };
  for (int i = 0; i < 3; ++i)
    a.engine.say(to(pa, pb2), std::string(static_cast<std::size_t>(10 + i), 'x'));
  a.runner->pump();
  EXPECT_TRUE(runUntil(*w.loop, [&] { return gone; }));
  w.loop->runOnce(0ms);
}

TEST(EngineRunner, TellsOfIcmpErrors) {
  World w;
  End a(w);
  UdpOptions options;
  options.errors = true;
  const Path pa = a.runner->bind(kAnyPort, options).value();
  Address closed;
  {
    End b(w);
    closed = b.runner->bind(kAnyPort).value().local;
  }
  a.engine.say({pa.link, Transport::Udp, pa.local, closed}, "anybody?");
  a.runner->pump();
  ASSERT_TRUE(runUntil(*w.loop, [&] { return !a.news.empty(); }));
  EXPECT_EQ(a.news[0].event, PathEvent::Icmp);
  EXPECT_EQ(a.news[0].path.link, pa.link);
  EXPECT_EQ(a.news[0].path.remote, closed);
}

crypto::PemCertificate certificate(std::vector<std::string> names) {
  crypto::SelfSignedOptions options;
  options.dnsNames = std::move(names);
  options.notBefore = wallTimeFromUnixSeconds(0);
  options.notAfter = wallTimeFromUnixSeconds(4'000'000'000);
  return crypto::makeSelfSigned(options).value();
}

// Sends back what it hears.
class EchoServer final : public TcpListener::Owner, public Stream::Owner {
 public:
  EchoServer(World& w, std::shared_ptr<TlsContext> tls = nullptr) : w_(w), tls_(std::move(tls)) {
    listener_ = TcpListener::listen(*w.loop, *this, TcpSocket::bind(kAnyPort).value()).value();
  }
  Address address() const { return listener_->local(); }
  void handleAccepted(TcpListener&, Descriptor fd, const Address&) override {
    std::optional<TlsSession> session;
    if (tls_) session.emplace(tls_);
    streams.push_back(
        Stream::make(*w_.loop, *this, buffers_, std::move(fd), std::move(session), {}).value());
  }
  void handleOutOfDescriptors(TcpListener&) override {}
  void handleStreamBytes(Stream& s, Bytes bytes) override {
    s.send({}, bytes, 0, Priority::Control);
    s.flush();
  }
  void handleStreamEnd(Stream& s) override {
    ++ended;
    s.finish();
  }
  void handleStreamClosed(Stream&, StreamEnd) override {}

  std::vector<std::unique_ptr<Stream>> streams;
  int ended = 0;

 private:
  World& w_;
  std::shared_ptr<TlsContext> tls_;
  StreamBuffers buffers_;
  std::unique_ptr<TcpListener> listener_;
};

TEST(EngineRunner, OpensStreamsAndCutsThemIntoMessages) {
  World w;
  EchoServer server(w);
  End a(w);
  a.runner->openStream(9, {.remote = server.address()});
  EXPECT_TRUE(a.opened.empty());
  ASSERT_TRUE(runUntil(*w.loop, [&] { return !a.opened.empty(); }));
  const Path path = a.opened[0].second;
  EXPECT_EQ(a.opened[0].first, 9u);
  EXPECT_EQ(path.transport, Transport::Tcp);
  EXPECT_EQ(path.remote, server.address());
  a.engine.say(path, "\x05hello");
  a.engine.say(path, "\x05world");
  a.engine.say(path, "\x01!");
  a.runner->pump();
  ASSERT_TRUE(runUntil(*w.loop, [&] { return a.heard.size() == 3; }));
  EXPECT_EQ(a.heard[1].bytes, "\x05world");
  EXPECT_EQ(a.heard[1].path, path);

  // The server goes: the engine and the host are told.
  server.streams[0]->close();
  ASSERT_TRUE(runUntil(*w.loop, [&] { return !a.failed.empty(); }));
  EXPECT_EQ(a.failed[0].first, 9u);
  ASSERT_EQ(a.news.size(), 1u);
  EXPECT_EQ(a.news[0].event, PathEvent::Closed);
  EXPECT_EQ(a.news[0].path, path);
}

TEST(EngineRunner, AStreamThatMakesNoSenseEnds) {
  World w;
  EchoServer server(w);
  End a(w);
  a.runner->openStream(1, {.remote = server.address()});
  ASSERT_TRUE(runUntil(*w.loop, [&] { return !a.opened.empty(); }));
  a.engine.say(a.opened[0].second, std::string(1, '\0'));
  a.runner->pump();
  ASSERT_TRUE(runUntil(*w.loop, [&] { return !a.failed.empty(); }));
  EXPECT_EQ(a.failed[0].second.code(), ErrorCode::Malformed);
}

TEST(EngineRunner, ARefusedConnectionSaysSo) {
  World w;
  Address nobody;
  {
    EchoServer server(w);
    nobody = server.address();
  }
  End a(w);
  a.runner->openStream(3, {.remote = nobody});
  ASSERT_TRUE(runUntil(*w.loop, [&] { return !a.failed.empty(); }));
  EXPECT_EQ(a.failed[0].first, 3u);
  EXPECT_EQ(a.failed[0].second.describe(),
            "connect to the server: system error 111 (Connection refused)");
  EXPECT_TRUE(a.opened.empty());
  EXPECT_TRUE(a.news.empty());
}

TEST(EngineRunner, AnImpossibleAddressFailsInALaterRound) {
  World w;
  End a(w);
  a.runner->openStream(4, {.remote = Address(IpAddress::v4(255, 255, 255, 255), 1)});
  EXPECT_TRUE(a.failed.empty());
  ASSERT_TRUE(runUntil(*w.loop, [&] { return !a.failed.empty(); }));
  EXPECT_EQ(a.failed[0].first, 4u);
}

TEST(EngineRunner, ACancelledStreamIsNeverHeardOf) {
  World w;
  EchoServer server(w);
  End a(w);
  a.runner->openStream(5, {.remote = server.address()});
  a.runner->openStream(6, {.remote = server.address()});
  a.runner->cancelStream(5);
  ASSERT_TRUE(runUntil(*w.loop, [&] { return !a.opened.empty(); }));
  EXPECT_EQ(a.opened[0].first, 6u);
  a.runner->close(a.opened[0].second.link);
  ASSERT_TRUE(runUntil(*w.loop, [&] { return server.ended >= 1; }));
  EXPECT_TRUE(a.failed.empty());
}

struct Tls {
  explicit Tls(std::vector<std::string> names) : pem(certificate(std::move(names))) {
    server = TlsContext::server({pem.certificate, pem.privateKey, {}}).value();
  }
  std::shared_ptr<TlsContext> trusting() const {
    TlsClientOptions o;
    o.trustedPem = pem.certificate;
    return TlsContext::client(o).value();
  }
  crypto::PemCertificate pem;
  std::shared_ptr<TlsContext> server;
};

TEST(EngineRunner, TlsStreamsOpenWhenTheCertificateIsTrusted) {
  World w;
  const Tls tls({"turn.example.org"});
  EchoServer server(w, tls.server);
  End a(w);
  a.runner->openStream(
      1, {.remote = server.address(), .tls = tls.trusting(), .serverName = "turn.example.org"});
  ASSERT_TRUE(runUntil(*w.loop, [&] { return !a.opened.empty() || !a.failed.empty(); }));
  ASSERT_EQ(a.opened.size(), 1u);
  EXPECT_EQ(a.opened[0].second.transport, Transport::Tls);
  a.engine.say(a.opened[0].second, "\x06secret");
  a.runner->pump();
  ASSERT_TRUE(runUntil(*w.loop, [&] { return a.heard.size() == 1; }));
  EXPECT_EQ(a.heard[0].bytes, "\x06secret");
}

TEST(EngineRunner, TlsFailuresSayWhatIsWrongWithTheCertificate) {
  World w;
  const Tls tls({"turn.example.org"});
  EchoServer server(w, tls.server);
  End a(w);
  a.runner->openStream(
      1, {.remote = server.address(), .tls = tls.trusting(), .serverName = "other.example.org"});
  ASSERT_TRUE(runUntil(*w.loop, [&] { return a.failed.size() == 1; }));
  EXPECT_EQ(a.failed[0].second.code(), ErrorCode::Unauthorized);
  EXPECT_EQ(a.failed[0].second.what(), std::string("hostname mismatch"));

  const Tls stranger({"turn.example.org"});
  a.runner->openStream(
      2,
      {.remote = server.address(), .tls = stranger.trusting(), .serverName = "turn.example.org"});
  ASSERT_TRUE(runUntil(*w.loop, [&] { return a.failed.size() == 2; }));
  EXPECT_EQ(a.failed[1].second.code(), ErrorCode::Unauthorized);
  EXPECT_TRUE(a.opened.empty());
}

TEST(EngineRunner, APinnedCertificateNeedsNeitherNameNorAuthority) {
  World w;
  const Tls tls({"whatever"});
  EchoServer server(w, tls.server);
  const auto info = crypto::readCertificate(tls.pem.certificate).value();
  TlsClientOptions o;
  o.pins = {TlsPin{}, parseTlsPin(info.sha256Fingerprint).value()};
  End a(w);
  a.runner->openStream(1, {.remote = server.address(), .tls = TlsContext::client(o).value()});
  ASSERT_TRUE(runUntil(*w.loop, [&] { return !a.opened.empty() || !a.failed.empty(); }));
  EXPECT_EQ(a.opened.size(), 1u);

  o.pins = {TlsPin{}};
  a.runner->openStream(2, {.remote = server.address(), .tls = TlsContext::client(o).value()});
  ASSERT_TRUE(runUntil(*w.loop, [&] { return !a.failed.empty(); }));
  EXPECT_EQ(a.failed[0].second.what(),
            std::string("the server's certificate is not the pinned one"));
}

TEST(TlsPin, IsReadFromHexAndBase64AndNothingElse) {
  TlsPin pin{};
  for (std::size_t i = 0; i < pin.size(); ++i)
    pin[i] = static_cast<std::uint8_t>(i * 7);
  const std::string hex = hexEncode(pin);
  std::string colons;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    colons += (i == 0 ? "" : ":") + hex.substr(i, 2);
  EXPECT_EQ(parseTlsPin(hex), pin);
  EXPECT_EQ(parseTlsPin("sha256:" + hex), pin);
  EXPECT_EQ(parseTlsPin(colons), pin);
  EXPECT_EQ(parseTlsPin("sha256/" + base64Encode(pin)), pin);
  EXPECT_EQ(parseTlsPin(""), std::nullopt);
  EXPECT_EQ(parseTlsPin(hex.substr(2)), std::nullopt);
  EXPECT_EQ(parseTlsPin("sha1:" + hex), std::nullopt);
  EXPECT_EQ(parseTlsPin(hex.substr(1) + "g"), std::nullopt);
}

}  // namespace
}  // namespace parley::driver
