#include "server/http/routing.h"

#include <gtest/gtest.h>

namespace parley::server {
namespace {

class Routing : public ::testing::Test {
 protected:
  Routing() {
    head.method = "GET";
    head.target = "/";
    head.hostCount = 1;
    head.host = "127.0.0.1:8080";
    facts.local = *Address::parse("127.0.0.1:8080");
    facts.remote = *Address::parse("127.0.0.1:50000");
    policy.port = 8080;
  }
  unsigned status() { return decide(head, facts, policy).status; }
  void upgrade() {
    head.target = "/signal";
    head.upgradeWebSocket = true;
    head.webSocketVersion13 = true;
    head.webSocketKey = "dGhlIHNhbXBsZSBub25jZQ==";
  }
  void makePublic() {
    policy.loopbackOnly = false;
    policy.metrics = false;
    policy.hosts = {"call.example"};
    facts.local = *Address::parse("192.0.2.1:8080");
    facts.remote = *Address::parse("198.51.100.7:50000");
    head.host = "call.example";
  }

  RequestHead head;
  ConnectionFacts facts;
  HttpPolicy policy;
};

TEST_F(Routing, OurNamesAreAnswered) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:8080", "localhost", "LocalHost:1", "[::1]",
                           "[::1]:8080", "localhost."}) {
    head.host = host;
    EXPECT_EQ(status(), 200u) << host;
  }
}

TEST_F(Routing, OtherNamesAreMisdirectedBeforeAnyRoute) {
  for (const char* host : {"evil.example", "127.0.0.1.evil.example", "169.254.169.254", "127.0.0.2",
                           "localhost.evil", "evil.example:8080"}) {
    head.host = host;
    for (const char* target : {"/", "/healthz", "/signal", "/metrics", "/nowhere"}) {
      head.target = target;
      EXPECT_EQ(status(), 421u) << host << target;
    }
  }
}

TEST_F(Routing, HostMustBeOneAndWellFormed) {
  head.hostCount = 0;
  EXPECT_EQ(status(), 400u);
  head.hostCount = 2;
  EXPECT_EQ(status(), 400u);
  head.hostCount = 1;
  for (const char* host : {"", "a b", "user@localhost", "localhost:x", "localhost:99999", "[::1",
                           "[127.0.0.1]", "::1", "local/host"}) {
    head.host = host;
    EXPECT_EQ(status(), 400u) << host;
  }
}

TEST_F(Routing, TheAddressThatWasReachedIsOurs) {
  makePublic();
  head.host = "192.0.2.1:8080";
  EXPECT_EQ(status(), 200u);
  head.host = "192.0.2.2";
  EXPECT_EQ(status(), 421u);
  policy.addresses = {*IpAddress::parse("203.0.113.5")};
  head.host = "203.0.113.5";
  EXPECT_EQ(status(), 200u) << "the external address";
}

TEST_F(Routing, TheAbsoluteFormCountsForHost) {
  head.target = "http://evil.example/healthz";
  EXPECT_EQ(status(), 421u);
  head.target = "HTTP://localhost/healthz?x";
  EXPECT_EQ(decide(head, facts, policy).route, Route::Health);
  head.target = "http://localhost";
  EXPECT_EQ(decide(head, facts, policy).path, "/");
}

TEST_F(Routing, PathsLeadToRoutes) {
  const std::vector<std::pair<const char*, Route>> routes{{"/", Route::Page},
                                                          {"/r/blue-fox", Route::Page},
                                                          {"/r/A1?x=y", Route::Page},
                                                          {"/app.js", Route::Asset},
                                                          {"/page.json", Route::Facts},
                                                          {"/healthz", Route::Health},
                                                          {"/readyz", Route::Ready},
                                                          {"/metrics", Route::Metrics},
                                                          {"/r/", Route::Asset},
                                                          {"/r/a/b", Route::Asset},
                                                          {"/r/-a", Route::Asset},
                                                          {"/r/a%20b", Route::Asset},
                                                          {"//etc/passwd", Route::Asset}};
  for (const auto& [target, route] : routes) {
    head.target = target;
    const Verdict verdict = decide(head, facts, policy);
    EXPECT_EQ(verdict.status, 200u) << target;
    EXPECT_EQ(verdict.route, route) << target;
  }
  head.target = "*";
  EXPECT_EQ(status(), 400u);
  head.target = "/" + std::string(2048, 'a');
  EXPECT_EQ(status(), 414u);
  EXPECT_FALSE(isRoomPath("/r/" + std::string(65, 'a')));
}

TEST_F(Routing, OtherMethodsAndBodiesAreRefused) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", ""}) {
    head.method = method;
    EXPECT_EQ(status(), 405u) << method;
  }
  head.method = "HEAD";
  EXPECT_EQ(status(), 200u);
  head.hasBody = true;
  EXPECT_EQ(status(), 413u);
}

