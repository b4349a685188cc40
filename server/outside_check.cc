#include "server/outside_check.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <variant>

#include "crypto/random.h"
#include "driver/tls_session.h"
#include "server/clock.h"
#include "stun/attributes.h"
#include "stun/message.h"
#include "stun/message_writer.h"

namespace parley::server {
namespace {

constexpr Duration kStepTime = 5s;
constexpr Duration kStunRetry = 500ms;
constexpr std::size_t kMaxAnswer = 64 * 1024;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int get() const { return descriptor_; }
  // False when the time is over.
  bool wait(short events, Time until) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - now()).count();
    pollfd p{descriptor_, events, 0};
    return left > 0 && ::poll(&p, 1, static_cast<int>(left)) > 0;
  }

 private:
  int descriptor_;
};

// A connected socket (for UDP: bound to the peer), or what went wrong.
std::variant<std::unique_ptr<Socket>, std::string> connectTo(const std::string& host,
                                                             const std::string& port, int kind,
                                                             Time until) {
  addrinfo hints{};
  hints.ai_socktype = kind;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list); error != 0) {
    return host + " cannot be resolved: " + ::gai_strerror(error);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);
  std::string problem = "no address";
  for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
    auto s = std::make_unique<Socket>(
        ::socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol));
    if (s->get() < 0) continue;
    if (::connect(s->get(), a->ai_addr, a->ai_addrlen) == 0) return s;
    int error = errno;
    if (error == EINPROGRESS) {
      error = ETIMEDOUT;
      if (s->wait(POLLOUT, until)) {
        socklen_t size = sizeof error;
        ::getsockopt(s->get(), SOL_SOCKET, SO_ERROR, &error, &size);
      }
      if (error == 0) return s;
    }
    problem = std::strerror(error);
  }
  return problem;
}

// Moves bytes of one request and its answer, through TLS or not.
class Exchange {
 public:
  Exchange(const Socket& socket, std::optional<driver::TlsSession> tls, Time until)
      : socket_(socket), tls_(std::move(tls)), until_(until) {}

  std::string run(std::string_view request) {
    std::string answer;
    std::string_view toSend = request;
    while (answer.size() < kMaxAnswer && !complete(answer)) {
      if (tls_ && !toSend.empty()) toSend.remove_prefix(tls_->write(asBytes(toSend)));
      if (!flush(toSend)) break;
      if (!socket_.wait(POLLIN, until_)) break;
      std::array<std::uint8_t, 4096> chunk{};
      const ssize_t n = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
      if (n <= 0) break;
      const ConstBytes got = ConstBytes(chunk).first(static_cast<std::size_t>(n));
      if (!tls_) {
        answer += asText(got);
        continue;
      }
      tls_->feed(got);
      std::array<std::uint8_t, 4096> plain{};
      for (std::size_t m = tls_->read(plain); m > 0; m = tls_->read(plain))
        answer += asText(ConstBytes(plain).first(m));
      if (tls_->state() == driver::TlsSession::State::Failed) {
        problem_ = tls_->error().describe();
        break;
      }
    }
    return answer;
  }
  const std::string& problem() const { return problem_; }

 private:
  static bool complete(const std::string& answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::size_t at = answer.find("Content-Length: ");
    return at != std::string::npos && at < end &&
           answer.size() >= end + 4 + std::strtoul(answer.c_str() + at + 16, nullptr, 10);
  }
  bool flush(std::string_view& plain) {
    while (tls_ ? !tls_->output().empty() : !plain.empty()) {
      const ConstBytes out = tls_ ? tls_->output() : asBytes(plain);
      const ssize_t n = ::send(socket_.get(), out.data(), out.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN && socket_.wait(POLLOUT, until_)) continue;
      if (n <= 0) return false;
      if (tls_) {
        tls_->consumeOutput(static_cast<std::size_t>(n));
      } else {
        plain.remove_prefix(static_cast<std::size_t>(n));
      }
    }
    return true;
  }

  const Socket& socket_;
  std::optional<driver::TlsSession> tls_;
  Time until_;
  std::string problem_;
};

struct Answer {
  unsigned status = 0;
  std::string body;
  std::string problem;
};

