// The pure parts of what composes the server: ICE servers, ready line, metrics, log lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "server/hub_settings.h"
#include "server/ice_directory.h"
#include "server/log.h"
#include "server/metrics_text.h"
#include "server/outside_check.h"
#include "server/port_check.h"
#include "server/ready.h"
#include "server/relay_settings.h"
#include "server/server.h"

namespace parley::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

ClientRoute route(const std::string& host, const std::string& local) {
  return {host, *IpAddress::parse(local)};
}

crypto::CertificateInfo certificateFor(const std::string& name) {
  crypto::CertificateInfo info;
  info.dnsNames = {name};
  return info;
}

IceSettings iceSettings() {
  IceSettings s;
  s.turnPort = 3478;
  s.stunAltPort = 3479;
  s.turnsPort = 5349;
  s.secret = "sesame";
  return s;
}

TEST(IceDirectory, OnLoopbackTheAddressIsHandedOutAndNoUntrustedTurns) {
  const IceDirectory ice(iceSettings());
  const auto r = route("localhost", "127.0.0.1");
  EXPECT_THAT(ice.stunUrls(r), ElementsAre("stun:127.0.0.1:3478", "stun:127.0.0.1:3479"));
  EXPECT_THAT(ice.turnUrls(r), ElementsAre("turn:127.0.0.1:3478?transport=udp",
                                           "turn:127.0.0.1:3478?transport=tcp"));
}

TEST(IceDirectory, ATrustedCertificateBringsTurnsByName) {
  IceSettings settings = iceSettings();
  settings.hosts = {"call.example"};
  settings.trustedCertificate = certificateFor("call.example");
  EXPECT_THAT(
      IceDirectory(settings).turnUrls(route("call.example", "192.0.2.1")),
      ElementsAre("turn:call.example:3478?transport=udp", "turn:call.example:3478?transport=tcp",
                  "turns:call.example:5349?transport=tcp"));
  settings.trustedCertificate = certificateFor("other.example");
  EXPECT_THAT(IceDirectory(settings).turnUrls(route("call.example", "192.0.2.1")),
              Not(Contains(HasSubstr("turns:"))));
}

TEST(IceDirectory, LocalhostIsANameForTurnsOnly) {
  IceSettings settings = iceSettings();
  settings.hosts = {"localhost"};
  settings.trustedCertificate = certificateFor("localhost");
  EXPECT_THAT(IceDirectory(settings).turnUrls(route("localhost", "127.0.0.1")),
              ElementsAre("turn:127.0.0.1:3478?transport=udp", "turn:127.0.0.1:3478?transport=tcp",
                          "turns:localhost:5349?transport=tcp"));
}

TEST(IceDirectory, EachNetworkGetsTheAddressItReached) {
  IceSettings settings = iceSettings();
  const IceDirectory lan(settings);
  EXPECT_THAT(lan.stunUrls(route("192.168.1.2", "192.168.1.2")), Contains("stun:192.168.1.2:3478"));
  EXPECT_THAT(lan.stunUrls(route("fd00::2", "fd00::2")), Contains("stun:[fd00::2]:3478"));
  settings.externalIps = {*IpAddress::parse("203.0.113.5")};
  const IceDirectory cloud(settings);
  EXPECT_THAT(cloud.stunUrls(route("203.0.113.5", "10.0.0.2")), Contains("stun:203.0.113.5:3478"));
  EXPECT_THAT(cloud.stunUrls(route("localhost", "127.0.0.1")), Contains("stun:127.0.0.1:3478"));
}

TEST(IceDirectory, CredentialsAreMintedForTheMember) {
  const IceDirectory ice(iceSettings());
  signal::IceRequest request;
  request.member = *signal::MemberId::parse("AAAAAAAAAAAAAAAAAAAAAA");
  const auto list =
      ice.servers(route("localhost", "127.0.0.1"), request, wallTimeFromUnixSeconds(1000));
  ASSERT_EQ(list.servers.size(), 2u);
  EXPECT_EQ(list.ttl, 1h);
  EXPECT_EQ(list.servers[0].username, "");
  EXPECT_EQ(list.servers[1].username, "4600:AAAAAAAAAAAAAAAAAAAAAA");
  // printf 4600:AAA… | openssl dgst -sha1 -hmac sesame -binary | base64
  EXPECT_EQ(list.servers[1].credential, "jGxZvsZXj3ki/g94s95bSZW/fd0=");
  request.relay = false;
  EXPECT_EQ(ice.servers(route("localhost", "127.0.0.1"), request, {}).servers.size(), 1u);
}

ReadyInfo readyInfo() {
  ReadyInfo info;
  info.http = "http://127.0.0.1:8080";
  info.signal = "ws://127.0.0.1:8080/signal";
  info.stun = {"stun:127.0.0.1:3478"};
  info.turn = {"turn:127.0.0.1:3478?transport=udp"};
  info.httpPort = 8080;
  info.turnPort = 3478;
  return info;
}

