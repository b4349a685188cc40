#include "server/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

#include "crypto/random.h"
#include "driver/tls_context.h"
#include "server/clock.h"
#include "server/host_addresses.h"
#include "server/http/http_server.h"
#include "server/hub_settings.h"
#include "server/ice_directory.h"
#include "server/log.h"
#include "server/metrics_text.h"
#include "server/relay_settings.h"

namespace parley::server {
namespace {

constexpr std::string_view kServerKeyFile = "server.key";
constexpr std::string_view kTurnSecretFile = "turn.secret";
constexpr std::string_view kLocksFile = "locked-rooms";

// Each connection and each relayed address is a descriptor.
void raiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  log::info("room for sockets", {{"descriptors", std::uint64_t{limit.rlim_cur}}});
}

std::string version() {
  return PARLEY_VERSION;
}

}  // namespace

struct Server::Impl {
  explicit Impl(const Config& c) : config(c) {}

  std::optional<ConfigError> open();
  std::optional<ConfigError> openTls(const StateDir& state);
  std::optional<ConfigError> openRelay(const StateDir& state);
  std::optional<ConfigError> openHttp(const StateDir& state);
  void describe();
  std::string facts(const ClientRoute& route) const;
  void stop(int signal);
  void finish();

  Config config;
  asio::io_context io{1};
  boost::asio::signal_set signals{io};
  std::unique_ptr<SteadyTimer> grace;
  TlsMaterial certificate;
  std::shared_ptr<driver::TlsContext> httpTls;
  std::shared_ptr<driver::TlsContext> turnTls;
  std::unique_ptr<Relay> relay;
  std::unique_ptr<IceDirectory> ice;
  std::unique_ptr<SignalService> signalling;
  std::unique_ptr<HttpServer> http;
  ReadyInfo ready;
  StopReason reason = StopReason::Terminated;
  bool stopping = false;
};

CertificateNames certificateNames(const Config& config) {
  CertificateNames out;
  out.dns = {"localhost"};
  out.ips = {IpAddress::loopback(Family::V4), IpAddress::loopback(Family::V6)};
  const auto add = [&](const IpAddress& ip) {
    if (std::find(out.ips.begin(), out.ips.end(), ip) == out.ips.end()) out.ips.push_back(ip);
  };
  for (const std::string& host : config.hosts) {
    if (const auto ip = IpAddress::parse(host)) {
      add(*ip);
    } else if (std::find(out.dns.begin(), out.dns.end(), host) == out.dns.end()) {
      out.dns.push_back(host);
    }
  }
  const bool everywhere = std::any_of(config.bind.begin(), config.bind.end(),
                                      [](const IpAddress& ip) { return ip.isUnspecified(); });
  if (everywhere) {
    for (const IpAddress& ip : interfaceAddresses())
      add(ip);
  }
  for (const IpAddress& ip : config.bind)
    if (!ip.isUnspecified()) add(ip);
  for (const IpAddress& ip : config.externalIps)
    add(ip);
  return out;
}

ConfigError bindError(const std::string& key, std::uint16_t port, const IpAddress& ip, int error) {
  const std::string where = "on " + ip.toString();
  switch (error) {
    case EADDRINUSE:
      return {key, std::to_string(port), "", "is in use " + where + " by another program",
              "stop that one, choose another port, or give 0 for a free one"};
    case EACCES:
      return {key, std::to_string(port), "", "may not be taken " + where + " by this user",
              "choose a port from 1024, or grant CAP_NET_BIND_SERVICE"};
    case EADDRNOTAVAIL:
      return {"bind", ip.toString(), "", "is not an address of this machine",
              "give the address of an interface, or 0.0.0.0 for all"};
    default:
      return {key, std::to_string(port), "",
              "cannot be listened on " + where + ": " + std::strerror(error),
              "choose another port or address"};
  }
}

