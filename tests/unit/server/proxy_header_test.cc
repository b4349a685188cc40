#include "server/http/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::server {
namespace {

using State = ProxyHeader::State;

ProxyHeader parse(std::string_view text) {
  return parseProxyHeader(asBytes(text));
}

std::string version2(char command, char family, const std::string& addresses) {
  std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
  out += command;
  out += family;
  out += static_cast<char>(addresses.size() >> 8);
  out += static_cast<char>(addresses.size() & 255);
  return out + addresses;
}

// Every shorter beginning must ask for more, never decide.
void expectPatience(const std::string& whole) {
  for (std::size_t n = 1; n < whole.size(); ++n)
    EXPECT_EQ(parse(whole.substr(0, n)).state, State::NeedMore) << n;
}

TEST(ProxyHeader, Version1) {
  const std::string text = "PROXY TCP4 192.0.2.9 198.51.100.1 56324 443\r\n";
  const ProxyHeader header = parse(text + "GET /");
  ASSERT_EQ(header.state, State::Done);
  EXPECT_EQ(header.size, text.size());
  EXPECT_EQ(header.source->toString(), "192.0.2.9:56324");
  EXPECT_EQ(parse("PROXY TCP6 2001:db8::1 ::1 1 2\r\n").source->toString(), "[2001:db8::1]:1");
  expectPatience(text);
}

TEST(ProxyHeader, Version1Unknown) {
  const ProxyHeader header = parse("PROXY UNKNOWN ffff::1 x y z\r\nrest");
  EXPECT_EQ(header.state, State::Done);
  EXPECT_FALSE(header.source);
}

TEST(ProxyHeader, Version2) {
  const std::string v4 =
      version2(0x21, 0x11, std::string("\xC0\0\2\x09\0\0\0\0\xDC\x04\1\xBB", 12));
  const ProxyHeader header = parse(v4);
  ASSERT_EQ(header.state, State::Done);
  EXPECT_EQ(header.size, v4.size());
  EXPECT_EQ(header.source->toString(), "192.0.2.9:56324");
  expectPatience(v4);
  std::string v6Addresses(36, '\0');
  v6Addresses[15] = 1;
  v6Addresses[33] = 7;
  EXPECT_EQ(parse(version2(0x21, 0x21, v6Addresses)).source->toString(), "[::1]:7");
  // Extensions (TLVs) after the addresses are skipped.
  const std::string longer = version2(0x21, 0x11, std::string(12, '\1') + std::string(100, 'x'));
  EXPECT_EQ(parse(longer).size, longer.size());
}

TEST(ProxyHeader, Version2Local) {
  const ProxyHeader header = parse(version2(0x20, 0x00, ""));
  EXPECT_EQ(header.state, State::Done);
  EXPECT_FALSE(header.source);
}

TEST(ProxyHeader, WhatIsBad) {
  for (const std::string& text :
       {std::string("GET / HTTP/1.1\r\n"), std::string("PROXY TCP4 ::1 ::1 1 2\r\n"),
        std::string("PROXY TCP4 1.2.3.4 1.2.3.4 70000 2\r\n"),
        std::string("PROXY TCP4 x y 1 2\r\n"), std::string("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n"),
        "PROXY " + std::string(200, 'a'), version2(0x11, 0x11, std::string(12, 'a')),
        version2(0x22, 0x11, std::string(12, 'a')), version2(0x21, 0x12, std::string(12, 'a')),
        version2(0x21, 0x11, std::string(4, 'a')),
        version2(0x21, 0x11, std::string(ProxyHeader::kMaxSize, 'a'))}) {
    EXPECT_EQ(parse(text).state, State::Bad) << text;
  }
}

}  // namespace
}  // namespace parley::server
