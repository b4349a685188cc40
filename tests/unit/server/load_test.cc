#include "server/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace parley::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Load : public ::testing::Test {
 protected:
  ~Load() override {
    if (!file_.empty()) ::unlink(file_.c_str());
  }
  void file(const std::string& text) {
    char path[] = "/tmp/parley-load-XXXXXX";
    ::close(::mkstemp(path));
    file_ = path;
    std::ofstream(path) << text;
    sources.configFile = file_;
  }
  void flag(const std::string& name, const std::string& value) {
    sources.flags[name].values.push_back(value);
    sources.flags[name].source = "--" + name;
  }
  // The text of the only error.
  std::string error() {
    const Loaded loaded = load(sources);
    if (loaded.errors.size() != 1) {
      std::string all;
      for (const auto& e : loaded.errors)
        all += e.text() + "\n";
      return std::to_string(loaded.errors.size()) + " errors:\n" + all;
    }
    return loaded.errors.front().text();
  }
  Config good() {
    Loaded loaded = load(sources);
    for (const auto& e : loaded.errors)
      ADD_FAILURE() << e.text();
    return loaded.config;
  }

  Sources sources{{}, {}, {}, "/tmp/state"};
  std::string file_;
};

TEST_F(Load, WithNothingSaidTheDefaultsHold) {
  const Config c = good();
  EXPECT_THAT(c.bind, ElementsAre(IpAddress::v4(127, 0, 0, 1)));
  EXPECT_EQ(c.httpPort, 8080);
  EXPECT_EQ(c.turnPort, 3478);
  EXPECT_EQ(c.turnsPort, 5349);
  EXPECT_EQ(c.limits.roomSize, 16u);
  EXPECT_EQ(c.credentialLifetime, 1h);
  EXPECT_EQ(c.stateDir, "/tmp/state");
  EXPECT_THAT(c.anonymousRights, ElementsAre("create", "lock", "relay"));
  EXPECT_TRUE(c.loopbackOnly());
  EXPECT_FALSE(c.tls());
}

TEST_F(Load, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  file("http-port = 1111\nturn-port = 1112\nturns-port = 1113\n");
  sources.environment = {"PARLEY_HTTP_PORT=2221", "PARLEY_TURN_PORT=2222"};
  flag("http-port", "3331");
  const Config c = good();
  EXPECT_EQ(c.httpPort, 3331);
  EXPECT_EQ(c.turnPort, 2222);
  EXPECT_EQ(c.turnsPort, 1113);
}

TEST_F(Load, TheFileMayBeNamedByTheEnvironment) {
  file("room-size = 3\n");
  sources.environment = {"PARLEY_CONFIG=" + *sources.configFile};
  sources.configFile.reset();
  EXPECT_EQ(good().limits.roomSize, 3u);
}

TEST_F(Load, ListsComeFromArraysCommasAndRepetition) {
  file("deny-peer = [\"1.0.0.0/8\", \"2.0.0.0/8\"]\nhost = \"one.example\"\n");
  sources.environment = {"PARLEY_ALLOW_PEER=3.0.0.0/8, 4.0.0.0/8"};
  flag("allow-origin", "https://a.example");
  flag("allow-origin", "https://b.example");
  const Config c = good();
  EXPECT_EQ(c.denyPeers.size(), 2u);
  EXPECT_EQ(c.allowPeers.size(), 2u);
  EXPECT_EQ(c.allowOrigins.size(), 2u);
  EXPECT_THAT(c.hosts, ElementsAre("one.example"));
}

TEST_F(Load, LanOpensAllInterfacesUnlessToldWhich) {
  flag("lan", "true");
  EXPECT_EQ(good().bind.size(), 2u);
  EXPECT_TRUE(good().tls());
  EXPECT_FALSE(good().loopbackOnly());
  flag("bind", "192.0.2.7");
  EXPECT_THAT(good().bind, ElementsAre(IpAddress::v4(192, 0, 2, 7)));
}

TEST_F(Load, AnUnknownKeyInTheFileIsNamedWithItsLineAndANearOne) {
  file("# a comment\nhttp-prot = 80\n");
  EXPECT_EQ(error(), "http-prot (" + file_ + " line 2): is not a setting; did you mean http-port?");
}

TEST_F(Load, AnUnknownVariableIsOnlyAWarning) {
  sources.environment = {"PARLEY_HTPP_PORT=80", "PARLEY_SERVICE_HOST=10.0.0.1", "HOME=/x"};
  const Loaded loaded = load(sources);
  EXPECT_THAT(loaded.errors, IsEmpty());
  ASSERT_EQ(loaded.warnings.size(), 2u);
  EXPECT_EQ(loaded.warnings[0],
            "PARLEY_HTPP_PORT is not a setting and is ignored; did you mean PARLEY_HTTP_PORT?");
}

