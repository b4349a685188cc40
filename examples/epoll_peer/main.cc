// A WebRTC data channel on a bare epoll loop: the engine (peer::Peer) does no I/O, so a program
// with a loop of its own (a game server, an SFU) gives it one socket, one timer and its time.
//
//   epoll_peer offer    prints an offer, reads the answer, then sends the lines of its input
//   epoll_peer answer   reads an offer, prints the answer, then echoes what it hears
//
// Descriptions end with a line that holds a dot. Candidates stand in them (no trickling), so any
// way of carrying text will do. What is left out for brevity: several interfaces, TURN over TCP
// (OpenStream), names of servers (ResolveName), and segmentation offload, which src/driver has.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "crypto/identity.h"
#include "crypto/random.h"
#include "dtls/context.h"
#include "peer/data_session.h"

namespace {

using namespace parley;

constexpr LinkId kLink{1};

Time readClock() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return Time{std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec}};
}

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "epoll_peer: %s\n", what);
  std::exit(1);
}

Address toAddress(const sockaddr_in& a) {
  return {IpAddress::v4(ntohl(a.sin_addr.s_addr)), ntohs(a.sin_port)};
}
sockaddr_in toSockaddr(const Address& a) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(a.port());
  out.sin_addr.s_addr = htonl(a.ip().v4HostOrder());
  return out;
}

// The first IPv4 address that is up and not loopback; loopback when there is no other.
IpAddress findAddress() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) die("no interfaces");
  IpAddress found = IpAddress::loopback(Family::V4);
  for (const ifaddrs* i = all; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET) continue;
    if ((i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0) continue;
    found = toAddress(*reinterpret_cast<const sockaddr_in*>(i->ifa_addr)).ip();
    break;
  }
  ::freeifaddrs(all);
  return found;
}

