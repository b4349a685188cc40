#include "server/http/http_server.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include "server/http/http_connection.h"
#include "server/log.h"

namespace parley::server {
namespace {

constexpr int kBacklog = 512;
constexpr int kPortAttempts = 16;  // to find one that is free on all addresses
constexpr Duration kAcceptPause = 100ms;
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 2\r\n"
    "Connection: close\r\n\r\n";

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

asio::ip::tcp::endpoint toEndpoint(const Address& address) {
  if (address.ip().isV4()) {
    return {asio::ip::address_v4(address.ip().v4HostOrder()), address.port()};
  }
  asio::ip::address_v6::bytes_type bytes{};
  const ConstBytes raw = address.ip().bytes();
  std::copy(raw.begin(), raw.end(), bytes.begin());
  return {asio::ip::address_v6(bytes), address.port()};
}

Address toAddress(const asio::ip::tcp::endpoint& endpoint) {
  if (endpoint.address().is_v4()) {
    return {IpAddress::v4(endpoint.address().to_v4().to_uint()), endpoint.port()};
  }
  return {IpAddress::v6(endpoint.address().to_v6().to_bytes()).unmapped(), endpoint.port()};
}

int openSpare() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

// Whatever goes out of this socket does so at once or not at all.
void refuseNow(TcpSocket& socket) {
  IoError ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::const_buffer(kFull.data(), kFull.size()), ignored);
  socket.close(ignored);
}

}  // namespace

struct HttpServer::Listener {
  Listener(asio::io_context& io, bool metrics) : acceptor(io), pause(io), metricsOnly(metrics) {}
  Acceptor acceptor;
  SteadyTimer pause;
  bool metricsOnly;
};

IpAddress sourceOf(const IpAddress& ip) {
  const IpAddress address = ip.unmapped();
  return address.isV4() ? address : Prefix(address, 56).address();
}

HttpServer::HttpServer(asio::io_context& io, HttpOptions options, SignalService& signalling)
    : io_(io),
      options_(std::move(options)),
      signalling_(signalling),
      spareDescriptor_(openSpare()) {
  options_.policy.tls = options_.tls != nullptr;
}

HttpServer::~HttpServer() {
  close();
  if (spareDescriptor_ >= 0) ::close(spareDescriptor_);
}

std::optional<ListenError> HttpServer::open(const Address& address, bool metricsOnly,
                                            std::uint16_t& port) {
  auto listener = std::make_unique<Listener>(io_, metricsOnly);
  IoError error;
  const auto endpoint = toEndpoint(address);
  listener->acceptor.open(endpoint.protocol(), error);
  if (!error) listener->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && !address.ip().isV4()) {
    listener->acceptor.set_option(asio::ip::v6_only(true), error);
  }
  if (!error) listener->acceptor.bind(endpoint, error);
  if (!error) listener->acceptor.listen(kBacklog, error);
  if (error) {
    return ListenError{address, Error(ErrorCode::System, "listen", error.value())};
  }
  port = listener->acceptor.local_endpoint(error).port();
  listeners_.push_back(std::move(listener));
  return {};
}

std::optional<ListenError> HttpServer::listen(const std::vector<IpAddress>& addresses,
                                              std::uint16_t port) {
  for (int attempt = 0;; ++attempt) {
    std::uint16_t common = port;
    std::optional<ListenError> failed;
    for (const IpAddress& ip : addresses) {
      failed = open(Address(ip, common), false, common);
      if (failed) {
        // A wildcard pair on a machine without IPv6 is served over IPv4.
        const bool noFamily =
            failed->error.detail() == EAFNOSUPPORT || failed->error.detail() == EADDRNOTAVAIL;
        if (noFamily && ip.isUnspecified() && !listeners_.empty()) {
          failed.reset();
          continue;
        }
        break;
      }
    }
    if (!failed) {
      options_.policy.port = common;
      break;
    }
    listeners_.clear();
    const bool again = port == 0 && failed->error.detail() == EADDRINUSE && addresses.size() > 1;
    if (!again || attempt + 1 == kPortAttempts) return failed;
  }
  for (const auto& listener : listeners_)
    acceptOn(*listener);
  return {};
}