TEST_F(Load, ErrorsNameKeyValueSourceAndRemedy) {
  flag("bind", "300.1.1.1");
  EXPECT_EQ(error(),
            "bind = 300.1.1.1 (--bind): is not an IP address; give an address such as 127.0.0.1 "
            "or ::1");
}

TEST_F(Load, BadPort) {
  sources.environment = {"PARLEY_TURN_PORT=70000"};
  EXPECT_EQ(error(),
            "turn-port = 70000 (PARLEY_TURN_PORT): is not a port number; give a number from 0 to "
            "65535; 0 takes a free port");
}

TEST_F(Load, BadPrefix) {
  flag("deny-peer", "10.0.0.0/33");
  EXPECT_EQ(error(),
            "deny-peer = 10.0.0.0/33 (--deny-peer): is not an address range; give an address or a "
            "prefix (CIDR) such as 10.0.0.0/8 or fd00::/8");
}

TEST_F(Load, BadFlag) {
  sources.environment = {"PARLEY_LAN=perhaps"};
  EXPECT_EQ(error(), "lan = perhaps (PARLEY_LAN): is neither true nor false; give true or false");
}

TEST_F(Load, BadCount) {
  flag("room-size", "1000");
  EXPECT_EQ(error(),
            "room-size = 1000 (--room-size): is out of range; give a number from 1 to 256");
}

TEST_F(Load, BadTime) {
  flag("credential-lifetime", "3600");
  EXPECT_EQ(error(),
            "credential-lifetime = 3600 (--credential-lifetime): is not a time span; give a "
            "number with a unit (s, m, h or d), from 60s to 86400s");
}

TEST_F(Load, BadChoice) {
  flag("log-level", "loud");
  EXPECT_EQ(error(),
            "log-level = loud (--log-level): is not one of the choices; give one of trace, debug, "
            "info, warning, error, off");
}

TEST_F(Load, BadRight) {
  flag("anonymous-rights", "fly");
  EXPECT_THAT(error(), HasSubstr("is not a right; give create, lock and relay, or none"));
}

TEST_F(Load, BadRealm) {
  flag("realm", "with \"quotes\"");
  EXPECT_THAT(error(), HasSubstr("is not a realm"));
}

TEST_F(Load, SecretsAreNotShown) {
  flag("turn-user", "ann-sesame-open");
  flag("turn-secret", "sesame");
  flag("token-key", "hs256:sesame");
  const Loaded loaded = load(sources);
  ASSERT_EQ(loaded.errors.size(), 3u);
  for (const ConfigError& e : loaded.errors) {
    EXPECT_THAT(e.text(), Not(HasSubstr("sesame")));
    EXPECT_THAT(e.text(), HasSubstr("(hidden)"));
  }
}

TEST_F(Load, AllMistakesAreReportedAtOnce) {
  file("http-port = \"x\"\nbind = \"y\"\nnonsense = 1\n");
  EXPECT_EQ(load(sources).errors.size(), 3u);
}

TEST_F(Load, AFileThatIsNotTomlIsNamedWithItsLine) {
  file("http-port = 80\nbind = 127.0.0.1\n");
  EXPECT_THAT(error(), HasSubstr(file_ + " line 2: is not TOML"));
}

TEST_F(Load, WrongTypesInTheFile) {
  file("http-port = [80, 81]\n");
  EXPECT_EQ(error(), "http-port (" + file_ +
                         " line 1): has a value of the wrong type; give one text, number, true or "
                         "false");
  file("host = [[\"a\"]]\n");
  EXPECT_THAT(error(), HasSubstr("give a list of texts"));
}

TEST_F(Load, AFileThatIsNotThere) {
  sources.configFile = "/nowhere/parley.toml";
  EXPECT_EQ(error(),
            "config = /nowhere/parley.toml (--config): cannot be read: No such file or directory; "
            "check the path and that this user may read it");
}

TEST_F(Load, VeryLongLinesAreRefusedBeforeTheyAreParsed) {
  std::string deep;
  for (int i = 0; i < 5000; ++i)
    deep += "a.";
  EXPECT_EQ(gatherToml(deep + "a = 1", "f").errors.size(), 1u);
}

