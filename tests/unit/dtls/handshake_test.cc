#include <gtest/gtest.h>

#include "dtls_harness.h"

namespace parley::dtls {
namespace {

using test::identity;
using test::Octets;
using test::Pair;

TEST(DtlsHandshake, connectsAndCarriesBothWays) {
  Pair p;
  ASSERT_TRUE(p.connect());
  EXPECT_EQ(p.now, Time{}) << "no timer fires when nothing is lost";
  EXPECT_EQ(p.client.session.state(), State::Connected);
  EXPECT_EQ(p.server.session.state(), State::Connected);
  EXPECT_EQ(p.client.session.cipherSuite(), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  EXPECT_TRUE(p.send(p.client, p.server, "ping"));
  EXPECT_TRUE(p.send(p.server, p.client, "pong"));
  EXPECT_TRUE(p.send(p.server, p.client, ""));
  EXPECT_TRUE(p.send(p.client, p.server, std::string(1150, 'x')));
  EXPECT_TRUE(identity("server").fingerprint().matches(p.client.session.remoteCertificate()));
  EXPECT_TRUE(identity("client").fingerprint().matches(p.server.session.remoteCertificate()));
}

}  // namespace
}  // namespace parley::dtls