TEST(Ready, TheLineForPrograms) {
  EXPECT_EQ(readyJson(readyInfo()),
            R"({"http":"http://127.0.0.1:8080","signal":"ws://127.0.0.1:8080/signal",)"
            R"("stun":["stun:127.0.0.1:3478"],"turn":["turn:127.0.0.1:3478?transport=udp"]})");
}

TEST(Ready, TheLineForPeople) {
  EXPECT_EQ(readyWords(readyInfo(), "", "", false),
            "Parley is ready. Open http://127.0.0.1:8080\n");
}

TEST(Ready, OverSshTheForwardingIsPrinted) {
  EXPECT_EQ(sshForward(readyInfo(), "10.0.0.9 55555 10.0.0.1 22", "ann"),
            "ssh -L 8080:127.0.0.1:8080 -L 3478:127.0.0.1:3478 ann@10.0.0.1");
  EXPECT_EQ(sshForward(readyInfo(), "fd00::9 55555 fd00::1 2222", ""),
            "ssh -p 2222 -L 8080:127.0.0.1:8080 -L 3478:127.0.0.1:3478 fd00::1");
  for (const char* odd : {"", "x", "a b c d", "10.0.0.9 1 10.0.0.1;reboot 22", "10.0.0.9 1"})
    EXPECT_EQ(sshForward(readyInfo(), odd, "ann"), std::nullopt) << odd;
}

TEST(Ready, OnALanThereIsAQrCode) {
  ReadyInfo info = readyInfo();
  info.lan = true;
  info.fingerprint = "AB:CD";
  const std::string words = readyWords(info, "", "", false);
  EXPECT_THAT(words, HasSubstr("█"));
  EXPECT_THAT(words, HasSubstr("AB:CD"));
  EXPECT_THAT(words, Not(HasSubstr("\x1b")));
  EXPECT_THAT(readyWords(info, "", "", true), HasSubstr("\x1b["));
  EXPECT_EQ(qrCode(std::string(5000, 'x'), false), "");
}