std::optional<ConfigError> Server::Impl::open() {
  // Before anyone can know of us: a signal that comes early waits for run().
  signals.add(SIGTERM);
  signals.add(SIGINT);
  raiseDescriptorLimit();
  auto state = StateDir::open(config.stateDir);
  if (!state) return state.error();
  if (auto error = openTls(*state)) return error;
  if (auto error = openRelay(*state)) return error;
  if (auto error = openHttp(*state)) return error;
  describe();
  http->setReady(true);
  return {};
}

std::optional<ConfigError> Server::Impl::openTls(const StateDir& state) {
  auto material = config.ownCertificate()
                      ? loadCertificate(config.tlsCert, config.tlsKey, wallNow())
                      : selfSigned(state, certificateNames(config), wallNow());
  if (!material) return material.error();
  certificate = *material;
  if (config.ownCertificate() && !config.hosts.empty() &&
      !certificate.info.covers(config.hosts.front())) {
    log::warning("the certificate does not cover the host", {{"host", config.hosts.front()}});
  }
  driver::TlsServerOptions options;
  options.certificateChainPem = certificate.certificatePem;
  options.privateKeyPem = certificate.keyPem.reveal();
  auto forTurn = driver::TlsContext::server(options);
  options.alpn = {"http/1.1"};
  auto forHttp = driver::TlsContext::server(options);
  if (!forTurn || !forHttp) {
    return ConfigError{"tls-cert", config.tlsCert, "",
                       "cannot be used: " + (forTurn ? forHttp : forTurn).error().describe(),
                       "check certificate chain and key"};
  }
  turnTls = *forTurn;
  if (config.tls()) httpTls = *forHttp;
  return {};
}

std::optional<ConfigError> Server::Impl::openRelay(const StateDir& state) {
  crypto::SystemRandom random;
  if (config.turnSecrets.empty()) {
    auto secret = state.secret(kTurnSecretFile, random);
    if (!secret) return secret.error();
    log::hide(*secret);
    config.turnSecrets.push_back(*secret);
  }
  auto started = Relay::start(config, turnTls);
  if (!started) return started.error();
  relay = std::move(*started);
  IceSettings settings;
  settings.hosts = config.hosts;
  settings.externalIps = config.externalIps;
  settings.turnPort = relay->turnPort();
  settings.stunAltPort = relay->stunAltPort();
  settings.turnsPort = relay->turnsPort();
  if (certificate.trusted) settings.trustedCertificate = certificate.info;
  settings.secret = config.turnSecrets.front().reveal();
  settings.lifetime = config.credentialLifetime;
  ice = std::make_unique<IceDirectory>(std::move(settings));
  return {};
}

std::optional<ConfigError> Server::Impl::openHttp(const StateDir& state) {
  crypto::SystemRandom random;
  auto key = state.secret(kServerKeyFile, random);
  if (!key) return key.error();
  log::hide(*key);
  auto options = signalOptions(config, *key, state.read(kLocksFile).value_or(""));
  if (!options) return options.error();
  options->ice = [this](const ClientRoute& route, const signal::IceRequest& request, WallTime at) {
    return ice->servers(route, request, at);
  };
  options->keepLocks = [state](const std::vector<std::string>& digests) {
    std::string text;
    for (const std::string& digest : digests)
      text += digest + "\n";
    if (const auto error = state.write(kLocksFile, text)) log::error(error->text());
  };
  signalling = std::make_unique<SignalService>(io, std::move(*options));
  http = std::make_unique<HttpServer>(io, httpOptions(config, httpTls), *signalling);
  if (const auto failed = http->listen(config.bind, config.httpPort)) {
    return bindError("http-port", config.httpPort, failed->address.ip(), failed->error.detail());
  }
  if (config.metricsPort) {
    if (const auto failed = http->listenMetrics(*config.metricsPort)) {
      return bindError("metrics-port", *config.metricsPort, failed->address.ip(),
                       failed->error.detail());
    }
  }
  http->setMetrics(
      [this] { return metricsText(signalling->stats(), http->counters(), relay->metrics()); });
  http->setFacts([this](const ClientRoute& route) { return facts(route); });
  return {};
}

