// What a relayed packet costs the server: CPU time of the server's own process (its threads'
// schedstat) a packet, ours beside coturn when that is installed, on loopback, one thread each.
//
// Two clients send each other ChannelData through two allocations of one server, so each packet is
// relayed twice: once from channel to peer, once from peer to channel. Sent in bursts whose arrival
// is awaited, so that nothing is lost to full buffers. What loopback does in the sender's context
// counts for the sender, here as for coturn: compare the two, and only on one machine.
//
//   relay_bench [packets a measurement, default 50,000]
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "crypto/hmac.h"
#include "crypto/random.h"
#include "driver/clock.h"
#include "driver/udp_receiver.h"
#include "driver/udp_sender.h"
#include "server/relay/relay_server.h"
#include "stun/attributes.h"
#include "stun/long_term.h"
#include "stun/message.h"
#include "stun/message_writer.h"
#include "turn/channel_data.h"

namespace parley {
namespace {

namespace attr = stun::attr;
using stun::Class;
using stun::MessageWriter;
using stun::Method;

constexpr const char* kUser = "bench";
constexpr const char* kPassword = "bench-password";
constexpr turn::ChannelNumber kChannel{0x4000};
constexpr int kPatience = 1000;  // ms, for one answer or one burst
const IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "relay_bench: %s\n", why.c_str());
  std::exit(1);
}

class Client {
 public:
  explicit Client(const Address& server)
      : path_{LinkId{1}, Transport::Udp, {}, server}, socket_(bind()) {}

  bool answers() {
    return ask(
               Method::Binding, [](MessageWriter&) {}, 100)
        .has_value();
  }
  Address allocate() {
    const auto answer =
        must(Method::Allocate, [](MessageWriter& w) { w.requestedTransport(stun::kTransportUdp); });
    const auto m = stun::Message::parse(answer);
    return *stun::decodeXorAddress(*m->find(attr::kXorRelayedAddress), m->transactionId());
  }
  void bindChannel(const Address& peer) {
    must(Method::ChannelBind, [&peer](MessageWriter& w) {
      w.channelNumber(kChannel.value());
      w.xorAddress(attr::kXorPeerAddress, peer);
    });
  }
  void send(ConstBytes bytes, std::size_t segment) {
    sender_.begin(socket_, path_, Ecn::NotEct);
    sender_.addTrain(bytes, segment);
    sender_.flush();
  }
  // How many of `count` datagrams came.
  std::size_t receive(std::size_t count) {
    std::size_t got = 0;
    while (got < count && readable(kPatience)) {
      for (const Train& t : receiver_.receive(socket_, LinkId{1})) {
        got += t.size();
      }
    }
    return got;
  }

 private:
  static driver::UdpSocket bind() {
    driver::UdpOptions options;
    options.receiveBufferBytes = 4 * 1024 * 1024;
    return driver::UdpSocket::bind(Address(kLoopback, 0), options).value();
  }
  bool readable(int wait) const {
    pollfd p{socket_.descriptor(), POLLIN, 0};
    return ::poll(&p, 1, wait) == 1;
  }
  template <class Body>
  std::optional<std::vector<std::uint8_t>> ask(Method method, Body&& body, int wait) {
    std::array<std::uint8_t, 1024> room{};
    stun::TransactionId id;
    crypto::SystemRandom().fill(id.bytes);
    MessageWriter w(room, method, Class::Request, id);
    body(w);
    if (!nonce_.empty()) {
      w.text(attr::kUsername, kUser);
      w.text(attr::kRealm, realm_);
      w.text(attr::kNonce, nonce_);
      const stun::LongTermKey key(stun::PasswordAlgorithm::Md5, kUser, realm_, kPassword);
      crypto::HmacKey hmac(crypto::HmacAlgorithm::Sha1, key.bytes());
      w.integrity(hmac);
    }
    const std::size_t size = w.finish();
    send(ConstBytes(room).first(size), size);
    while (readable(wait)) {
      for (const Train& t : receiver_.receive(socket_, LinkId{1})) {
        const Bytes answer = t[0];
        const bool ours = answer.size() >= stun::kHeaderSize &&
                          std::equal(id.bytes.begin(), id.bytes.end(), answer.begin() + 8);
        // Others answer what was asked while the server was starting.
        if (ours) return std::vector<std::uint8_t>(answer.begin(), answer.end());
      }
    }
    return std::nullopt;
  }
  template <class Body>
  std::vector<std::uint8_t> must(Method method, Body&& body) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto answer = ask(method, body, kPatience);
      if (!answer) fail("no answer to a request");
      const auto m = stun::Message::parse(*answer);
      if (!m) fail("an answer that is not STUN");
      if (m->messageClass() == Class::Success) return *answer;
      const auto realm = m->find(attr::kRealm);
      const auto nonce = m->find(attr::kNonce);
      if (!realm || !nonce) break;
      realm_ = asText(*realm);
      nonce_ = asText(*nonce);
    }
    fail("a request was refused");
  }

  Path path_;
  driver::UdpSocket socket_;
  driver::UdpSender sender_;
  driver::UdpReceiver receiver_;
  std::string realm_;
  std::string nonce_;
};

