// The HTTP server over real sockets of loopback: what hostile and clumsy clients do to it.
#include "server/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <thread>

#include "server/clock.h"
#include "server/config/tls_files.h"
#include "tests/support/raw_client.h"

namespace parley::server {
namespace {

using test::httpGet;
using test::RawClient;
using test::statusOf;
using test::WsClient;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kJoin = R"({"type":"join","room":"blue","name":"Ada"})";

SignalOptions signalOptions() {
  SignalOptions out;
  out.hub.serverKey.assign(32, 7);
  out.ice = [](const ClientRoute& route, const signal::IceRequest&, WallTime) {
    signal::IceServerList list;
    list.servers.push_back({{"stun:" + route.host + ":1"}, "", ""});
    return list;
  };
  return out;
}

// A server on a thread of its own.
class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpOptions options = {}, SignalOptions signalling = signalOptions()) {
    service_ = std::make_unique<SignalService>(io_, std::move(signalling));
    server_ = std::make_unique<HttpServer>(io_, std::move(options), *service_);
    server_->setMetrics([] { return std::string("parley_test 1\n"); });
    ASSERT_FALSE(server_->listen({IpAddress::loopback(Family::V4)}, 0));
    server_->setReady(true);
    port = server_->port();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~HttpServerTest() override {
    if (!thread_.joinable()) return;
    on([this] {
      service_->abortAll();
      server_->close();
      io_.stop();
    });
    thread_.join();
    io_.restart();
    io_.poll();
  }
  // Runs on the server's thread and waits for it.
  void on(const std::function<void()>& f) {
    std::promise<void> done;
    asio::post(io_, [&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  }
  RawClient connect() {
    RawClient client;
    EXPECT_TRUE(client.connect(port));
    return client;
  }
  WsClient member(const std::string& room) {
    WsClient ws(connect());
    EXPECT_EQ(ws.upgrade("localhost"), 101u);
    ws.sendText(R"({"type":"join","room":")" + room + R"(","name":"Ada"})");
    EXPECT_THAT(ws.receiveText("welcome"), HasSubstr("\"self\""));
    return ws;
  }
  std::string exchange(const std::string& bytes) {
    RawClient client = connect();
    client.send(bytes);
    return client.receiveUntilClosed();
  }

  std::uint16_t port = 0;
  asio::io_context io_{1};
  std::unique_ptr<SignalService> service_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  start();
  RawClient client = connect();
  client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(statusOf(client.receiveUntil("ok\n")), 200u);
  // Two at once: answered in order.
  client.send(
      "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD /healthz HTTP/1.1\r\n"
      "Host: localhost\r\nConnection: close\r\n\r\n");
  const std::string both = client.receiveUntilClosed();
  EXPECT_THAT(both, HasSubstr("ready\n"));
  EXPECT_THAT(both, HasSubstr("Connection: close"));
  EXPECT_THAT(both, Not(HasSubstr("ok\n"))) << "HEAD has no content";
}

TEST_F(HttpServerTest, StatusesThatRoutingDecides) {
  start();
  EXPECT_EQ(statusOf(httpGet(port, "/nowhere")), 404u);
  EXPECT_THAT(exchange("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"),
              HasSubstr("Allow: GET, HEAD"));
  EXPECT_EQ(statusOf(exchange("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")),
            413u);
  EXPECT_EQ(statusOf(exchange("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")),
            421u);
  EXPECT_EQ(statusOf(exchange("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")), 400u);
  EXPECT_EQ(statusOf(httpGet(port, "/signal")), 426u);
  EXPECT_EQ(statusOf(exchange("RUBBISH\r\n\r\n")), 400u);
}

TEST_F(HttpServerTest, HeadersThatAreTooLargeAreAnsweredWithoutAReset) {
  start();
  EXPECT_EQ(statusOf(exchange("GET / HTTP/1.1\r\nHost: localhost\r\nX: " +
                              std::string(200'000, 'a') + "\r\n\r\n")),
            431u);
}

TEST_F(HttpServerTest, SecurityHeadersAreOnEveryAnswer) {
  start();
  for (const char* path : {"/", "/healthz", "/nowhere", "/metrics"}) {
    const std::string answer = httpGet(port, path);
    EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff")) << path;
    EXPECT_THAT(answer, HasSubstr("Referrer-Policy: no-referrer")) << path;
  }
  const std::string page = httpGet(port, "/r/blue");
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy: default-src 'none'; script-src 'self'"));
  EXPECT_THAT(page, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("unsafe")));
}

TEST_F(HttpServerTest, ThePageIsNotSentAgainToWhoHasIt) {
  start();
  const std::string page = httpGet(port, "/");
  const std::size_t at = page.find("ETag: ");
  ASSERT_NE(at, std::string::npos);
  const std::string etag = page.substr(at + 6, page.find("\r\n", at) - at - 6);
  const std::string again = httpGet(port, "/", "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(statusOf(again), 304u);
  EXPECT_THAT(again, Not(HasSubstr("<html")));
}

TEST_F(HttpServerTest, SlowSendersAreCut) {
  HttpOptions options;
  options.times.head = 50ms;
  start(std::move(options));
  RawClient loris = connect();
  loris.send("GET / HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(loris.receiveUntilClosed(), "");
  EXPECT_TRUE(loris.closedByPeer());
  RawClient silent = connect();
  silent.receive();
  EXPECT_TRUE(silent.closedByPeer());
  std::uint64_t timeouts = 0;
  on([&] { timeouts = server_->counters().timeouts; });
  EXPECT_EQ(timeouts, 2u);
}

TEST_F(HttpServerTest, IdleConnectionsAreClosed) {
  HttpOptions options;
  options.times.idle = 50ms;
  start(std::move(options));
  RawClient client = connect();
  client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.receiveUntilClosed(), HasSubstr("ok\n"));
  EXPECT_TRUE(client.closedByPeer());
}

TEST_F(HttpServerTest, ConnectionsOfOneAddressAreLimited) {
  HttpOptions options;
  options.connectionsPerSource = 2;
  start(std::move(options));
  RawClient one = connect();
  RawClient two = connect();
  one.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(statusOf(one.receiveUntil("ok\n")), 200u);
  two.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(statusOf(two.receiveUntil("ok\n")), 200u);
  EXPECT_EQ(statusOf(connect().receiveUntilClosed()), 503u);
  two.shutdownSend();
  two.receiveUntilClosed();
  EXPECT_EQ(statusOf(httpGet(port, "/healthz")), 200u) << "a place is free again";
}

TEST_F(HttpServerTest, MembersMeet) {
  start();
  WsClient ada = member("blue");
  WsClient bo = member("blue");
  EXPECT_THAT(ada.receiveText("peer-joined"), HasSubstr("\"Ada\""));
}

TEST_F(HttpServerTest, IceServersFollowTheNameTheClientCameBy) {
  start();
  WsClient ws(connect());
  ASSERT_EQ(ws.upgrade("127.0.0.1:" + std::to_string(port)), 101u);
  ws.sendText(kJoin);
  EXPECT_THAT(ws.receiveText("welcome"), HasSubstr("stun:127.0.0.1:1"));
}

TEST_F(HttpServerTest, OriginsAreChecked) {
  start();
  const auto status = [&](const std::string& headers) {
    WsClient ws(connect());
    return ws.upgrade("localhost", headers);
  };
  EXPECT_EQ(status("Origin: http://localhost:3000\r\n"), 101u);
  EXPECT_EQ(status("Origin: http://evil.example\r\n"), 403u);
  EXPECT_EQ(status("Origin: null\r\n"), 403u);
  EXPECT_EQ(status("Sec-Fetch-Mode: websocket\r\n"), 403u);
}

TEST_F(HttpServerTest, AFrameOf10MegabytesEndsItsOwnSocketOnly) {
  start();
  WsClient calm = member("calm");
  WsClient loud = member("loud");
  loud.sendText(std::string(10'000'000, 'x'));
  EXPECT_THAT(loud.receiveText("too-large"), HasSubstr("\"fatal\":true"));
  EXPECT_EQ(loud.receiveClose(), 1009u);
  calm.sendText(R"({"type":"ping","t":1})");
  EXPECT_THAT(calm.receiveText("pong"), HasSubstr("\"t\":1"));
}

TEST_F(HttpServerTest, FragmentsAreCountedTogether) {
  start();
  WsClient ws = member("blue");
  const std::string part(30'000, 'x');
  ws.sendFrame(1, part, false);
  ws.sendFrame(0, part, false);
  ws.sendFrame(0, part, false);
  EXPECT_THAT(ws.receiveText("too-large"), HasSubstr("error"));
  ws.sendFrame(8, "");
}

TEST_F(HttpServerTest, AMessageOfTheLargestSizeIsTaken) {
  start();
  WsClient ws = member("blue");
  const std::string head = R"({"type":"ping","pad":")";
  ws.sendText(head + std::string(65536 - head.size() - 2, 'x') + "\"}");
  EXPECT_NE(ws.receiveText("pong"), "");
}

TEST_F(HttpServerTest, BinaryFramesAreAnErrorAndAClose) {
  start();
  WsClient ws = member("blue");
  ws.sendFrame(2, "\x01\x02");
  EXPECT_NE(ws.receiveText("\"binary\""), "");
  EXPECT_EQ(ws.receiveClose(), 1003u);
}

TEST_F(HttpServerTest, TextThatIsNotUtf8IsClosedWith1007) {
  start();
  WsClient ws = member("blue");
  ws.sendFrame(1, "\xff\xfe");
  EXPECT_EQ(ws.receiveClose(), 1007u);
}

TEST_F(HttpServerTest, FramesWithoutAMaskAreAProtocolError) {
  start();
  WsClient ws = member("blue");
  ws.raw().send(std::string("\x81\x02{}", 4));
  EXPECT_EQ(ws.receiveClose(), 1002u);
}

TEST_F(HttpServerTest, ASocketThatNobodyReadsIsDropped) {
  SignalOptions options = signalOptions();
  options.hub.messagesPerSecond = options.hub.messageBurst = 1e9;
  options.hub.bytesPerSecond = options.hub.byteBurst = 1e12;
  start({}, std::move(options));
  WsClient ws = member("blue");
  // Each ping is answered; the answers are never read. In the end the server lets go.
  const std::string ping = R"({"type":"ping","t":")" + std::string(60, 'x') + R"("})";
  bool alive = true;
  for (int i = 0; i < 2'000'000 && alive; ++i)
    alive = ws.sendText(ping);
  EXPECT_FALSE(alive);
  std::promise<void> gone;
  on([&] { service_->whenEmpty([&] { gone.set_value(); }); });
  gone.get_future().wait();  // or the test's own time limit
}

TEST_F(HttpServerTest, ShutdownTellsMembersAndReadyzSaysNo) {
  start();
  WsClient ws = member("blue");
  EXPECT_EQ(statusOf(httpGet(port, "/readyz")), 200u);
  on([this] {
    server_->startDraining();
    service_->shutdown();
  });
  EXPECT_EQ(statusOf(httpGet(port, "/readyz")), 503u);
  EXPECT_EQ(statusOf(httpGet(port, "/healthz")), 200u) << "alive, though not ready";
  WsClient late(connect());
  EXPECT_EQ(late.upgrade("localhost"), 503u);
  EXPECT_NE(ws.receiveText("shutdown"), "");
  EXPECT_EQ(ws.receiveClose(), 1001u);
}

TEST_F(HttpServerTest, MetricsHaveAListenerOfTheirOwn) {
  HttpOptions options;
  options.policy.metrics = false;
  start(std::move(options));
  on([this] { ASSERT_FALSE(server_->listenMetrics(0)); });
  EXPECT_EQ(statusOf(httpGet(port, "/metrics")), 404u);
  EXPECT_THAT(httpGet(server_->metricsPort(), "/metrics"), HasSubstr("parley_test 1"));
  EXPECT_EQ(statusOf(httpGet(server_->metricsPort(), "/healthz")), 404u);
}

TEST_F(HttpServerTest, APortInUseIsSaid) {
  start();
  HttpServer second(io_, {}, *service_);
  const auto failed = second.listen({IpAddress::loopback(Family::V4)}, port);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error.detail(), EADDRINUSE);
  EXPECT_EQ(failed->address.port(), port);
}

TEST_F(HttpServerTest, TrustedProxiesSpeakForTheirClients) {
  HttpOptions options;
  options.policy.trustedProxies = {*Prefix::parse("127.0.0.0/8")};
  options.connectionsPerSource = 1;  // does not count for proxies
  SignalOptions signalling = signalOptions();
  signalling.hub.connectionsPerSource = 1;
  start(std::move(options), std::move(signalling));
  const auto join = [this](WsClient& ws, const char* address) {
    EXPECT_EQ(ws.upgrade("localhost", std::string("X-Forwarded-For: ") + address + "\r\n"), 101u);
    ws.sendText(kJoin);
  };
  WsClient one(connect());
  join(one, "203.0.113.1");
  EXPECT_NE(one.receiveText("welcome"), "");
  WsClient other(connect());
  join(other, "203.0.113.2");
  EXPECT_NE(other.receiveText("welcome"), "");
  WsClient same(connect());
  join(same, "203.0.113.1");
  EXPECT_NE(same.receiveText("too-many-sockets"), "");
}

TEST_F(HttpServerTest, TheProxyProtocolIsReadBeforeAnythingElse) {
  HttpOptions options;
  options.policy.trustedProxies = {*Prefix::parse("127.0.0.1")};
  options.proxyProtocol = true;
  options.connectionsPerSource = 1;
  start(std::move(options));
  const std::string get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  RawClient one = connect();
  one.send("PROXY TCP4 203.0.113.1 198.51.100.1 5 6\r\n" + get);
  EXPECT_EQ(statusOf(one.receiveUntil("ok\n")), 200u);
  RawClient same = connect();
  same.send("PROXY TCP4 203.0.113.1 198.51.100.1 7 8\r\n" + get);
  EXPECT_EQ(same.receiveUntilClosed(), "") << "its client has a connection already";
  RawClient other = connect();
  other.send("PROXY TCP4 203.0.113.2 198.51.100.1 7 8\r\n" + get);
  EXPECT_EQ(statusOf(other.receiveUntil("ok\n")), 200u);
  RawClient none = connect();
  none.send(get);
  EXPECT_EQ(none.receiveUntilClosed(), "");
}

// Over TLS the same, with what TLS adds.
class HttpsServerTest : public HttpServerTest {
 protected:
  void startTls(HttpOptions options = {}) {
    crypto::SelfSignedOptions wishes;
    wishes.dnsNames = {"localhost"};
    wishes.notBefore = wallNow() - 1h;
    wishes.notAfter = wallNow() + 1h;
    const auto pem = crypto::makeSelfSigned(wishes).value();
    driver::TlsServerOptions tls;
    tls.certificateChainPem = pem.certificate;
    tls.privateKeyPem = pem.privateKey;
    options.tls = driver::TlsContext::server(tls).value();
    start(std::move(options));
  }
  WsClient tlsMember(const std::string& room) {
    RawClient raw = connect();
    EXPECT_TRUE(raw.startTls());
    WsClient ws(std::move(raw));
    EXPECT_EQ(ws.upgrade("localhost"), 101u);
    ws.sendText(R"({"type":"join","room":")" + room + R"(","name":"Ada"})");
    EXPECT_NE(ws.receiveText("welcome"), "");
    return ws;
  }
};

TEST_F(HttpsServerTest, MembersMeet) {
  startTls();
  WsClient ada = tlsMember("blue");
  WsClient bo = tlsMember("blue");
  EXPECT_NE(ada.receiveText("peer-joined"), "");
  const std::string head = R"({"type":"ping","pad":")";
  bo.sendText(head + std::string(60'000, 'x') + "\"}");
  EXPECT_NE(bo.receiveText("pong"), "");
}

TEST_F(HttpsServerTest, LargeFramesAndShutdownAsWithoutTls) {
  startTls();
  WsClient loud = tlsMember("loud");
  WsClient calm = tlsMember("calm");
  loud.sendText(std::string(1'000'000, 'x'));
  EXPECT_NE(loud.receiveText("too-large"), "");
  EXPECT_EQ(loud.receiveClose(), 1009u);
  on([this] { service_->shutdown(); });
  EXPECT_NE(calm.receiveText("shutdown"), "");
  EXPECT_EQ(calm.receiveClose(), 1001u);
}

TEST_F(HttpsServerTest, PlainHttpIsSentToHttps) {
  startTls();
  const std::string answer = httpGet(port, "/r/blue");
  EXPECT_EQ(statusOf(answer), 308u);
  EXPECT_THAT(answer, HasSubstr("Location: https://localhost/r/blue"));
}

TEST_F(HttpsServerTest, RubbishInsteadOfAHandshakeIsClosed) {
  HttpOptions options;
  options.times.head = 50ms;
  startTls(std::move(options));
  exchange(std::string("\x16\x03\x01\x00\x05hello", 10));
  RawClient silent = connect();
  silent.receive();
  EXPECT_TRUE(silent.closedByPeer());
}

}  // namespace
}  // namespace parley::server