std::string Server::Impl::facts(const ClientRoute& route) const {
  nlohmann::ordered_json out;
  out["version"] = version();
  out["stun"] = ice->stunUrls(route);
  out["loopbackOnly"] = config.loopbackOnly();
  return out.dump();
}

// The addresses to show: those that a client on the most likely other device would use.
void Server::Impl::describe() {
  ClientRoute route;
  route.local = config.bind.front();
  if (route.local.isUnspecified()) {
    route.local = lanAddress().value_or(IpAddress::loopback(route.local.family()));
  }
  std::string host = bracketed(route.local);
  if (!config.hosts.empty()) {
    const auto ip = IpAddress::parse(config.hosts.front());
    host = ip ? bracketed(*ip) : config.hosts.front();
  }
  ready.tls = config.tls();
  ready.httpPort = http->port();
  ready.turnPort = relay->turnPort();
  const std::string authority = host + ":" + std::to_string(http->port());
  ready.http = (ready.tls ? "https://" : "http://") + authority;
  ready.signal = (ready.tls ? "wss://" : "ws://") + authority + "/signal";
  ready.stun = ice->stunUrls(route);
  ready.turn = ice->turnUrls(route);
  // What listens is said here even if browsers could not trust it and are not told of it.
  const bool named = std::any_of(ready.turn.begin(), ready.turn.end(),
                                 [](const std::string& url) { return url.starts_with("turns:"); });
  if (!named && relay->turnsPort() != 0) {
    const std::string name = route.local.isLoopback() && config.hosts.empty() ? "localhost" : host;
    ready.turn.push_back("turns:" + name + ":" + std::to_string(relay->turnsPort()) +
                         "?transport=tcp");
  }
  if (config.metricsPort) {
    ready.metrics = "http://127.0.0.1:" + std::to_string(http->metricsPort()) + "/metrics";
  }
  ready.lan = config.lan;
  if (ready.tls && !config.ownCertificate()) ready.fingerprint = certificate.info.sha256Fingerprint;
}

void Server::Impl::stop(int signal) {
  if (stopping) return finish();  // asked twice: at once
  stopping = true;
  reason = signal == SIGINT ? StopReason::Interrupted : StopReason::Terminated;
  log::info("stopping", {{"sockets", signalling->sockets()}});
  http->startDraining();
  signalling->shutdown();
  signalling->whenEmpty([this] { finish(); });
  grace = std::make_unique<SteadyTimer>(io);
  grace->expires_after(kGrace);
  grace->async_wait([this](IoError error) {
    if (!error) finish();
  });
}

void Server::Impl::finish() {
  IoError ignored;
  signals.cancel(ignored);
  if (grace) grace->cancel();
  signalling->abortAll();
  http->close();
  relay->stop();
  io.stop();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  Impl& impl = *impl_;
  if (impl.signalling) impl.signalling->abortAll();
  if (impl.http) impl.http->close();
  // What was cancelled completes here, while all that it refers to is alive.
  impl.io.restart();
  impl.io.poll();
}

Result<std::unique_ptr<Server>, ConfigError> Server::start(const Config& config) {
  std::signal(SIGPIPE, SIG_IGN);
  std::unique_ptr<Server> server(new Server(std::make_unique<Impl>(config)));
  if (auto error = server->impl_->open()) return std::move(*error);
  return server;
}

const ReadyInfo& Server::ready() const {
  return impl_->ready;
}

StopReason Server::run() {
  Impl& impl = *impl_;
  const auto wait = [&impl](const auto& again) -> void {
    impl.signals.async_wait([&impl, again](IoError error, int signal) {
      if (error) return;
      again(again);
      impl.stop(signal);
    });
  };
  wait(wait);
  impl.io.run();
  log::info("stopped");
  return impl.reason;
}

}  // namespace parley::server