TEST(Metrics, AreWellFormedAndHaveFixedLabelsOnly) {
  signal::HubStats hub;
  hub.rooms = 3;
  const std::string text = metricsText(hub, {}, RelayMetrics{});
  EXPECT_THAT(text, HasSubstr("\nparley_signal_rooms 3\n"));
  EXPECT_THAT(text, HasSubstr("parley_signal_errors_total{code=\"room-full\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("parley_relay_bytes_total{to=\"peer\"} 0\n"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_THAT(line, MatchesRegex("# HELP parley_[a-z_]+ .+|# TYPE parley_[a-z_]+ (counter|gauge)|"
                                   "parley_[a-z_]+([{][a-z]+=\"[a-z0-9-]+\"[}])? [0-9]+"));
  }
  EXPECT_THAT(metricsText(hub, {}, std::nullopt), Not(HasSubstr("parley_relay_")));
}

TEST(Log, ValuesCannotForgeALine) {
  EXPECT_EQ(log::formatLine(LogFormat::Text, "said", {{"host", "a\n2026 error forged"}}),
            "said host=\"a\\u000a2026 error forged\"");
  EXPECT_EQ(log::formatLine(LogFormat::Text, "said", {{"host", "\x1b[2J\xc2\x9b"}}),
            "said host=\"\\u001b[2J\\u009b\"");
  const std::string json = log::formatLine(LogFormat::Json, "sa\"id", {{"n", 7}, {"t", "a\"b\\"}});
  const auto parsed = nlohmann::json::parse("{" + json + "}");
  EXPECT_EQ(parsed["event"], "sa\"id");
  EXPECT_EQ(parsed["n"], 7);
  EXPECT_EQ(parsed["t"], "a\"b\\");
}

TEST(Log, HiddenTextsNeverAppear) {
  log::hide(Secret("open-sesame-4711"));
  log::hide(Secret("abc"));  // too short to be told from words
  const std::string line = log::formatLine(LogFormat::Text, "x open-sesame-4711",
                                           {{"a", "1open-sesame-47112"}, {"b", "abc"}});
  EXPECT_EQ(line, "x (hidden) a=1(hidden)2 b=abc");
}

TEST(Log, LinesAreBounded) {
  EXPECT_LT(log::formatLine(LogFormat::Text, "x", {{"a", std::string(100'000, 'a')}}).size(),
            5000u);
}

TEST(Ports, AreListedForTheFirewall) {
  Sources sources{{}, {"PARLEY_BIND=0.0.0.0"}, {}, "/tmp"};
  const auto ports = portsOf(load(sources).config);
  std::vector<std::string> text;
  for (const PortUse& use : ports)
    text.push_back((use.udp ? "udp " : "tcp ") + std::to_string(use.first));
  EXPECT_THAT(text,
              ElementsAre("tcp 8080", "udp 3478", "tcp 3478", "tcp 5349", "udp 3479", "udp 61000"));
}

TEST(HubSettings, FollowTheConfiguration) {
  Sources sources{{},
                  {"PARLEY_ROOM_SIZE=3", "PARLEY_RESUME_TIME=5s", "PARLEY_IDLE_TIMEOUT=30s",
                   "PARLEY_ANONYMOUS_RIGHTS=lock", "PARLEY_TOKENS=optional",
                   "PARLEY_TOKEN_KEY=hs256:" + std::string(32, 'k')},
                  {},
                  "/tmp"};
  const Loaded loaded = load(sources);
  ASSERT_THAT(loaded.errors, IsEmpty());
  const auto options = signalOptions(loaded.config, Secret(std::string(64, 'a')), "d1\n\nd2\n");
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->hub.roomMembers, 3u);
  EXPECT_EQ(options->hub.resumeWithin, 5s);
  EXPECT_EQ(options->hub.idleAfter, 30s);
  EXPECT_EQ(options->hub.pingEvery, 10s);
  EXPECT_EQ(options->hub.serverKey.size(), 32u);
  EXPECT_FALSE(options->hub.tokenRequired);
  EXPECT_EQ(options->hub.anonymousRights, signal::Rights().with(signal::Right::Lock));
  EXPECT_THAT(options->hub.lockDigests, ElementsAre("d1", "d2"));
  EXPECT_NE(options->tokens, nullptr);
}

TEST(RelaySettings, FollowTheConfiguration) {
  Sources sources{
      {},
      {"PARLEY_BIND=192.0.2.1", "PARLEY_EXTERNAL_IP=203.0.113.5", "PARLEY_TURN_USER=ann:pw",
       "PARLEY_RELAY_PORTS=61000-61999", "PARLEY_DENY_PEER=8.8.8.8"},
      {},
      "/tmp"};
  const Loaded loaded = load(sources);
  ASSERT_THAT(loaded.errors, IsEmpty());
  const RelayConfig relay = relayConfig(loaded.config, nullptr);
  ASSERT_EQ(relay.relayAddresses.size(), 1u);
  EXPECT_EQ(relay.relayAddresses[0].ip.toString(), "192.0.2.1");
  EXPECT_EQ(relay.relayAddresses[0].external->toString(), "203.0.113.5");
  EXPECT_EQ(relay.users.at(0).password, "pw");
  EXPECT_EQ(relay.maxRelayPort, 61999);
  EXPECT_EQ(relay.denyPeers.size(), 1u);
}

TEST(CertificateNames, HoldEveryNameOfTheServer) {
  Sources sources{
      {}, {"PARLEY_HOST=call.example,203.0.113.9", "PARLEY_BIND=192.0.2.1"}, {}, "/tmp"};
  const CertificateNames names = certificateNames(load(sources).config);
  EXPECT_THAT(names.dns, ElementsAre("localhost", "call.example"));
  EXPECT_THAT(names.ips, Contains(*IpAddress::parse("203.0.113.9")));
  EXPECT_THAT(names.ips, Contains(*IpAddress::parse("192.0.2.1")));
  EXPECT_THAT(names.ips, Contains(IpAddress::loopback(Family::V4)));
}

TEST(BindErrors, SayWhatToDo) {
  const IpAddress ip = IpAddress::v4(127, 0, 0, 1);
  EXPECT_EQ(bindError("http-port", 80, ip, EADDRINUSE).text(),
            "http-port = 80: is in use on 127.0.0.1 by another program; stop that one, choose "
            "another port, or give 0 for a free one");
  EXPECT_THAT(bindError("http-port", 80, ip, EACCES).text(), HasSubstr("CAP_NET_BIND_SERVICE"));
  EXPECT_THAT(bindError("http-port", 80, ip, EADDRNOTAVAIL).text(), HasSubstr("bind = 127.0.0.1"));
}

TEST(OutsideCheck, TakesRoomLinks) {
  const auto target = parseHttpUrl("https://call.example/r/blue");
  ASSERT_TRUE(target);
  EXPECT_TRUE(target->tls);
  EXPECT_EQ(target->host, "call.example");
  EXPECT_EQ(target->port, "443");
  EXPECT_EQ(parseHttpUrl("http://[::1]:8080")->host, "::1");
  EXPECT_EQ(parseHttpUrl("http://[::1]:8080")->port, "8080");
  for (const char* bad : {"", "call.example", "ftp://a", "http://", "http://a:b", "https://:1"})
    EXPECT_FALSE(parseHttpUrl(bad)) << bad;
}

}  // namespace
}  // namespace parley::server