class Program {
 public:
  explicit Program(bool offers)
      : offers_(offers),
        identity_(crypto::Identity::generate(crypto::KeyKind::EcdsaP256,
                                             wallTimeFromUnixSeconds(::time(nullptr) - 86'400),
                                             wallTimeFromUnixSeconds(::time(nullptr) + 2'592'000))
                      .value()),
        peer_(config_, identity_, dtls_, random_, readClock()),
        session_(peer_, config_, random_) {
    openSocket();
  }

  void run() {
    exchangeDescriptions();
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    watch(socket_);
    if (offers_) watch(STDIN_FILENO);
    while (!done_) {
      std::array<epoll_event, 4> events{};
      const int n = ::epoll_wait(epoll_, events.data(), 4, timeoutMs());
      for (int i = 0; i < n; ++i)
        events[static_cast<std::size_t>(i)].data.fd == socket_ ? readSocket() : readInput();
      if (peer_.nextTimeout() <= readClock()) {
        peer_.handleTimeout(readClock());
        pump();
      }
    }
  }

 private:
  void openSocket() {
    socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in name = toSockaddr({findAddress(), 0});
    socklen_t length = sizeof name;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&name), &length) != 0)
      die("cannot bind a UDP socket");
    local_ = toAddress(name);
    peer_.addLink(kLink, local_, peer::InterfaceKind::Unknown, readClock());
    peer_.endOfLinks(readClock());
  }
  void watch(int descriptor) {
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.fd = descriptor;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &e);
  }
  int timeoutMs() const {
    const Time next = peer_.nextTimeout();
    if (next == kNever) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - readClock()).count();
    return left < 0 ? 0 : static_cast<int>(std::min<std::int64_t>(left, 60'000));
  }

  // ---- Signalling: by hand here.
  void exchangeDescriptions() {
    if (offers_) {
      peer::ChannelInit init;
      init.label = "lines";
      channel_ = peer_.createChannel(init, readClock()).value();
      if (!session_.createOffer({}, readClock()).ok()) die("no offer");
      pump();
      print(session_.negotiator().localDescription()->sdp);
      const auto accepted = session_.acceptAnswer(readDescription(), readClock());
      if (!accepted.ok()) die(accepted.error().message.c_str());
    } else {
      const auto answer = session_.acceptOffer(readDescription(), readClock());
      if (!answer.ok()) die(answer.error().message.c_str());
      pump();
      print(session_.negotiator().localDescription()->sdp);
    }
    pump();
  }
  static void print(const std::string& sdp) {
    std::printf("%s.\n", sdp.c_str());
    std::fflush(stdout);
  }
  // By read() alone: stdio would take more than the description.
  static std::string readDescription() {
    std::string all;
    char c = 0;
    while (::read(STDIN_FILENO, &c, 1) == 1) {
      all += c;
      if (all.ends_with("\n.\n")) return all.substr(0, all.size() - 2);
    }
    die("no description");
  }

  // ---- The loop's two inputs.
  void readSocket() {
    std::array<std::uint8_t, 2048> bytes;
    for (;;) {
      sockaddr_in from{};
      socklen_t length = sizeof from;
      const ssize_t n = ::recvfrom(socket_, bytes.data(), bytes.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &length);
      if (n < 0) return;
      const Path path{kLink, Transport::Udp, local_, toAddress(from)};
      peer_.handleDatagrams(Train{path, Bytes{bytes}.first(static_cast<std::size_t>(n))},
                            readClock());
      pump();
    }
  }
  void readInput() {
    std::array<char, 4096> text;
    const ssize_t n = ::read(STDIN_FILENO, text.data(), text.size());
    if (n <= 0) {
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
      peer_.closeChannel(channel_, readClock());  // what waits is sent before
    } else {
      const std::string_view line{text.data(), static_cast<std::size_t>(n)};
      if (!open_)
        early_ += line;
      else
        static_cast<void>(
            peer_.send(channel_, peer::MessageKind::Text, asBytes(line), readClock()));
    }
    pump();
  }

  // ---- What the engine wants: after every call of it.
  void pump() {
    TransmitBatch batch{arena_, items_};
    drain(
        peer_, batch, readClock(), [this](const TransmitBatch& full) { send(full); },
        [this](peer::PeerEvent& event) { handle(event); });
  }
  void send(const TransmitBatch& batch) {
    for (const Transmit& t : batch.trains()) {
      const sockaddr_in to = toSockaddr(t.path.remote);
      for (std::size_t at = 0; at < t.length; at += t.segmentSize) {
        const auto part =
            batch.bytes(t).subspan(at, std::min<std::size_t>(t.segmentSize, t.length - at));
        ::sendto(socket_, part.data(), part.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof to);
      }
    }
  }
  void handle(peer::PeerEvent& event) {
    const Time now = readClock();
    if (const auto* candidate = std::get_if<peer::LocalCandidate>(&event)) {
      session_.describe(*candidate);  // it joins the local description
    } else if (const auto* opened = std::get_if<peer::ChannelOpened>(&event)) {
      open_ = true;
      std::fprintf(stderr, "open\n");
      if (!early_.empty())
        static_cast<void>(
            peer_.send(opened->channel, peer::MessageKind::Text, asBytes(early_), now));
    } else if (const auto* message = std::get_if<peer::ChannelMessage>(&event)) {
      std::printf("%.*s", static_cast<int>(message->data.size()),
                  reinterpret_cast<const char*>(message->data.data()));
      std::fflush(stdout);
      if (!offers_)
        static_cast<void>(peer_.send(message->channel, message->kind, message->data, now));
    } else if (std::holds_alternative<peer::ChannelClosed>(event)) {
      peer_.close(now);
      done_ = true;
    } else if (const auto* state = std::get_if<peer::ConnectionStateChanged>(&event)) {
      if (state->state != peer::ConnectionState::Failed) return;
      std::fprintf(stderr, "%s\n", peer_.verdict("the other side", now).text().c_str());
      done_ = true;
    }
  }

  bool offers_;
  bool open_ = false;
  bool done_ = false;
  int socket_ = -1;
  int epoll_ = -1;
  Address local_;
  std::string early_;
  peer::ChannelId channel_{};
  std::vector<std::uint8_t> arena_ = std::vector<std::uint8_t>(std::size_t{64} << 10);
  std::array<Transmit, 16> items_{};

  peer::PeerConfig config_;
  crypto::SystemRandom random_;
  dtls::Context dtls_;
  crypto::Identity identity_;
  peer::Peer peer_;
  peer::DataSession session_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 2 ? argv[1] : "";
  if (mode != "offer" && mode != "answer") die("usage: epoll_peer offer | answer");
  Program(mode == "offer").run();
}
