#include "stun/uri.h"

#include <gtest/gtest.h>

namespace parley::stun {
namespace {

struct Good {
  const char* url;
  bool turn;
  Transport transport;
  const char* host;
  std::uint16_t port;
};

// RFC 7064 appendix A and RFC 7065 appendix A have most of these.
TEST(StunUri, whatTheRfcsName) {
  const Good all[] = {
      {"stun:example.org", false, Transport::Udp, "example.org", 3478},
      {"stuns:example.org", false, Transport::Tls, "example.org", 5349},
      {"STUN:example.org:8000", false, Transport::Udp, "example.org", 8000},
      {"turn:example.org", true, Transport::Udp, "example.org", 3478},
      {"turns:example.org", true, Transport::Tls, "example.org", 5349},
      {"turn:example.org:8000", true, Transport::Udp, "example.org", 8000},
      {"turn:example.org?transport=udp", true, Transport::Udp, "example.org", 3478},
      {"turn:example.org?transport=tcp", true, Transport::Tcp, "example.org", 3478},
      {"turns:example.org?transport=tcp", true, Transport::Tls, "example.org", 5349},
      {"turns:example.org?transport=udp", true, Transport::Dtls, "example.org", 5349},
      {"turn:192.0.2.1:3478?transport=tcp", true, Transport::Tcp, "192.0.2.1", 3478},
      {"turn:[2001:db8::1]:99", true, Transport::Udp, "2001:db8::1", 99},
      {"stun:[::1]", false, Transport::Udp, "::1", 3478},
  };
  for (const Good& g : all) {
    const auto u = parseUri(g.url);
    ASSERT_TRUE(u.ok()) << g.url;
    EXPECT_EQ(u->turn, g.turn) << g.url;
    EXPECT_EQ(u->transport, g.transport) << g.url;
    EXPECT_EQ(u->host, g.host) << g.url;
    EXPECT_EQ(u->port, g.port) << g.url;
  }
}

TEST(StunUri, whatIsNone) {
  for (const char* url : {"",
                          "stun",
                          "stun:",
                          "http:example.org",
                          "stun:example.org:",
                          "stun:example.org:0",
                          "stun:example.org:65536",
                          "stun:example.org:1x",
                          "stun:example.org?transport=udp",
                          "turn:example.org?transport=sctp",
                          "turn:example.org?",
                          "turn:[::1",
                          "turn:[1.2.3.4]",
                          "turn:user@example.org",
                          "relative-url",
                          "stun:example.org/foo",
                          "turn://example.org/foo?x=y",
                          ":example.org",
                          "turn:example.org?transport=udp&x=1",
                          "stun:[]",
                          "turn:exa mple.org",
                          "stun://example.org",
                          "turn:[::1]x"})
    EXPECT_FALSE(parseUri(url).ok()) << url;
}

}  // namespace
}  // namespace parley::stun