Answer get(const HttpTarget& target, const std::string& path) {
  const Time until = now() + kStepTime;
  auto connected = connectTo(target.host, target.port, SOCK_STREAM, until);
  if (auto* problem = std::get_if<std::string>(&connected)) return {0, "", *problem};
  std::optional<driver::TlsSession> tls;
  if (target.tls) {
    auto context = driver::TlsContext::client({});
    if (!context) return {0, "", context.error().describe()};
    tls.emplace(*context, target.host);
  }
  Exchange exchange(*std::get<0>(connected), std::move(tls), until);
  const bool v6 = target.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + target.host + "]" : target.host;
  const std::string text = exchange.run("GET " + path + " HTTP/1.1\r\nHost: " + host + ":" +
                                        target.port + "\r\nConnection: close\r\n\r\n");
  if (!exchange.problem().empty()) return {0, "", exchange.problem()};
  Answer out;
  if (text.starts_with("HTTP/1.1 ") && text.size() > 12) {
    out.status = static_cast<unsigned>(std::strtoul(text.c_str() + 9, nullptr, 10));
  } else {
    out.problem = text.empty() ? "no answer came" : "the answer is not HTTP";
  }
  const std::size_t end = text.find("\r\n\r\n");
  if (end != std::string::npos) out.body = text.substr(end + 4);
  return out;
}

OutsideFinding checkStun(const std::string& url) {
  OutsideFinding out{false, "stun", ""};
  const std::size_t colon = url.rfind(':');
  std::string host = colon > 5 && colon != std::string::npos ? url.substr(5, colon - 5) : "";
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  auto connected = connectTo(host, url.substr(colon + 1), SOCK_DGRAM, now() + kStepTime);
  if (auto* problem = std::get_if<std::string>(&connected)) {
    out.detail = url + ": " + *problem;
    return out;
  }
  const Socket& s = *std::get<0>(connected);
  stun::TransactionId id{};
  crypto::SystemRandom random;
  random.fill(id.bytes);
  std::array<std::uint8_t, stun::kHeaderSize> request{};
  stun::MessageWriter writer(request, stun::Method::Binding, stun::Class::Request, id);
  const std::size_t size = writer.finish();
  const Time until = now() + kStepTime;
  while (now() < until) {
    (void)::send(s.get(), request.data(), size, MSG_NOSIGNAL);
    if (!s.wait(POLLIN, std::min(until, now() + kStunRetry))) continue;
    std::array<std::uint8_t, 1500> answer{};
    const ssize_t n = ::recv(s.get(), answer.data(), answer.size(), 0);
    if (n < 0 && errno == ECONNREFUSED) break;  // ICMP: nothing listens there
    if (n <= 0) continue;
    const auto message =
        stun::Message::parse(ConstBytes(answer).first(static_cast<std::size_t>(n)));
    if (!message || message->transactionId() != id) continue;
    const auto mapped = message->find(stun::attr::kXorMappedAddress);
    const auto address = mapped ? stun::decodeXorAddress(*mapped, id) : std::nullopt;
    if (!address) continue;
    out.good = true;
    out.detail = url + " answers; it sees this machine at " + address->toString();
    return out;
  }
  out.detail =
      url + ": no answer; open this port for UDP in the firewall, or set external-ip or host";
  return out;
}

}  // namespace

std::optional<HttpTarget> parseHttpUrl(std::string_view url) {
  HttpTarget out;
  if (url.starts_with("https://")) {
    out.tls = true;
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else {
    return {};
  }
  std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  out.port = out.tls ? "443" : "80";
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    out.port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) {
    authority = authority.substr(1, authority.size() - 2);
  }
  out.host = authority;
  const bool digits = !out.port.empty() && out.port.size() <= 5 &&
                      out.port.find_first_not_of("0123456789") == std::string::npos;
  if (out.host.empty() || !digits) return {};
  return out;
}

std::vector<OutsideFinding> checkFromOutside(const HttpTarget& target) {
  const std::string where = target.host + " port " + target.port;
  const Answer health = get(target, "/healthz");
  if (health.status == 421) {
    return {{false, "http", where + " answers, but not to this name; add it with host"}};
  }
  if (health.status != 200) {
    const std::string why =
        health.status != 0 ? "status " + std::to_string(health.status) : health.problem;
    return {{false, "http",
             where + ": " + why +
                 "; open this port for TCP in the firewall, and "
                 "check bind and the certificate"}};
  }
  std::vector<OutsideFinding> out{{true, "http", where + " answers"}};
  const Answer facts = get(target, "/page.json");
  const auto json = nlohmann::json::parse(facts.body, nullptr, false);
  if (facts.status != 200 || !json.is_object() || !json.contains("stun") ||
      !json["stun"].is_array()) {
    out.push_back({false, "stun", where + " does not say where STUN is; is it Parley?"});
    return out;
  }
  for (const auto& url : json["stun"]) {
    if (url.is_string() && url.get<std::string>().starts_with("stun:")) {
      out.push_back(checkStun(url.get<std::string>()));
    }
  }
  return out;
}

}  // namespace parley::server