// A server in a process of its own, which ends with this one.
class Process {
 public:
  template <class Body>
  explicit Process(Body&& body) : pid_(::fork()) {
    if (pid_ < 0) fail("fork");
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    ::_exit(1);
  }
  ~Process() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Nanoseconds on a CPU, all threads.
  double cpu() const {
    double sum = 0;
    const std::filesystem::path tasks = "/proc/" + std::to_string(pid_) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
      double ns = 0;
      std::ifstream(task.path() / "schedstat") >> ns;
      sum += ns;
    }
    return sum;
  }

 private:
  pid_t pid_;
};

void serveParley(std::uint16_t port) {
  server::RelayConfig config;
  config.turnPort = port;
  config.users = {{kUser, kPassword}};
  config.shards = 1;
  const auto relay = server::RelayServer::start(config);
  if (!relay) fail(relay.error().describe());
  while (true) {
    ::pause();
  }
}

void serveCoturn(std::uint16_t port) {
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(null, STDERR_FILENO);
  const std::string portText = std::to_string(port);
  const std::string user = std::string(kUser) + ":" + kPassword;
  ::execl("/usr/bin/turnserver", "turnserver", "-n", "-L", "127.0.0.1", "-E", "127.0.0.1", "-p",
          portText.c_str(), "-m", "1", "--lt-cred-mech", "-u", user.c_str(), "-r", "bench",
          "--allow-loopback-peers", "--no-cli", "--no-tls", "--no-dtls", "--log-file", "/dev/null",
          "--pidfile", "/dev/null", static_cast<char*>(nullptr));
}

std::uint16_t freePort() {
  return driver::UdpSocket::bind(Address(kLoopback, 0)).value().local().port();
}

void measure(const char* name, const Process& process, const Address& server, std::size_t packets) {
  Client a(server);
  Client b(server);
  const Time giveUp = driver::readClock() + 10s;
  while (!a.answers()) {
    if (driver::readClock() > giveUp) fail("the server does not start");
  }
  const Address atA = a.allocate();
  const Address atB = b.allocate();
  a.bindChannel(atB);
  b.bindChannel(atA);
  for (const std::size_t payload : {100u, 1000u, 1200u}) {
    for (const std::size_t train : {1u, 8u, 32u}) {
      const std::size_t segment = turn::kChannelHeaderSize + payload;
      std::vector<std::uint8_t> bytes(segment * train);
      for (std::size_t i = 0; i < train; ++i) {
        turn::writeChannelHeader(bytes.data() + i * segment, kChannel, payload);
      }
      std::size_t lost = 0;
      const double before = process.cpu();
      for (std::size_t sent = 0; sent < packets; sent += train) {
        a.send(bytes, segment);
        lost += train - b.receive(train);
      }
      const double relayed = 2.0 * static_cast<double>(packets - lost);
      std::printf("%-8s %4zu bytes, trains of %2zu: %7.2f us CPU a relayed packet, %zu lost\n",
                  name, payload, train, (process.cpu() - before) / relayed / 1000, lost);
      std::fflush(stdout);
    }
  }
}

int run(std::size_t packets) {
  {
    const std::uint16_t port = freePort();
    const Process parley([port] { serveParley(port); });
    measure("parley", parley, Address(kLoopback, port), packets);
  }
  if (::access("/usr/bin/turnserver", X_OK) != 0) {
    std::puts("coturn   SKIPPED: not installed");
    return 0;
  }
  const std::uint16_t port = freePort();
  const Process coturn([port] { serveCoturn(port); });
  measure("coturn", coturn, Address(kLoopback, port), packets);
  return 0;
}

}  // namespace
}  // namespace parley

int main(int argc, char** argv) {
  // tools/bench passes Google Benchmark's options on, which mean nothing here.
  const long packets = argc > 1 && argv[1][0] != '-' ? std::atol(argv[1]) : 50'000;
  if (packets <= 0) {
    std::fputs("usage: relay_bench [packets]\n", stderr);
    return 2;
  }
  return parley::run(static_cast<std::size_t>(packets));
}
