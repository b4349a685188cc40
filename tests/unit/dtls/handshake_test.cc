// The handshake over a pipe that loses, doubles, reorders and splits.
#include <gtest/gtest.h>

#include "base/random.h"
#include "dtls_harness.h"
#include "tests/support/seeded_openssl.h"

namespace parley::dtls {
namespace {

using test::Fate;
using test::identity;
using test::Octets;
using test::Pair;

using Arrivals = std::vector<Octets>;

TEST(DtlsHandshake, connectsAndCarriesBothWays) {
  Pair p;
  ASSERT_TRUE(p.connect());
  EXPECT_EQ(p.now, Time{}) << "no timer fires when nothing is lost";
  EXPECT_EQ(p.client.session.state(), State::Connected);
  EXPECT_EQ(p.server.session.state(), State::Connected);
  EXPECT_EQ(p.client.session.nextTimeout(), kNever);
  EXPECT_EQ(p.server.session.nextTimeout(), kNever);
  EXPECT_EQ(p.client.session.cipherSuite(), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  EXPECT_TRUE(p.send(p.client, p.server, "ping"));
  EXPECT_TRUE(p.send(p.server, p.client, "pong"));
  EXPECT_TRUE(p.send(p.server, p.client, ""));
  EXPECT_TRUE(p.send(p.client, p.server, std::string(1150, 'x')));
  EXPECT_TRUE(p.send(p.client, p.server, std::string(Session::kMaxPlaintext, 'y')));
  EXPECT_TRUE(identity("server").fingerprint().matches(p.client.session.remoteCertificate()));
  EXPECT_TRUE(identity("client").fingerprint().matches(p.server.session.remoteCertificate()));
  EXPECT_EQ(p.server.session.stats().rejected, 0u);
}

TEST(DtlsHandshake, aClientSaysNothingBeforeItsStart) {
  Pair p;
  p.exchange();
  EXPECT_TRUE(p.log.empty());
  p.server.session.start(p.now, 0ms);
  p.exchange();
  EXPECT_TRUE(p.log.empty());
  EXPECT_EQ(p.server.session.nextTimeout(), kNever) << "a server waits without a timer";
}

TEST(DtlsHandshake, everyDatagramIsWithinTheMtu) {
  for (const std::size_t mtu : {300u, 576u, 1200u}) {
    auto client = Pair::config(Role::Client);
    auto server = Pair::config(Role::Server);
    server.identity = identity("rsa", crypto::KeyKind::Rsa2048);
    client.remoteFingerprints = {server.identity.fingerprint()};
    client.mtu = server.mtu = mtu;
    Pair p(client, server);
    ASSERT_TRUE(p.connect()) << mtu;
    for (const Octets& d : p.log) {
      EXPECT_LE(d.size(), mtu);
    }
    EXPECT_EQ(p.now, Time{});
  }
}

TEST(DtlsHandshake, certificatesOfBothKindsOnEitherSide) {
  for (const bool rsaClient : {false, true}) {
    for (const bool rsaServer : {false, true}) {
      auto client = Pair::config(Role::Client);
      auto server = Pair::config(Role::Server);
      if (rsaClient) client.identity = identity("rsa", crypto::KeyKind::Rsa2048);
      if (rsaServer) server.identity = identity("rsa", crypto::KeyKind::Rsa2048);
      client.remoteFingerprints = {server.identity.fingerprint(crypto::FingerprintHash::Sha512)};
      server.remoteFingerprints = {client.identity.fingerprint(crypto::FingerprintHash::Sha1)};
      Pair p(client, server);
      ASSERT_TRUE(p.connect()) << rsaClient << rsaServer;
      EXPECT_TRUE(p.send(p.client, p.server, "data"));
    }
  }
}

// Every datagram of the handshake in turn is lost: one retransmission heals each.
TEST(DtlsHandshake, anyLostDatagramCostsOneShortTimer) {
  Pair whole;
  ASSERT_TRUE(whole.connect());
  const int count = static_cast<int>(whole.log.size());
  ASSERT_GE(count, 4);
  for (int lost = 0; lost < count; ++lost) {
    Pair p;
    int sent = 0;
    p.fate = [&](bool, int, const Octets& d) { return sent++ == lost ? Arrivals{} : Arrivals{d}; };
    ASSERT_TRUE(p.connect()) << lost;
    EXPECT_EQ(p.now.time_since_epoch(), Session::kMinRetransmission) << lost;
    EXPECT_TRUE(p.send(p.client, p.server, "ping")) << lost;
    EXPECT_TRUE(p.send(p.server, p.client, "pong")) << lost;
    EXPECT_GE(p.client.session.stats().retransmissions + p.server.session.stats().retransmissions,
              1u);
  }
}

TEST(DtlsHandshake, theFirstTimerFollowsTheRoundTrip) {
  Pair p;
  p.start(120ms);
  EXPECT_EQ(p.client.session.nextTimeout().time_since_epoch(), 240ms);
  Pair far;
  far.start(10s);
  EXPECT_EQ(far.client.session.nextTimeout().time_since_epoch(), Session::kMaxRetransmission);
}

TEST(DtlsHandshake, timersDoubleUpToTheLimitAndEndInAFailure) {
  Pair p;
  p.fate = [](bool, int, const Octets&) { return Arrivals{}; };
  p.start();
  std::vector<Duration> waits;
  Time last{};
  while (p.client.failures.empty() && waits.size() < 100) {
    const Time next = p.client.session.nextTimeout();
    ASSERT_NE(next, kNever);
    waits.push_back(next - last);
    last = p.now = next;
    p.client.session.handleTimeout(p.now);
    p.exchange();
  }
  const std::vector<Duration> expected = {50ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3s,
                                          3s,   3s,    3s,    3s,    3s,    3s};
  EXPECT_EQ(waits, expected);
  ASSERT_EQ(p.client.failures.size(), 1u);
  EXPECT_EQ(p.client.failures[0].error.code(), ErrorCode::TimedOut);
  EXPECT_EQ(p.client.session.nextTimeout(), kNever);
}

// A peer that was not there yet must not slow down the flights after its first answer.
TEST(DtlsHandshake, aNewFlightBeginsWithAShortTimer) {
  Pair p;
  bool deaf = true;
  p.fate = [&deaf](bool, int, const Octets& d) { return deaf ? Arrivals{} : Arrivals{d}; };
  p.start();
  p.run([] { return false; }, 1s);
  deaf = false;
  const Time heard = p.client.session.nextTimeout();
  EXPECT_EQ(heard.time_since_epoch(), 1550ms);
  int fromServer = 0;
  p.fate = [&fromServer](bool fromClient, int, const Octets& d) {
    return !fromClient && ++fromServer == 1 ? Arrivals{} : Arrivals{d};
  };
  ASSERT_TRUE(p.run([&] { return p.client.connected == 1; }));
  EXPECT_EQ(p.now - heard, Session::kMinRetransmission);
}

TEST(DtlsHandshake, aFlightSentAgainIsAsFewDatagramsAsBefore) {
  Pair p;
  std::vector<Time> fromServer;
  p.fate = [&](bool fromClient, int, const Octets& d) {
    if (!fromClient) fromServer.push_back(p.now);
    return !fromClient && fromServer.size() < 3 ? Arrivals{} : Arrivals{d};
  };
  ASSERT_TRUE(p.connect());
  ASSERT_EQ(fromServer.size(), 4u);
  EXPECT_EQ(fromServer[0].time_since_epoch(), 0ms);
  EXPECT_EQ(fromServer[1].time_since_epoch(), 50ms);
  EXPECT_EQ(fromServer[2].time_since_epoch(), 150ms);
}

TEST(DtlsHandshake, anEarlyTimeoutCallIsHarmless) {
  Pair p;
  p.start();
  for (int i = 0; i < 50; ++i)
    p.client.session.handleTimeout(p.now + 49ms);
  EXPECT_EQ(p.client.session.stats().retransmissions, 0u);
  EXPECT_TRUE(p.run([&] { return p.client.connected == 1; }));
}

TEST(DtlsHandshake, everythingDoubled) {
  Pair p;
  p.fate = [](bool, int, const Octets& d) { return Arrivals{d, d}; };
  ASSERT_TRUE(p.connect());
  EXPECT_EQ(p.client.connected, 1);
  EXPECT_EQ(p.server.connected, 1);
  EXPECT_TRUE(p.send(p.client, p.server, "ping"));
  EXPECT_TRUE(p.send(p.server, p.client, "pong"));
}

// Datagrams of a small MTU, so that flights have several, in the opposite order.
TEST(DtlsHandshake, everyFlightReversed) {
  auto client = Pair::config(Role::Client);
  auto server = Pair::config(Role::Server);
  client.mtu = server.mtu = 300;
  Pair p(client, server);
  p.start();
  for (int round = 0; round < 100 && (p.client.connected == 0 || p.server.connected == 0);
       ++round) {
    for (const bool fromClient : {true, false}) {
      auto& from = fromClient ? p.client : p.server;
      auto& to = fromClient ? p.server : p.client;
      Octets room(2048);
      std::vector<Octets> flight;
      while (const std::size_t n = from.session.pollDatagram(room, p.now))
        flight.emplace_back(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(n));
      for (auto d = flight.rbegin(); d != flight.rend(); ++d)
        to.receive(*d, p.now);
      from.takeEvents();
      to.takeEvents();
    }
    // OpenSSL drops a ChangeCipherSpec that comes too early: a timer brings it again.
    const Time next = std::min(p.client.session.nextTimeout(), p.server.session.nextTimeout());
    if (next == kNever) continue;
    p.now = std::max(p.now, next);
    p.client.session.handleTimeout(p.now);
    p.server.session.handleTimeout(p.now);
  }
  EXPECT_EQ(p.client.connected, 1);
  EXPECT_EQ(p.server.connected, 1);
  EXPECT_TRUE(p.send(p.client, p.server, "ping"));
}

class DtlsChaos : public testing::TestWithParam<int> {};

TEST_P(DtlsChaos, connectsThroughLossDoublingReorderAndTruncation) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  SeededRandom random(seed);
  auto client = Pair::config(Role::Client);
  auto server = Pair::config(Role::Server);
  client.mtu = server.mtu = random.below(2) == 0 ? 400 : 1200;
  Pair p(client, server);
  Arrivals heldBack[2];
  p.fate = [&](bool fromClient, int, const Octets& d) {
    Arrivals& held = heldBack[fromClient ? 0 : 1];
    Arrivals out;
    const std::uint64_t dice = random.below(100);
    if (dice < 15) return out;
    out.push_back(d);
    if (dice < 25) out.push_back(d);
    // Held back until the next one passes, or cut short.
    if (dice >= 35 && dice < 50) std::swap(held, out);
    if (dice >= 50 && dice < 60) out.front().resize(random.below(d.size()));
    if (dice >= 60 && dice < 90) {
      out.insert(out.end(), held.begin(), held.end());
      held.clear();
    }
    return out;
  };
  ASSERT_TRUE(p.connect()) << "seed " << seed << " at " << p.now.time_since_epoch() / 1ms
                           << " ms: " << p.outcome();
  EXPECT_TRUE(p.send(p.client, p.server, "ping"));
  EXPECT_TRUE(p.send(p.server, p.client, "pong"));
}

INSTANTIATE_TEST_SUITE_P(Seeds, DtlsChaos, testing::Range(1, 101));

// The client has finished and sends at once; the server's last flight comes late, and what the
// server sends at once even before it.
TEST(DtlsHandshake, dataBeforeTheLastFlightIsKept) {
  Pair p;
  Octets lastFlight;
  p.fate = [&](bool fromClient, int, const Octets& d) {
    if (fromClient || p.server.session.state() != State::Connected) return Arrivals{d};
    lastFlight = d;
    return Arrivals{};
  };
  p.start();
  p.exchange();
  ASSERT_EQ(p.server.connected, 1);
  ASSERT_FALSE(lastFlight.empty());
  p.client.receive(Pair::sealed(p.server, "first"), p.now);
  p.client.receive(Pair::sealed(p.server, "second"), p.now);
  EXPECT_TRUE(p.client.received.empty());
  p.client.receive(lastFlight, p.now);
  p.client.takeEvents();
  EXPECT_EQ(p.client.connected, 1);
  EXPECT_EQ(p.client.received, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(p.now, Time{});
}

TEST(DtlsHandshake, dataInTheDatagramOfTheLastFlightIsRead) {
  Pair p;
  p.fate = [&](bool fromClient, int, const Octets& d) {
    if (fromClient || p.server.session.state() != State::Connected) return Arrivals{d};
    Octets both = d;
    const Octets more = Pair::sealed(p.server, "together");
    both.insert(both.end(), more.begin(), more.end());
    return Arrivals{both};
  };
  ASSERT_TRUE(p.connect());
  EXPECT_EQ(p.client.received, (std::vector<std::string>{"together"}));
}

TEST(DtlsHandshake, onlySoMuchEarlyDataIsKept) {
  Pair p;
  Octets lastFlight;
  p.fate = [&](bool fromClient, int, const Octets& d) {
    if (fromClient || p.server.session.state() != State::Connected) return Arrivals{d};
    lastFlight = d;
    return Arrivals{};
  };
  p.start();
  p.exchange();
  for (std::size_t i = 0; i < Session::kMaxEarlyRecords + 5; ++i)
    p.client.receive(Pair::sealed(p.server, std::to_string(i)), p.now);
  p.client.receive(Pair::sealed(p.server, std::string(Session::kMaxEarlyRecord, 'x')), p.now);
  p.client.receive(lastFlight, p.now);
  EXPECT_EQ(p.client.received.size(), Session::kMaxEarlyRecords);
  EXPECT_EQ(p.client.session.stats().rejected, 6u);
}

// The server is done and has freed the handshake; the client has lost the last flight again and
// again, and gets it anew each time it asks.
TEST(DtlsHandshake, theLastFlightStaysAnswerable) {
  Pair p;
  int lost = 0;
  p.fate = [&](bool fromClient, int, const Octets& d) {
    if (!fromClient && p.server.session.state() == State::Connected && lost < 5) {
      ++lost;
      return Arrivals{};
    }
    return Arrivals{d};
  };
  ASSERT_TRUE(p.connect());
  EXPECT_EQ(lost, 5);
  EXPECT_EQ(p.server.session.stats().retransmissions, 5u);
  EXPECT_TRUE(p.send(p.client, p.server, "ping"));
  EXPECT_TRUE(p.send(p.server, p.client, "pong"));
}

TEST(DtlsHandshake, oneSeedGivesTheSameBytes) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "TSan takes the clock's symbols for itself, which this test takes over";
#endif
  const auto run = [] {
    parley::test::seedOpenSsl(42);
    const auto identityOf = [] {
      return crypto::Identity::generate(crypto::KeyKind::EcdsaP256,
                                        wallTimeFromUnixSeconds(1'800'000'000),
                                        wallTimeFromUnixSeconds(1'900'000'000))
          .value();
    };
    const crypto::Identity a = identityOf();
    const crypto::Identity b = identityOf();
    Pair p({.role = Role::Client,
            .identity = a,
            .remoteFingerprints = {b.fingerprint()},
            .srtpProfiles = {}},
           {.role = Role::Server,
            .identity = b,
            .remoteFingerprints = {a.fingerprint()},
            .srtpProfiles = {}});
    int sent = 0;
    p.fate = [&sent](bool, int, const Octets& d) {
      ++sent;
      return sent == 2 || sent == 5 ? Arrivals{} : Arrivals{d};
    };
    EXPECT_TRUE(p.connect());
    p.log.push_back(Pair::sealed(p.client, "data"));
    p.log.push_back(Pair::sealed(p.server, "data"));
    return p.log;
  };
  run();  // what OpenSSL makes once in a process draws too
  const auto first = run();
  const auto second = run();
  parley::test::unseedOpenSsl();
  EXPECT_EQ(first, second);
}

// Records of the next epoch that cannot be read yet are bounded: OpenSSL keeps 17 KiB for each.
TEST(DtlsHandshake, aFloodOfFutureRecordsDoesNotStopIt) {
  Pair p;
  p.start();
  for (std::uint8_t i = 0; i < 200; ++i) {
    Octets rubbish(200, i);
    const Octets header = {22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, i, 0, 187};
    std::copy(header.begin(), header.end(), rubbish.begin());
    p.client.receive(rubbish, p.now);
    p.server.receive(rubbish, p.now);
  }
  p.exchange();
  EXPECT_TRUE(p.client.failures.empty());
  EXPECT_TRUE(p.server.failures.empty());
}

}  // namespace
}  // namespace parley::dtls