TEST_F(Routing, SignallingIsAnUpgrade) {
  upgrade();
  EXPECT_EQ(status(), 101u);
  head.webSocketVersion13 = false;
  EXPECT_EQ(status(), 426u);
  upgrade();
  head.webSocketKey.clear();
  EXPECT_EQ(status(), 426u);
  upgrade();
  head.upgradeWebSocket = false;
  EXPECT_EQ(status(), 426u);
  upgrade();
  head.version = 10;
  EXPECT_EQ(status(), 426u);
  head.version = 11;
  head.method = "HEAD";
  EXPECT_EQ(status(), 405u);
  head.method = "GET";
  facts.draining = true;
  EXPECT_EQ(status(), 503u);
}

TEST_F(Routing, OnALoopbackServerAnyPortOfThisMachineIsAnOrigin) {
  upgrade();
  for (const char* origin : {"http://127.0.0.1:8080", "http://localhost:3000", "https://localhost",
                             "http://[::1]:9", "http://127.0.0.1"}) {
    head.origin = origin;
    EXPECT_EQ(status(), 101u) << origin;
  }
  for (const char* origin : {"null", "", "file://", "http://evil.example", "http://localhost.evil",
                             "http://127.0.0.1.evil:8080", "chrome-extension://abc",
                             "http://user@localhost", "http://localhost:8080/"}) {
    head.origin = origin;
    EXPECT_EQ(status(), 403u) << origin;
  }
}

TEST_F(Routing, APublicServerKnowsItsOwnOriginOnly) {
  makePublic();
  policy.tls = true;
  upgrade();
  const std::vector<std::pair<const char*, unsigned>> origins{
      {"https://call.example:8080", 101}, {"http://call.example:8080", 403},
      {"https://call.example", 403},      {"https://call.example:9", 403},
      {"http://localhost:3000", 403},     {"https://192.0.2.1:8080", 101}};
  for (const auto& [origin, expected] : origins) {
    head.origin = origin;
    EXPECT_EQ(status(), expected) << origin;
  }
}

TEST_F(Routing, BehindAProxyTheStandardPortsAreOurs) {
  makePublic();
  policy.trustedProxies = {*Prefix::parse("10.0.0.0/8")};
  upgrade();
  head.origin = "https://call.example";
  EXPECT_EQ(status(), 101u);
  head.origin = "https://other.example";
  EXPECT_EQ(status(), 403u);
}

TEST_F(Routing, OriginIsComparedWithTheListNeverWithHost) {
  makePublic();
  upgrade();
  policy.allowOrigins = {"https://friend.example"};
  head.origin = "https://friend.example";
  EXPECT_EQ(status(), 101u);
  head.origin = "https://FRIEND.example";
  EXPECT_EQ(status(), 101u);
  head.origin = "https://friend.example.evil";
  EXPECT_EQ(status(), 403u);
  policy.allowOrigins = {"*"};
  EXPECT_EQ(status(), 101u);
}

TEST_F(Routing, ABrowserThatHidesItsOriginIsRefused) {
  upgrade();
  EXPECT_EQ(status(), 101u) << "a native client";
  head.secFetch = true;
  EXPECT_EQ(status(), 403u);
}

TEST_F(Routing, PlainHttpOnATlsPortIsSentToHttps) {
  facts.plainOnTls = true;
  head.target = "/r/blue?x";
  const Verdict verdict = decide(head, facts, policy);
  EXPECT_EQ(verdict.status, 308u);
  EXPECT_EQ(verdict.location, "https://127.0.0.1:8080/r/blue");
  head.host = "evil.example";
  EXPECT_EQ(status(), 421u) << "no redirect to names that are not ours";
}

TEST_F(Routing, MetricsAreWhereTheyShouldBe) {
  head.target = "/metrics";
  makePublic();
  EXPECT_EQ(status(), 404u);
  policy = {};
  policy.onlyMetrics = true;
  head.host = "127.0.0.1:9100";
  EXPECT_EQ(status(), 200u);
  head.target = "/";
  EXPECT_EQ(status(), 404u);
}

TEST_F(Routing, ForwardedAddressesCountFromTrustedProxiesOnly) {
  makePublic();
  head.forwardedFor = "203.0.113.9";
  EXPECT_EQ(clientAddress(head, facts, policy), facts.remote.ip());
  policy.trustedProxies = {*Prefix::parse("198.51.100.0/24"), *Prefix::parse("10.0.0.0/8")};
  EXPECT_EQ(clientAddress(head, facts, policy).toString(), "203.0.113.9");
  // What the client itself claimed stands to the left of what the proxy saw.
  head.forwardedFor = "1.1.1.1, 203.0.113.9";
  EXPECT_EQ(clientAddress(head, facts, policy).toString(), "203.0.113.9");
  head.forwardedFor = "1.1.1.1, 203.0.113.9, 10.1.1.1";
  EXPECT_EQ(clientAddress(head, facts, policy).toString(), "203.0.113.9");
  head.forwardedFor = "[2001:db8::1]:99,  ::ffff:10.0.0.1";
  EXPECT_EQ(clientAddress(head, facts, policy).toString(), "2001:db8::1");
  head.forwardedFor = "rubbish";
  EXPECT_EQ(clientAddress(head, facts, policy), facts.remote.ip());
}

}  // namespace
}  // namespace parley::server
