#include "driver/tls_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "crypto/certificate.h"

namespace parley::driver {
namespace {

using State = TlsSession::State;

crypto::PemCertificate makeCertificate(const char* host) {
  crypto::SelfSignedOptions options;
  options.dnsNames = {host};
  options.notBefore = wallTimeFromUnixSeconds(0);
  options.notAfter = wallTimeFromUnixSeconds(4'000'000'000);
  return crypto::makeSelfSigned(options).value();
}

std::shared_ptr<TlsContext> serverContext(const crypto::PemCertificate& c,
                                          std::vector<std::string> alpn = {}) {
  return TlsContext::server({c.certificate, c.privateKey, std::move(alpn)}).value();
}

std::shared_ptr<TlsContext> clientContext(const std::string& trusted,
                                          std::vector<std::string> alpn = {}) {
  return TlsContext::client({trusted, true, std::move(alpn)}).value();
}

// Moves what `from` has to send, at most `chunk` bytes in each feed; whether anything moved.
bool carry(TlsSession& from, TlsSession& to, std::size_t chunk) {
  bool moved = false;
  while (!from.output().empty()) {
    const ConstBytes part = from.output().first(std::min(chunk, from.output().size()));
    const std::size_t taken = to.feed(part);
    from.consumeOutput(taken);
    if (taken == 0) break;
    moved = true;
  }
  return moved;
}

void pump(TlsSession& a, TlsSession& b, std::size_t chunk = 65536) {
  bool moved = true;
  while (moved) {
    moved = carry(a, b, chunk);
    moved = carry(b, a, chunk) || moved;
  }
}

std::string readAll(TlsSession& s) {
  std::string text;
  std::array<std::uint8_t, 1000> buffer{};
  while (const std::size_t n = s.read(buffer)) {
    text += asText(ConstBytes(buffer).first(n));
  }
  return text;
}

struct Pair {
  crypto::PemCertificate certificate = makeCertificate("localhost");
  std::shared_ptr<TlsContext> serverSide = serverContext(certificate);
  std::shared_ptr<TlsContext> clientSide = clientContext(certificate.certificate);
  TlsSession server{serverSide};
  TlsSession client{clientSide, "localhost"};
};

TEST(TlsSession, HandshakesAndCarriesDataBothWays) {
  Pair p;
  pump(p.client, p.server);
  ASSERT_EQ(p.client.state(), State::Open);
  ASSERT_EQ(p.server.state(), State::Open);
  EXPECT_EQ(p.client.version(), "TLSv1.3");
  EXPECT_EQ(p.server.serverName(), "localhost");
  EXPECT_EQ(p.client.write(asBytes("hello")), 5u);
  EXPECT_EQ(p.server.write(asBytes("good day")), 8u);
  pump(p.client, p.server);
  EXPECT_EQ(readAll(p.server), "hello");
  EXPECT_EQ(readAll(p.client), "good day");
}

TEST(TlsSession, WorksWhenEveryByteComesAlone) {
  Pair p;
  pump(p.client, p.server, 1);
  ASSERT_EQ(p.server.state(), State::Open);
  const std::string text(3000, 'x');
  EXPECT_EQ(p.client.write(asBytes(text)), text.size());
  pump(p.client, p.server, 1);
  EXPECT_EQ(readAll(p.server), text);
}

TEST(TlsSession, GoesOnAfterBeingMoved) {
  Pair p;
  TlsSession server = std::move(p.server);
  pump(p.client, server);
  TlsSession moved = std::move(server);
  EXPECT_EQ(p.client.write(asBytes("still here")), 10u);
  pump(p.client, moved);
  EXPECT_EQ(readAll(moved), "still here");
}

TEST(TlsSession, CloseNotifyEndsReadingAndLeavesWriting) {
  Pair p;
  pump(p.client, p.server);
  p.client.write(asBytes("last words"));
  p.client.shutdown();
  EXPECT_EQ(p.client.write(asBytes("too late")), 0u);
  pump(p.client, p.server);
  p.server.feedEof();
  EXPECT_EQ(readAll(p.server), "last words");
  EXPECT_EQ(p.server.state(), State::PeerClosed);
  EXPECT_EQ(p.server.write(asBytes("answer")), 6u);
  pump(p.client, p.server);
  EXPECT_EQ(readAll(p.client), "answer");
}

TEST(TlsSession, StreamCutWithoutCloseNotifyFails) {
  Pair p;
  pump(p.client, p.server);
  p.client.write(asBytes("whole"));
  pump(p.client, p.server);
  p.server.feedEof();
  EXPECT_EQ(readAll(p.server), "whole");
  ASSERT_EQ(p.server.state(), State::Failed);
  EXPECT_EQ(p.server.error().code(), ErrorCode::Closed);
}

TEST(TlsSession, StreamCutInTheHandshakeFails) {
  Pair p;
  const ConstBytes hello = p.client.output();
  p.server.feed(hello.first(hello.size() / 2));
  p.server.feedEof();
  ASSERT_EQ(p.server.state(), State::Failed);
  EXPECT_EQ(p.server.error().code(), ErrorCode::Closed);
}

TEST(TlsSession, RubbishFailsWithAnAlertToSend) {
  Pair p;
  // A handshake record whose message is not a ClientHello.
  const std::array<std::uint8_t, 9> rubbish = {0x16, 3, 1, 0, 4, 2, 0, 0, 0};
  p.server.feed(rubbish);
  ASSERT_EQ(p.server.state(), State::Failed);
  EXPECT_EQ(p.server.error().code(), ErrorCode::Crypto);
  EXPECT_FALSE(p.server.output().empty());
  EXPECT_EQ(p.server.feed(asBytes("more")), 4u);  // swallowed
}

TEST(TlsSession, AlteredRecordFails) {
  Pair p;
  pump(p.client, p.server);
  p.client.write(asBytes("tampered"));
  std::vector<std::uint8_t> record(p.client.output().begin(), p.client.output().end());
  record.back() ^= 1;
  p.server.feed(record);
  EXPECT_EQ(readAll(p.server), "");
  EXPECT_EQ(p.server.state(), State::Failed);
}

TEST(TlsSession, ClientRefusesAnUnknownCertificateAndAWrongName) {
  const auto real = makeCertificate("localhost");
  const auto other = makeCertificate("localhost");
  TlsSession server(serverContext(real));
  TlsSession distrusting(clientContext(other.certificate), "localhost");
  pump(distrusting, server);
  EXPECT_EQ(distrusting.state(), State::Failed);
  TlsSession again(serverContext(real));
  TlsSession misled(clientContext(real.certificate), "elsewhere.example");
  pump(misled, again);
  EXPECT_EQ(misled.state(), State::Failed);
}

TEST(TlsSession, AlpnChoosesTheServersFirstCommonName) {
  const auto c = makeCertificate("localhost");
  TlsSession server(serverContext(c, {"stun.turn", "http/1.1"}));
  TlsSession client(clientContext(c.certificate, {"h2", "http/1.1"}), "localhost");
  pump(client, server);
  EXPECT_EQ(server.protocol(), "http/1.1");
  EXPECT_EQ(client.protocol(), "http/1.1");
}

TEST(TlsSession, AlpnWithoutACommonNameIsRefused) {
  const auto c = makeCertificate("localhost");
  TlsSession server(serverContext(c, {"http/1.1"}));
  TlsSession client(clientContext(c.certificate, {"h2"}), "localhost");
  pump(client, server);
  EXPECT_EQ(server.state(), State::Failed);
  EXPECT_EQ(client.state(), State::Failed);
}

TEST(TlsSession, UnreadInputAndUnsentOutputAreBounded) {
  Pair p;
  pump(p.client, p.server);
  const std::vector<std::uint8_t> block(32 * 1024, 7);
  std::size_t written = 0;
  while (const std::size_t n = p.client.write(block)) {
    written += n;
  }
  EXPECT_GE(written, TlsSession::kMaxOutput - block.size());
  EXPECT_LT(p.client.output().size(), TlsSession::kMaxOutput + block.size());
  std::size_t fed = 0;
  while (const std::size_t n = p.server.feed(p.client.output())) {
    p.client.consumeOutput(n);
    fed += n;
  }
  EXPECT_EQ(fed, TlsSession::kMaxInput);
  // Once somebody reads, all of it comes through.
  std::size_t received = 0;
  while (received < written) {
    received += readAll(p.server).size();
    carry(p.client, p.server, 65536);
    ASSERT_NE(p.server.state(), State::Failed);
  }
  EXPECT_EQ(received, written);
}

TEST(TlsSession, IdleSessionGivesItsBuffersBack) {
  Pair p;
  pump(p.client, p.server);
  const std::string text(60'000, 'y');
  p.client.write(asBytes(text));
  pump(p.client, p.server);
  p.server.releaseBuffers();
  EXPECT_EQ(readAll(p.server), text);  // nothing that waits is lost
  EXPECT_EQ(readAll(p.client), "");    // takes in the server's session tickets
  p.server.releaseBuffers();
  p.client.releaseBuffers();
  EXPECT_EQ(p.server.bufferedBytes(), 0u);
  EXPECT_EQ(p.client.bufferedBytes(), 0u);
  p.client.write(asBytes("again"));
  pump(p.client, p.server);
  EXPECT_EQ(readAll(p.server), "again");
}

TEST(TlsContext, ReplacedCertificateServesNewSessionsOnly) {
  const auto first = makeCertificate("localhost");
  const auto second = makeCertificate("localhost");
  const auto context = serverContext(first);
  TlsSession old(context);
  ASSERT_TRUE(context->replaceCertificate(second.certificate, second.privateKey));
  TlsSession fresh(context);
  TlsSession oldClient(clientContext(first.certificate), "localhost");
  TlsSession newClient(clientContext(second.certificate), "localhost");
  pump(oldClient, old);
  pump(newClient, fresh);
  EXPECT_EQ(oldClient.state(), State::Open);
  EXPECT_EQ(newClient.state(), State::Open);
}

TEST(TlsContext, ABadReplacementLeavesTheOldCertificate) {
  const auto c = makeCertificate("localhost");
  const auto other = makeCertificate("localhost");
  const auto context = serverContext(c);
  EXPECT_FALSE(context->replaceCertificate("rubbish", c.privateKey));
  EXPECT_FALSE(context->replaceCertificate(c.certificate, "rubbish"));
  EXPECT_FALSE(context->replaceCertificate(c.certificate, other.privateKey));
  TlsSession server(context);
  TlsSession client(clientContext(c.certificate), "localhost");
  pump(client, server);
  EXPECT_EQ(client.state(), State::Open);
}

}  // namespace
}  // namespace parley::driver
