// What a session does besides the handshake: who the peer is, alerts, records that are not right,
// the end.
#include "dtls/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>

#include "dtls_harness.h"

namespace parley::dtls {
namespace {

using crypto::Fingerprint;
using crypto::FingerprintHash;
using test::identity;
using test::Octets;
using test::Pair;
using Arrivals = std::vector<Octets>;

TEST(DtlsSession, aWrongFingerprintEndsTheHandshakeWithAnAlert) {
  for (const bool clientIsDeceived : {false, true}) {
    auto client = Pair::config(Role::Client);
    auto server = Pair::config(Role::Server);
    auto& deceived = clientIsDeceived ? client : server;
    deceived.remoteFingerprints = {identity("somebody").fingerprint()};
    Pair p(client, server);
    p.start();
    p.exchange();
    auto& a = clientIsDeceived ? p.client : p.server;
    auto& b = clientIsDeceived ? p.server : p.client;
    ASSERT_EQ(a.failures.size(), 1u);
    EXPECT_EQ(a.failures[0].error.code(), ErrorCode::Unauthorized);
    EXPECT_EQ(describe(a.failures[0]),
              "the peer's certificate has not the announced fingerprint (our alert: bad "
              "certificate)");
    ASSERT_EQ(b.failures.size(), 1u);
    EXPECT_EQ(b.failures[0].alert, kBadCertificate);
    EXPECT_TRUE(b.failures[0].alertReceived);
    EXPECT_EQ(describe(b.failures[0]),
              "the peer ended the DTLS handshake (the peer's alert: bad certificate)");
    EXPECT_EQ(p.client.connected + p.server.connected, 0);
    Octets room(200);
    EXPECT_EQ(a.session.seal(asBytes("x"), room).error().code(), ErrorCode::Closed);
    EXPECT_EQ(a.session.nextTimeout(), kNever);
  }
}

TEST(DtlsSession, anyOneOfSeveralFingerprintsWillDo) {
  auto client = Pair::config(Role::Client);
  client.remoteFingerprints = {identity("somebody").fingerprint(),
                               identity("server").fingerprint(FingerprintHash::Sha384)};
  Pair p(client, Pair::config(Role::Server));
  EXPECT_TRUE(p.connect());
}

TEST(DtlsSession, lateFingerprintsHoldDataBackUntilTheyMatch) {
  auto server = Pair::config(Role::Server);
  server.remoteFingerprints.clear();
  Pair p(Pair::config(Role::Client), server);
  p.start();
  p.exchange();
  ASSERT_EQ(p.client.connected, 1);
  EXPECT_EQ(p.server.connected, 0);
  EXPECT_EQ(p.server.session.state(), State::Connecting);
  p.server.receive(Pair::sealed(p.client, "early"), p.now);
  EXPECT_TRUE(p.server.received.empty());
  Octets room(200);
  EXPECT_FALSE(p.server.session.seal(asBytes("x"), room).ok());
  EXPECT_FALSE(p.server.session.exportSrtpKeys().has_value());

  p.server.session.setRemoteFingerprints({identity("client").fingerprint()}, p.now);
  p.server.takeEvents();
  EXPECT_EQ(p.server.connected, 1);
  while (auto data = p.server.session.nextApplicationData())
    p.server.received.emplace_back(data->begin(), data->end());
  EXPECT_EQ(p.server.received, (std::vector<std::string>{"early"}));
  EXPECT_TRUE(p.send(p.client, p.server, "later"));
}

TEST(DtlsSession, lateFingerprintsThatDoNotMatchLetNothingThrough) {
  auto server = Pair::config(Role::Server);
  server.remoteFingerprints.clear();
  Pair p(Pair::config(Role::Client), server);
  p.start();
  p.exchange();
  p.server.receive(Pair::sealed(p.client, "early"), p.now);
  p.server.session.setRemoteFingerprints({identity("somebody").fingerprint()}, p.now);
  EXPECT_FALSE(p.server.session.nextApplicationData().has_value());
  p.exchange();
  ASSERT_EQ(p.server.failures.size(), 1u);
  EXPECT_EQ(p.server.failures[0].error.code(), ErrorCode::Unauthorized);
  ASSERT_EQ(p.client.failures.size(), 1u) << "the alert is heard";
  EXPECT_EQ(p.client.failures[0].alert, kBadCertificate);
  EXPECT_TRUE(p.server.received.empty());
}

TEST(DtlsSession, aRepeatedFinishedIsAnsweredWhileTheFingerprintsAreAwaited) {
  auto server = Pair::config(Role::Server);
  server.remoteFingerprints.clear();
  Pair p(Pair::config(Role::Client), server);
  int fromServer = 0;
  p.fate = [&](bool fromClient, int, const Octets& d) {
    const bool last = !fromClient && !p.server.session.remoteCertificate().empty();
    return last && fromServer++ < 2 ? Arrivals{} : Arrivals{d};
  };
  p.start();
  EXPECT_TRUE(p.run([&] { return p.client.connected == 1; }));
  EXPECT_EQ(fromServer, 3);
}

TEST(DtlsSession, closeNotifyIsHeardAndAnswered) {
  Pair p;
  ASSERT_TRUE(p.connect());
  p.client.session.close(p.now);
  EXPECT_EQ(p.client.session.state(), State::Closed);
  const std::size_t before = p.log.size();
  p.exchange();
  EXPECT_EQ(p.log.size() - before, 2u);
  EXPECT_EQ(p.server.closed, 1);
  EXPECT_EQ(p.server.session.state(), State::Closed);
  EXPECT_EQ(p.client.closed, 0) << "who closes knows it";
  Octets room(200);
  EXPECT_FALSE(p.client.session.seal(asBytes("x"), room).ok());
  EXPECT_FALSE(p.server.session.seal(asBytes("x"), room).ok());
}

TEST(DtlsSession, closingBeforeTheHandshakeIsOverIsQuiet) {
  Pair p;
  p.client.session.close(p.now);
  p.client.session.start(p.now, 0ms);
  p.exchange();
  EXPECT_TRUE(p.log.empty());
  Pair q;
  q.start();
  q.client.session.close(q.now);
  EXPECT_EQ(q.client.session.nextTimeout(), kNever);
  q.exchange();
  EXPECT_EQ(q.client.session.state(), State::Closed);
}

TEST(DtlsSession, aReplayedRecordIsDropped) {
  Pair p;
  ASSERT_TRUE(p.connect());
  const Octets record = Pair::sealed(p.client, "once");
  p.server.receive(record, p.now);
  p.server.receive(record, p.now);
  EXPECT_EQ(p.server.received.size(), 1u);
  EXPECT_EQ(p.server.session.stats().rejected, 1u);
}

TEST(DtlsSession, reorderedRecordsAreTaken) {
  Pair p;
  ASSERT_TRUE(p.connect());
  std::vector<Octets> records;
  for (int i = 0; i < 500; ++i)
    records.push_back(Pair::sealed(p.client, std::to_string(i)));
  for (auto r = records.rbegin(); r != records.rend(); ++r)
    p.server.receive(*r, p.now);
  EXPECT_EQ(p.server.received.size(), 500u);
}

TEST(DtlsSession, noChangedByteIsAccepted) {
  Pair p;
  ASSERT_TRUE(p.connect());
  const Octets record = Pair::sealed(p.client, "whole");
  for (std::size_t i = 0; i < record.size(); ++i) {
    Octets changed = record;
    changed[i] ^= 1;
    p.server.receive(changed, p.now);
  }
  EXPECT_TRUE(p.server.received.empty());
  p.server.receive(record, p.now);
  EXPECT_EQ(p.server.received, (std::vector<std::string>{"whole"}));
  EXPECT_TRUE(p.server.failures.empty());
}

TEST(DtlsSession, recordsOfOtherEpochsAndRubbishAreIgnored) {
  Pair p;
  ASSERT_TRUE(p.connect());
  const Octets plainAlert = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40};
  p.server.receive(plainAlert, p.now);
  Octets epoch2 = Pair::sealed(p.client, "x");
  epoch2[4] = 2;
  p.server.receive(epoch2, p.now);
  p.server.receive({22}, p.now);
  p.server.receive({}, p.now);
  p.server.receive({23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 77, 0xff, 0xff, 1, 2}, p.now);
  p.server.receive({23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 78, 0, 2, 1, 2}, p.now);
  EXPECT_EQ(p.server.session.stats().rejected, 5u);
  EXPECT_TRUE(p.server.failures.empty());
  EXPECT_TRUE(p.send(p.client, p.server, "fine"));
}

TEST(DtlsSession, severalRecordsOfADatagramAreRead) {
  Pair p;
  ASSERT_TRUE(p.connect());
  Octets all;
  for (const char* text : {"one", "two", "three"}) {
    const Octets record = Pair::sealed(p.client, text);
    all.insert(all.end(), record.begin(), record.end());
  }
  p.server.receive(all, p.now);
  EXPECT_EQ(p.server.received, (std::vector<std::string>{"one", "two", "three"}));
}

TEST(DtlsSession, sealsInPlaceWithoutACopy) {
  Pair p;
  ASSERT_TRUE(p.connect());
  Octets room(100);
  const std::size_t head = p.client.session.headroom();
  EXPECT_EQ(head, 21u);
  EXPECT_EQ(p.client.session.overhead(), 37u);
  std::copy_n("here", 4, room.begin() + static_cast<std::ptrdiff_t>(head));
  const auto n = p.client.session.seal(ConstBytes(room).subspan(head, 4), room);
  ASSERT_TRUE(n.ok());
  room.resize(*n);
  p.server.receive(room, p.now);
  EXPECT_EQ(p.server.received, (std::vector<std::string>{"here"}));
}

TEST(DtlsSession, refusesWhatDoesNotFit) {
  Pair p;
  ASSERT_TRUE(p.connect());
  Octets small(4 + p.client.session.overhead() - 1);
  EXPECT_EQ(p.client.session.seal(asBytes("four"), small).error().code(), ErrorCode::Limit);
  Octets large(20'000);
  const std::string tooLong(Session::kMaxPlaintext + 1, 'x');
  EXPECT_EQ(p.client.session.seal(asBytes(tooLong), large).error().code(), ErrorCode::Limit);
}

TEST(DtlsSession, srtpKeysOfBothEndsAreTheSame) {
  for (const SrtpProfile profile :
       {SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80, SrtpProfile::AeadAes256Gcm}) {
    auto client = Pair::config(Role::Client);
    auto server = Pair::config(Role::Server);
    client.srtpProfiles = {profile, SrtpProfile::Aes128CmSha1_80};
    server.srtpProfiles = {profile};
    Pair p(client, server);
    EXPECT_FALSE(p.client.session.exportSrtpKeys().has_value());
    ASSERT_TRUE(p.connect());
    const auto a = p.client.session.exportSrtpKeys();
    const auto b = p.server.session.exportSrtpKeys();
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->profile, profile);
    EXPECT_EQ(b->profile, profile);
    EXPECT_EQ(a->localKey, b->remoteKey);
    EXPECT_EQ(a->remoteKey, b->localKey);
    EXPECT_EQ(a->localSalt, b->remoteSalt);
    EXPECT_EQ(a->remoteSalt, b->localSalt);
    EXPECT_NE(a->localKey, a->remoteKey);
    EXPECT_NE(a->localKey, decltype(a->localKey){});
    p.client.session.close(p.now);
    EXPECT_FALSE(p.client.session.exportSrtpKeys().has_value());
  }
}

TEST(DtlsSession, secretsEraseThemselves) {
  alignas(SrtpKeys) unsigned char srtp[sizeof(SrtpKeys)];
  auto* a = new (srtp) SrtpKeys;
  a->localKey.fill(0xaa);
  a->remoteKey.fill(0xaa);
  a->localSalt.fill(0xaa);
  a->remoteSalt.fill(0xaa);
  a->~SrtpKeys();
  alignas(TrafficKeys) unsigned char traffic[sizeof(TrafficKeys)];
  auto* b = new (traffic) TrafficKeys;
  b->localKey.fill(0xaa);
  b->remoteKey.fill(0xaa);
  b->localIv.fill(0xaa);
  b->remoteIv.fill(0xaa);
  b->~TrafficKeys();
  EXPECT_EQ(std::count(std::begin(srtp), std::end(srtp), 0xaa), 0);
  EXPECT_EQ(std::count(std::begin(traffic), std::end(traffic), 0xaa), 0);
}

TEST(DtlsSession, withoutACommonSrtpProfileThereIsNone) {
  auto server = Pair::config(Role::Server);
  server.srtpProfiles = {SrtpProfile::AeadAes128Gcm};
  Pair p(Pair::config(Role::Client), server);
  ASSERT_TRUE(p.connect());
  EXPECT_FALSE(p.client.session.exportSrtpKeys().has_value());
  EXPECT_FALSE(p.server.session.exportSrtpKeys().has_value());
}

// A new association on the same path: the records of the old one mean nothing to it.
TEST(DtlsSession, aRestartIsANewSession) {
  Pair old;
  ASSERT_TRUE(old.connect());
  Pair anew;
  anew.start();
  anew.client.receive(Pair::sealed(old.server, "old"), anew.now);
  anew.server.receive(Pair::sealed(old.client, "old"), anew.now);
  anew.exchange();
  ASSERT_EQ(anew.client.connected, 1);
  ASSERT_EQ(anew.server.connected, 1);
  anew.server.receive(Pair::sealed(old.client, "old"), anew.now);
  EXPECT_TRUE(anew.server.received.empty());
  EXPECT_TRUE(anew.send(anew.client, anew.server, "new"));
}

TEST(DtlsSession, movesWhileConnected) {
  Pair p;
  ASSERT_TRUE(p.connect());
  Session moved = std::move(p.client.session);
  Octets room(100);
  const auto n = moved.seal(asBytes("moved"), room);
  ASSERT_TRUE(n.ok());
  room.resize(*n);
  p.server.receive(room, p.now);
  EXPECT_EQ(p.server.received, (std::vector<std::string>{"moved"}));
}

}  // namespace
}  // namespace parley::dtls
