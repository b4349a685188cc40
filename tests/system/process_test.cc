#include "tests/system/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>

#include "crypto/certificate.h"
#include "server/clock.h"
#include "tests/support/raw_client.h"

namespace parley::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

const std::vector<std::string> kFreePorts{"serve",       "--json", "--http-port",  "0",
                                          "--turn-port", "0",      "--turns-port", "0"};

std::vector<std::string> with(std::vector<std::string> words,
                              const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// A server that is ready.
class Served : public Process {
 public:
  explicit Served(const std::vector<std::string>& more = {},
                  const std::vector<std::string>& environment = {})
      : Process(with(kFreePorts, more), environment) {
    if (!waitForOutput("}\n")) return;
    ready = nlohmann::json::parse(output(), nullptr, false);
    if (!ready.is_object()) return;
    const std::string http = ready["http"];
    port = static_cast<std::uint16_t>(std::stoi(http.substr(http.rfind(':') + 1)));
  }
  WsClient join(const std::string& room, const std::string& more = "", bool tls = false) {
    RawClient raw;
    EXPECT_TRUE(raw.connect(port));
    if (tls) {
      EXPECT_TRUE(raw.startTls());
    }
    WsClient ws(std::move(raw));
    EXPECT_EQ(ws.upgrade("localhost"), 101u);
    ws.sendText(R"({"type":"join","room":")" + room + R"(","name":"Ada")" + more + "}");
    return ws;
  }

  nlohmann::json ready;
  std::uint16_t port = 0;
};

struct Finished {
  int code;
  std::string out;
  std::string err;
};
Finished run(const std::vector<std::string>& words,
             const std::vector<std::string>& environment = {}) {
  Process process(words, environment);
  const int code = process.wait();
  return {code, process.output(), process.errors()};
}

TEST(Command, AloneSaysWhatItIs) {
  const Finished r = run({});
  EXPECT_EQ(r.code, 0);
  EXPECT_THAT(r.out, StartsWith("Parley: two machines talk"));
  EXPECT_THAT(r.out, HasSubstr("\nparley " PARLEY_VERSION "\n"));
  std::size_t examples = 0;
  for (std::size_t at = r.out.find("\n  parley "); at != std::string::npos;
       at = r.out.find("\n  parley ", at + 1))
    ++examples;
  EXPECT_EQ(examples, 4u);
}

TEST(Command, VersionAndHelp) {
  EXPECT_EQ(run({"--version"}).out, "parley " PARLEY_VERSION "\n");
  for (const char* verb : {"serve", "check", "token"}) {
    const Finished r = run({verb, "--help"});
    EXPECT_EQ(r.code, 0) << verb;
    EXPECT_THAT(r.out, HasSubstr(std::string("parley ") + verb)) << verb;
    EXPECT_EQ(r.err, "") << verb;
  }
}

TEST(Command, UsageErrorsAre2) {
  EXPECT_EQ(run({"nonsense"}).code, 2);
  const Finished r = run({"serve", "--htpp-port", "80"});
  EXPECT_EQ(r.code, 2);
  EXPECT_THAT(r.err, HasSubstr("there is no --htpp-port; did you mean --http-port?"));
  EXPECT_EQ(r.out, "");
  EXPECT_EQ(run({"serve", "--http-port"}).code, 2);
  EXPECT_EQ(run({"serve", "stray"}).code, 2);
}

TEST(Serve, TheReadyLineIsWhatItPromises) {
  Served server;
  ASSERT_TRUE(server.ready.is_object()) << server.errors();
  EXPECT_THAT(server.ready["http"].get<std::string>(),
              MatchesRegex("http://127\\.0\\.0\\.1:[0-9]+"));
  EXPECT_THAT(server.ready["signal"].get<std::string>(),
              MatchesRegex("ws://127\\.0\\.0\\.1:[0-9]+/signal"));
  EXPECT_THAT(server.ready["stun"][0].get<std::string>(),
              MatchesRegex("stun:127\\.0\\.0\\.1:[0-9]+"));
  ASSERT_EQ(server.ready["turn"].size(), 3u);
  EXPECT_THAT(server.ready["turn"][2].get<std::string>(),
              MatchesRegex("turns:localhost:[0-9]+\\?transport=tcp"));
  EXPECT_EQ(statusOf(httpGet(server.port, "/healthz")), 200u);
  EXPECT_EQ(statusOf(httpGet(server.port, "/readyz")), 200u);
  EXPECT_THAT(httpGet(server.port, "/metrics"), HasSubstr("parley_relay_binding_requests_total"));
}

TEST(Serve, TwoClientsSignalThroughIt) {
  Served server;
  WsClient ada = server.join("blue");
  const auto hers = nlohmann::json::parse(ada.receiveText("welcome"));
  // Untrusted turns: is handed to nobody; the rest is there, with credentials.
  EXPECT_THAT(hers["iceServers"].dump(), Not(HasSubstr("turns:")));
  EXPECT_THAT(hers["iceServers"].dump(), HasSubstr("turn:127.0.0.1"));
  EXPECT_THAT(hers["iceServers"][1]["username"].get<std::string>(),
              HasSubstr(":" + hers["self"].get<std::string>()));
  WsClient bo = server.join("blue");
  const auto his = nlohmann::json::parse(bo.receiveText("welcome"));
  bo.sendText(R"({"type":"signal","to":")" + hers["self"].get<std::string>() +
              R"(","data":{"hello":[1,2,3]}})");
  const auto got = nlohmann::json::parse(ada.receiveText("\"signal\""));
  EXPECT_EQ(got["from"], his["self"]);
  EXPECT_EQ(got["data"]["hello"], nlohmann::json::array({1, 2, 3}));
}