std::optional<ListenError> HttpServer::listenMetrics(std::uint16_t port) {
  metricsPolicy_ = {};
  metricsPolicy_.onlyMetrics = true;
  if (auto failed = open(Address(IpAddress::loopback(Family::V4), port), true, metricsPort_)) {
    return failed;
  }
  metricsPolicy_.port = metricsPort_;
  acceptOn(*listeners_.back());
  return {};
}

void HttpServer::acceptOn(Listener& listener) {
  listener.acceptor.async_accept([this, &listener](IoError error, TcpSocket socket) {
    if (error == asio::error::operation_aborted) return;  // closed: nothing here may be touched
    handleAccept(listener, error, std::move(socket));
  });
}

void HttpServer::handleAccept(Listener& listener, IoError error, TcpSocket socket) {
  if (error.value() == EMFILE || error.value() == ENFILE) {
    shedOne(listener);
  } else if (!error) {
    ++counters_.connectionsAccepted;
    IoError gone;
    const Address local = toAddress(socket.local_endpoint(gone));
    const Address remote = gone ? Address() : toAddress(socket.remote_endpoint(gone));
    const bool full = connections_.size() + signalling_.sockets() >= options_.maxConnections;
    if (gone) {
      // Already closed again by the client.
    } else if (full || !admit(remote.ip())) {
      ++counters_.connectionsRefused;
      refuseNow(socket);
    } else {
      auto connection = std::make_shared<HttpConnection>(*this, std::move(socket), local, remote,
                                                         listener.metricsOnly);
      connections_.emplace(connection.get(), connection);
      connection->start();
    }
  } else {
    // Memory or buffers are short: accepting again at once would spin.
    log::warning("cannot accept", {{"error", error.message()}});
    listener.pause.expires_after(kAcceptPause);
    listener.pause.async_wait([this, &listener](IoError stopped) {
      if (!stopped) acceptOn(listener);
    });
    return;
  }
  acceptOn(listener);
}

// No descriptor is left: the spare one makes room to accept one connection and say so. Otherwise
// the backlog would stay readable and accepting would spin.
void HttpServer::shedOne(Listener& listener) {
  ++counters_.connectionsRefused;
  if (spareDescriptor_ >= 0) ::close(spareDescriptor_);
  spareDescriptor_ = -1;
  IoError error;
  TcpSocket socket(io_);
  listener.acceptor.non_blocking(true, error);
  listener.acceptor.accept(socket, error);
  if (!error) refuseNow(socket);
  spareDescriptor_ = openSpare();
  if (counters_.connectionsRefused % 1024 == 1) {
    log::error("out of file descriptors; raise the limit (ulimit -n)");
  }
}

bool HttpServer::admit(const IpAddress& ip) {
  // A proxy's connections are many people's: they are counted by the hub, by forwarded address.
  if (isTrustedProxy(ip, options_.policy)) return true;
  std::size_t& count = perSource_[sourceOf(ip)];
  if (count >= options_.connectionsPerSource) return false;
  ++count;
  return true;
}

void HttpServer::release(const IpAddress& ip) {
  if (isTrustedProxy(ip, options_.policy)) return;
  const auto it = perSource_.find(sourceOf(ip));
  if (it != perSource_.end() && --it->second == 0) perSource_.erase(it);
}

HttpCounters HttpServer::counters() const {
  HttpCounters out = counters_;
  out.connections = connections_.size();
  return out;
}

void HttpServer::startDraining() {
  draining_ = true;
}

void HttpServer::close() {
  listeners_.clear();
  const auto all = std::move(connections_);
  connections_.clear();
  for (const auto& [key, connection] : all)
    connection->close();
}

}  // namespace parley::server
