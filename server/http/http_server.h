// HTTP and WebSocket listeners: accepts connections, answers requests, hands upgrades to the
// SignalService. One thread runs the io_context.
//
// Limits: connections in all and per source (an IPv4 address or IPv6 /56), a request head's size
// (HeadReader) and the times of HttpTimes. When descriptors run out, a spare one answers 503
// instead of spinning.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "driver/tls_context.h"
#include "server/http/asio.h"
#include "server/http/http_counters.h"
#include "server/http/routing.h"
#include "server/http/signal_service.h"

namespace parley::server {

struct HttpTimes {
  Duration head = 10s;   // from the first byte of a request to the end of its head
  Duration idle = 30s;   // between requests
  Duration write = 30s;  // without progress of an answer
};

struct HttpOptions {
  HttpPolicy policy;  // port and addresses are filled in by listen()
  std::shared_ptr<const driver::TlsContext> tls;
  bool proxyProtocol = false;
  std::size_t maxConnections = 20000;
  std::size_t connectionsPerSource = 128;
  HttpTimes times;
};

// What could not be listened on.
struct ListenError {
  Address address;
  Error error;
};

class HttpConnection;

class HttpServer {
 public:
  HttpServer(asio::io_context& io, HttpOptions options, SignalService& signalling);
  ~HttpServer();

  // All addresses on one port; 0 takes one that is free on each.
  std::optional<ListenError> listen(const std::vector<IpAddress>& addresses, std::uint16_t port);
  // A second listener on 127.0.0.1 that knows /metrics only.
  std::optional<ListenError> listenMetrics(std::uint16_t port);

  std::uint16_t port() const { return options_.policy.port; }
  std::uint16_t metricsPort() const { return metricsPort_; }

  // The text of /page.json for a client that came this way.
  void setFacts(std::function<std::string(const ClientRoute&)> text) { facts_ = std::move(text); }
  void setMetrics(std::function<std::string()> text) { metrics_ = std::move(text); }
  void setReady(bool ready) { ready_ = ready; }
  void startDraining();  // /readyz says no, upgrades are refused
  void close();          // listeners and connections

  HttpCounters counters() const;

 private:
  friend class HttpConnection;
  struct Listener;

  std::optional<ListenError> open(const Address& address, bool metricsOnly, std::uint16_t& port);
  void acceptOn(Listener& listener);
  void handleAccept(Listener& listener, IoError error, TcpSocket socket);
  void shedOne(Listener& listener);
  bool admit(const IpAddress& ip);
  void release(const IpAddress& ip);

  asio::io_context& io_;
  HttpOptions options_;
  HttpPolicy metricsPolicy_;
  SignalService& signalling_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<HttpConnection*, std::shared_ptr<HttpConnection>> connections_;
  std::unordered_map<IpAddress, std::size_t> perSource_;  // by sourceOf()
  std::function<std::string()> metrics_;
  std::function<std::string(const ClientRoute&)> facts_;
  HttpCounters counters_;
  std::uint16_t metricsPort_ = 0;
  int spareDescriptor_ = -1;
  bool ready_ = false;
  bool draining_ = false;
};

// An IPv4 address, or the /56 of an IPv6 one: what limits "per address" count.
IpAddress sourceOf(const IpAddress& ip);

}  // namespace parley::server