TEST(Serve, SigtermTellsTheMembersAndEndsWith0) {
  Served server;
  WsClient ada = server.join("blue");
  ASSERT_NE(ada.receiveText("welcome"), "");
  server.signal(SIGTERM);
  EXPECT_NE(ada.receiveText("shutdown"), "");
  EXPECT_EQ(ada.receiveClose(), 1001u);
  EXPECT_EQ(server.wait(), 0);
}

TEST(Serve, SigintEndsWith130) {
  Served server;
  server.signal(SIGINT);
  EXPECT_EQ(server.wait(), 130);
}

TEST(Serve, MembersComeBackAfterARestartByTheirProof) {
  char state[] = "/tmp/parley-state-XXXXXX";
  ASSERT_NE(::mkdtemp(state), nullptr);
  nlohmann::json first;
  {
    Served server({"--state-dir", state});
    WsClient ada = server.join("blue");
    first = nlohmann::json::parse(ada.receiveText("welcome"));
    server.signal(SIGTERM);
    EXPECT_EQ(ada.receiveClose(), 1001u);
    EXPECT_EQ(server.wait(), 0);
  }
  Served server({"--state-dir", state});
  WsClient ada = server.join("blue", ",\"resume\":" + first["resume"].dump() +
                                         ",\"ack\":0,\"proof\":" + first["proof"].dump());
  const auto again = nlohmann::json::parse(ada.receiveText("welcome"));
  EXPECT_EQ(again["self"], first["self"]);
  EXPECT_EQ(again["returned"], true);
  for (const char* file : {"server.key", "turn.secret", "self-signed.pem"}) {
    struct stat info {};
    const std::string path = std::string(state) + "/" + file;
    ASSERT_EQ(::stat(path.c_str(), &info), 0) << path;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << path;
    ::unlink(path.c_str());
  }
  ::unlink((std::string(state) + "/locked-rooms").c_str());
  ::rmdir(state);
}