TEST_F(Load, TablesAreRefusedWithTheirLine) {
  file("http-port = 80\n[turn]\nport = 3\n");
  EXPECT_EQ(error(), file_ +
                         " line 2: begins a table; settings have none; write each as name = "
                         "value, with its whole name");
  EXPECT_EQ(gatherToml("[{x {x [y]\n", "f").errors.size(), 1u);
}

TEST_F(Load, WhatTheLibraryTripsOverIsRefusedBefore) {
  for (const std::string& text :
       {std::string("[\x1f\0\0", 4), std::string("\xc6\x9d&?cen"),
        std::string("a = \"x\" \xc3\xa9"), std::string("json = true\x7f")}) {
    EXPECT_EQ(gatherToml(text, "f").errors.size(), 1u) << text;
  }
  for (const char* text :
       {"json = true\r\n\t\n", "# \xc3\xa9 [\n", "realm = \"\xc3\xa9 \\\" \xc3\xa9\" # x",
        "realm = \"\"\"\n[\xc3\xa9\n\"\"\"", "host = [\n\"a\", 'b'\n]\n"}) {
    for (const auto& e : gatherToml(text, "f").errors)
      ADD_FAILURE() << text << ": " << e.text();
  }
}

TEST_F(Load, CertificateAndKeyBelongTogether) {
  flag("tls-cert", "/c.pem");
  EXPECT_EQ(error(), "tls-cert = /c.pem (--tls-cert): has no private key; give tls-key as well");
  sources.flags.clear();
  flag("tls-key", "/k.pem");
  EXPECT_EQ(error(), "tls-key = /k.pem (--tls-key): has no certificate; give tls-cert as well");
  flag("tls-cert", "/c.pem");
  flag("tls-self-signed", "true");
  EXPECT_EQ(error(),
            "tls-self-signed = true (--tls-self-signed): contradicts tls-cert; give one of the "
            "two");
}

TEST_F(Load, LanAndLoopbackContradict) {
  flag("lan", "true");
  flag("bind", "127.0.0.1");
  EXPECT_THAT(error(), HasSubstr("bind = 127.0.0.1 (--bind): contradicts lan"));
}

TEST_F(Load, OnePortForTwo) {
  flag("turn-port", "8080");
  EXPECT_EQ(error(),
            "turn-port = 8080 (--turn-port): is taken by http-port; give each its own port, or 0 "
            "for a free one");
  sources.flags["turn-port"].values = {"0"};
  flag("http-port", "0");
  EXPECT_EQ(good().turnPort, 0);
}

TEST_F(Load, PortsOutsideOfTheRelays) {
  flag("turn-port", "62000");
  EXPECT_EQ(error(),
            "turn-port = 62000 (--turn-port): lies in relay-ports; choose a port outside "
            "61000-65535");
}

TEST_F(Load, ProxyProtocolNeedsToKnowTheProxy) {
  flag("proxy-protocol", "true");
  EXPECT_EQ(error(),
            "proxy-protocol = true (--proxy-protocol): needs to know whose PROXY header to "
            "believe; give trusted-proxy as well");
  flag("trusted-proxy", "127.0.0.1");
  EXPECT_FALSE(good().loopbackOnly()) << "whoever is behind the proxy is not this machine";
}

TEST_F(Load, ExternalAddressesAreReachable) {
  flag("external-ip", "127.0.0.1");
  EXPECT_EQ(error(),
            "external-ip = 127.0.0.1 (--external-ip): cannot be reached from outside; give the "
            "public address of this machine");
}

TEST_F(Load, TokenModeNeedsAKey) {
  flag("tokens", "optional");
  EXPECT_EQ(error(),
            "tokens = optional (--tokens): means nothing without a key; give token-key as well");
}

TEST_F(Load, StateHasADefaultOnlyWithAHome) {
  sources.defaultStateDir = "";
  EXPECT_THAT(error(), HasSubstr("give state-dir"));
}

TEST(DefaultStateDir, FollowsXdg) {
  EXPECT_EQ(defaultStateDir({"HOME=/home/a"}, true), "/var/lib/parley");
  EXPECT_EQ(defaultStateDir({"HOME=/home/a"}, false), "/home/a/.local/state/parley");
  EXPECT_EQ(defaultStateDir({"HOME=/home/a", "XDG_STATE_HOME=/s"}, false), "/s/parley");
  EXPECT_EQ(defaultStateDir({"HOME=/home/a", "XDG_STATE_HOME=rel"}, false),
            "/home/a/.local/state/parley");
  EXPECT_EQ(defaultStateDir({}, false), "");
}

}  // namespace
}  // namespace parley::server