TEST(Serve, APortInUseIsNamedWithItsRemedy) {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(s, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(s, 1), 0);
  ::getsockname(s, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string port = std::to_string(ntohs(address.sin_port));
  const Finished http =
      run({"serve", "--http-port", port, "--turn-port", "0", "--turns-port", "0"});
  EXPECT_EQ(http.code, 2);
  EXPECT_EQ(http.out, "");
  EXPECT_THAT(http.err, HasSubstr("http-port = " + port +
                                  " (--http-port): is in use on 127.0.0.1 by another program"));
  for (const char* key : {"turn-port", "turns-port"}) {
    std::vector<std::string> words{"serve", "--http-port",  "0", "--turn-port",
                                   "0",     "--turns-port", "0"};
    words[std::string(key) == "turn-port" ? 4 : 6] = port;
    const Finished r = run(words);
    EXPECT_EQ(r.code, 2) << key;
    EXPECT_THAT(r.err, HasSubstr(std::string(key) + " = ")) << key;
    EXPECT_THAT(r.err, HasSubstr(port)) << key;
    EXPECT_THAT(r.err, HasSubstr("--" + std::string(key))) << key;
  }
  const Finished check =
      run({"check", "--http-port", port, "--turn-port", "0", "--turns-port", "0"});
  EXPECT_EQ(check.code, 2);
  EXPECT_THAT(check.out, HasSubstr("http-port = " + port));
  ::close(s);
}

TEST(Serve, AnAddressThatIsNotOursIsNamed) {
  const Finished r = run(with(kFreePorts, {"--bind", "192.0.2.77"}));
  EXPECT_EQ(r.code, 2);
  EXPECT_THAT(r.err, HasSubstr("192.0.2.77"));
  EXPECT_THAT(r.err, HasSubstr("bind"));
}

TEST(Serve, SelfSignedTlsIsKept) {
  Served server({"--tls-self-signed"});
  ASSERT_TRUE(server.ready.is_object()) << server.errors();
  EXPECT_THAT(server.ready["http"].get<std::string>(), StartsWith("https://127.0.0.1:"));
  EXPECT_THAT(server.ready["signal"].get<std::string>(), StartsWith("wss://"));
  WsClient ada = server.join("blue", "", true);
  EXPECT_THAT(ada.receiveText("welcome"), Not(HasSubstr("turns:")));
  EXPECT_EQ(statusOf(httpGet(server.port, "/")), 308u);
}

TEST(Serve, AConfiguredCertificateIsCheckedAndASelfSignedOneBringsNoTurns) {
  crypto::SelfSignedOptions wishes;
  wishes.dnsNames = {"localhost"};
  wishes.notBefore = server::wallNow() - 1h;
  wishes.notAfter = server::wallNow() + 24h * 90;
  const auto pem = crypto::makeSelfSigned(wishes).value();
  char dir[] = "/tmp/parley-cert-XXXXXX";
  ASSERT_NE(::mkdtemp(dir), nullptr);
  const std::string cert = std::string(dir) + "/c.pem";
  const std::string key = std::string(dir) + "/k.pem";
  std::ofstream(cert) << pem.certificate;
  std::ofstream(key) << pem.privateKey;
  {
    Served server({"--tls-cert", cert, "--tls-key", key, "--host", "localhost"});
    ASSERT_TRUE(server.ready.is_object()) << server.errors();
    WsClient ada = server.join("blue", "", true);
    EXPECT_THAT(ada.receiveText("welcome"), Not(HasSubstr("turns:"))) << "nobody could trust it";
  }
  const Finished check =
      run({"check", "--tls-cert", cert, "--tls-key", key, "--host", "other.example", "--http-port",
           "0", "--turn-port", "0", "--turns-port", "0"});
  EXPECT_EQ(check.code, 2);
  EXPECT_THAT(check.out, HasSubstr("host = other.example (--host): is not covered"));
  const Finished swapped = run(with(kFreePorts, {"--tls-cert", key, "--tls-key", key}));
  EXPECT_EQ(swapped.code, 2);
  EXPECT_THAT(swapped.err, HasSubstr("(--tls-cert): holds no certificate"));
  ::unlink(cert.c_str());
  ::unlink(key.c_str());
  ::rmdir(dir);
}

TEST(Serve, NoSecretReachesTheLogAtAnyLevel) {
  const std::string password = "sesame-password-4711";
  const std::string secret = "sesame-secret-0815-long-enough";
  const std::string keyText = "sesame-token-key-that-is-32-bytes-long";
  for (const char* format : {"text", "json"}) {
    Served server({"--log-level", "trace", "--log-format", format, "--turn-user", "ann:" + password,
                   "--turn-secret", secret, "--token-key", "hs256:" + keyText});
    ASSERT_TRUE(server.ready.is_object()) << server.errors();
    const Finished minted = run({"token", "--room", "blue", "--token-key", "hs256:" + keyText});
    ASSERT_EQ(minted.code, 0);
    const std::string token = minted.out.substr(0, minted.out.size() - 1);
    WsClient ada = server.join("blue", ",\"token\":\"" + token + "\"");
    const auto welcome = nlohmann::json::parse(ada.receiveText("welcome"));
    httpGet(server.port, "/?token=" + token, "Authorization: Bearer " + secret + "\r\n");
    WsClient bad = server.join("blue", ",\"token\":\"bad-" + token + "\"");
    EXPECT_NE(bad.receiveText("bad-token"), "");
    EXPECT_EQ(bad.receiveClose(), 4401u);
    server.signal(SIGTERM);
    EXPECT_EQ(ada.receiveClose(), 1001u);
    EXPECT_EQ(server.wait(), 0);
    const std::string all = server.output() + server.errors();
    EXPECT_GT(server.errors().size(), 100u) << "there was a log to look at";
    for (const std::string& hidden :
         {password, secret, keyText, token, welcome["resume"].get<std::string>(),
          welcome["proof"].get<std::string>(),
          welcome["iceServers"][1]["credential"].get<std::string>()}) {
      EXPECT_THAT(all, Not(HasSubstr(hidden)));
    }
    if (std::string(format) != "json") continue;
    std::istringstream lines(server.errors());
    for (std::string line; std::getline(lines, line);)
      EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  }
}

TEST(Token, GoesRound) {
  const std::string key = "hs256:0123456789abcdef0123456789abcdef";
  const auto mint = [&](const std::vector<std::string>& more) {
    Finished r = run(with({"token", "--token-key", key}, more));
    EXPECT_EQ(r.code, 0) << r.err;
    return r.out.substr(0, r.out.size() - 1);
  };
  Served server({"--token-key", key});
  const auto tryIt = [&](const std::string& token) {
    WsClient ws = server.join("blue", token.empty() ? "" : ",\"token\":\"" + token + "\"");
    const auto frame = ws.receiveFrame();
    return frame ? frame->payload : "";
  };
  const auto welcome = nlohmann::json::parse(
      tryIt(mint({"--room", "http://127.0.0.1/r/Blue", "--name", "Eve", "--right", "create"})));
  EXPECT_EQ(welcome["type"], "welcome");
  EXPECT_EQ(welcome["name"], "Eve");
  EXPECT_EQ(welcome["rights"], nlohmann::json::array({"create"}));
  EXPECT_THAT(welcome["iceServers"].dump(), Not(HasSubstr("turn:"))) << "no right to relay";
  EXPECT_THAT(tryIt(""), HasSubstr("token-required"));
  EXPECT_THAT(tryIt(mint({"--room", "red"})), HasSubstr("wrong-room"));
  EXPECT_THAT(tryIt(mint({"--room", "*", "--token-audience", "other"})), HasSubstr("bad-token"));
  const Finished json = run({"token", "--token-key", key, "--room", "*", "--json"});
  EXPECT_TRUE(nlohmann::json::parse(json.out).contains("token"));
}

TEST(Token, WrongWishesAreNamed) {
  const std::string key = "hs256:0123456789abcdef0123456789abcdef";
  EXPECT_EQ(run({"token"}).code, 2);
  EXPECT_THAT(run({"token", "--room", "x"}).err, HasSubstr("token-key: is not set"));
  EXPECT_THAT(run({"token", "--room", "a b", "--token-key", key}).err, HasSubstr("is not a room"));
  EXPECT_THAT(run({"token", "--room", "x", "--token-key", key, "--right", "fly"}).err,
              HasSubstr("is not a right"));
  EXPECT_THAT(run({"token", "--room", "x", "--token-key", key, "--expires", "soon"}).err,
              HasSubstr("--expires = soon"));
}

TEST(Check, LooksAtAServerFromOutside) {
  Served server;
  const std::string url = server.ready["http"];
  const Finished good = run({"check", "--from-outside", url + "/r/blue"});
  EXPECT_EQ(good.code, 0) << good.out << good.err;
  EXPECT_THAT(good.out, HasSubstr("answers; it sees this machine at 127.0.0.1:"));
  const Finished json = run({"check", "--json", "--from-outside", url});
  std::istringstream lines(json.out);
  for (std::string line; std::getline(lines, line);)
    EXPECT_EQ(nlohmann::json::parse(line)["ok"], true);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
  const Finished gone = run({"check", "--from-outside", url});
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.out, HasSubstr("Connection refused"));
  EXPECT_EQ(run({"check", "--from-outside", "nonsense"}).code, 2);
}

TEST(Check, ListsTheFirewallPorts) {
  const Finished r = run(
      {"check", "--bind", "0.0.0.0", "--http-port", "0", "--turn-port", "0", "--turns-port", "0"});
  EXPECT_EQ(r.code, 0) << r.out << r.err;
  EXPECT_THAT(r.out, HasSubstr("Let in UDP 61000-65535: relayed media"));
}

TEST(Configuration, ComesFromFileEnvironmentAndFlags) {
  char path[] = "/tmp/parley-config-XXXXXX";
  ::close(::mkstemp(path));
  std::ofstream(path) << "room-size = 1\nhttp-port = 0\nturn-port = 0\nturns-port = 0\n"
                         "json = true\n";
  Process server({"serve", "--config", path, "--realm", "here"}, {"PARLEY_LOG_FORMAT=json"});
  ASSERT_TRUE(server.waitForOutput("}\n")) << server.errors();
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
  EXPECT_THAT(server.errors(), StartsWith("{\"time\":"));
  std::ofstream(path) << "room-sise = 1\n";
  const Finished r = run({"serve", "--config", path});
  EXPECT_EQ(r.code, 2);
  EXPECT_THAT(r.err, HasSubstr(std::string(path) + " line 1): is not a setting; did you mean "
                                                   "room-size?"));
  ::unlink(path);
}

TEST(Serve, WithoutDescriptorsItAnswers503AndRecovers) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan looks at objects through a pipe and calls them broken without one";
#endif
  Process server(with(kFreePorts, {"--threads", "1"}), {}, 64);
  ASSERT_TRUE(server.waitForOutput("}\n")) << server.errors();
  const std::string http = nlohmann::json::parse(server.output())["http"];
  const auto port = static_cast<std::uint16_t>(std::stoi(http.substr(http.rfind(':') + 1)));
  std::deque<RawClient> held;
  bool refused = false;
  for (int i = 0; i < 64 && !refused; ++i) {
    RawClient& client = held.emplace_back();
    ASSERT_TRUE(client.connect(port));
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    refused = statusOf(client.receiveUntil("\r\n\r\n")) == 503;
  }
  EXPECT_TRUE(refused);
  held.clear();
  // The server learns of the closed ones in its own time.
  unsigned status = 0;
  for (int i = 0; i < 1000 && status != 200; ++i)
    status = statusOf(httpGet(port, "/healthz"));
  EXPECT_EQ(status, 200u);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
}

}  // namespace
}  // namespace parley::test
