#include "cli/probe_run.h"

#include <algorithm>
#include <memory>

#include "crypto/random.h"
#include "driver/engine_runner.h"
#include "driver/resolver.h"
#include "turn/client/allocation.h"
#include "turn/stream_framer.h"

namespace parley::cli {
namespace {

using turn::client::Allocation;

// A machine that begins when its socket or stream is there, since its path is made with it.
template <Engine E>
class Late {
 public:
  using Event = typename E::Event;
  template <class... Args>
  void begin(Time now, Args&&... args) {
    engine_ = std::make_unique<E>(std::forward<Args>(args)...);
    engine_->start(now);
  }
  E* get() { return engine_.get(); }

  void handleDatagrams(const Train& in, Time now) {
    if (engine_) engine_->handleDatagrams(in, now);
  }
  void handlePathEvent(const Path& path, PathEvent event, Time now) {
    if constexpr (requires { engine_->handlePathEvent(path, event, now); }) {
      if (engine_) engine_->handlePathEvent(path, event, now);
    }
  }
  void handleTimeout(Time now) {
    if (engine_) engine_->handleTimeout(now);
  }
  Time nextTimeout() const { return engine_ ? engine_->nextTimeout() : kNever; }
  More pollTransmit(TransmitBatch& out, Time now) {
    return engine_ ? engine_->pollTransmit(out, now) : More::No;
  }
  std::optional<Event> pollEvent() { return engine_ ? engine_->pollEvent() : std::nullopt; }

 private:
  std::unique_ptr<E> engine_;
};

// What all checks share.
struct Bench final : driver::Loop::RoundHandler {
  explicit Bench(driver::Loop& l) : loop(l), shared(l) { loop.setRoundHandler(this); }
  ~Bench() override { loop.setRoundHandler(nullptr); }
  void handleRoundEnd() override { shared.endRound(); }

  driver::Loop& loop;
  driver::RunnerShared shared;
  crypto::SystemRandom random;
  std::shared_ptr<driver::TlsContext> tls;
};

// Mapping and filtering of one address family, and with it which of the servers know STUN.
class NatCheck {
 public:
  NatCheck(Bench& bench, Family family) : bench_(bench), family_(family) {}

  void start(const std::vector<Address>& servers, std::vector<IpAddress> own) {
    const auto path = runner_.bind(Address(IpAddress::any(family_), 0));
    if (!path) {
      done_ = true;
      return;
    }
    engine_.begin(bench_.loop.now(), *path, servers, std::move(own), bench_.random);
    runner_.pump();
  }
  void handleEngineEvent(stun::NatDiscovery::Event& event) {
    result_.report = std::get<stun::NatDiscovery::Done>(event).report;
    done_ = true;
  }
  void handleStreamOpened(driver::StreamTicket, const Path&) {}
  void handleStreamFailed(driver::StreamTicket, const Error&) {}

  bool done() const { return done_; }
  ProbeNat result() const { return {family_, result_.report}; }

 private:
  using Engine = Late<stun::NatDiscovery>;
  Bench& bench_;
  Family family_;
  Engine engine_;
  driver::EngineRunner<Engine, NatCheck> runner_{bench_.shared, engine_, *this};
  ProbeNat result_;
  bool done_ = false;
};

// One allocation over one transport, released again.
class TurnCheck {
 public:
  TurnCheck(Bench& bench, const ProbeServer& server, const Address& address)
      : bench_(bench), server_(server), address_(address) {}

  void start() {
    began_ = bench_.loop.now();
    const Transport transport = server_.uri.transport;
    if (transport == Transport::Udp) {
      driver::UdpOptions options;
      options.errors = true;
      const auto path = runner_.bind(Address(IpAddress::any(address_.family()), 0), options);
      if (!path) return fail(path.error().describe());
      Path to = *path;
      to.remote = address_;
      return begin(to);
    }
    driver::OutgoingOptions options;
    options.remote = address_;
    if (transport == Transport::Tls) options.tls = bench_.tls;
    options.serverName = server_.uri.host;
    runner_.openStream(1, std::move(options));
  }
  void handleStreamOpened(driver::StreamTicket, const Path& path) { begin(path); }
  void handleStreamFailed(driver::StreamTicket, const Error& error) {
    if (!done_) fail(error.describe());
  }
  void handleEngineEvent(Allocation::Event& event) {
    if (const auto* made = std::get_if<turn::client::Allocated>(&event)) {
      result_.answers = true;
      result_.took = bench_.loop.now() - began_;
      result_.mapped = made->mapped;
      result_.relayed = made->relayed;
      engine_.get()->release(bench_.loop.now());
    } else if (const auto* failed = std::get_if<turn::client::Failed>(&event)) {
      if (!result_.answers) result_.problem = describe(*failed);
      done_ = true;
    } else if (const auto* sent = std::get_if<turn::client::Redirected>(&event)) {
      result_.problem = "it sends us on to " + sent->server.toString();
      done_ = true;
    } else if (std::holds_alternative<turn::client::Closed>(event)) {
      done_ = true;
    }
  }

  bool done() const { return done_; }
  // Also of one that is not done: then it took too long.
  ProbeService result() const {
    ProbeService r = result_;
    r.url = server_.url;
    r.server = address_;
    r.kind = server_.uri.transport == Transport::Udp   ? "TURN/UDP"
             : server_.uri.transport == Transport::Tcp ? "TURN/TCP"
                                                       : "TURN/TLS";
    if (!done_ && !r.answers) r.problem = "no answer in time";
    return r;
  }

 private:
  void begin(const Path& path) {
    turn::client::AllocationConfig config;
    config.username = server_.username;
    config.password = server_.password;
    config.family = address_.family();
    engine_.begin(bench_.loop.now(), path, std::move(config), bench_.random);
    runner_.pump();
  }
  void fail(std::string why) {
    result_.problem = std::move(why);
    done_ = true;
  }

  using Engine = Late<Allocation>;
  Bench& bench_;
  ProbeServer server_;
  Address address_;
  Engine engine_;
  driver::EngineRunner<Engine, TurnCheck, turn::StreamFramer> runner_{bench_.shared, engine_,
                                                                      *this};
  ProbeService result_;
  Time began_;
  bool done_ = false;
};

class Probe {
 public:
  Probe(driver::Loop& loop, const ProbeOptions& options)
      : loop_(loop), options_(options), bench_(loop) {}

  Result<ProbeReport> run() {
    auto interfaces = driver::listInterfaces();
    if (interfaces) report_.interfaces = std::move(interfaces).value();
    auto tls = driver::TlsContext::client(options_.tls);
    if (!tls) return tls.error();
    bench_.tls = std::move(tls).value();
    auto resolver = driver::Resolver::make(loop_);
    if (!resolver) return resolver.error();
    resolver_ = std::move(resolver).value();
    for (const ProbeServer& s : options_.servers)
      look(s);

    loop_.runOnce(0ms);  // reads the clock
    const Time until = loop_.now() + options_.timeout;
    while (!done() && loop_.now() < until)
      loop_.runOnce(until - loop_.now());
    finish();
    return std::move(report_);
  }

 private:
  void look(const ProbeServer& server) {
    if (server.uri.transport == Transport::Dtls) return refuse(server, "DTLS is not spoken here");
    if (!server.uri.turn && server.uri.transport != Transport::Udp)
      return refuse(server, "STUN is asked over UDP only");
    ++lookups_;
    const auto asked = resolver_->resolve(
        server.uri.host, [this, server](driver::Resolver::Id, const driver::Resolver::Answer& a) {
          --lookups_;
          if (a)
            found(server, *a);
          else
            refuse(server, "its name is not found: " + a.error().describe());
          if (lookups_ == 0) startNat();
        });
    if (!asked) {
      --lookups_;
      refuse(server, asked.error().describe());
    }
  }
  void refuse(const ProbeServer& server, const std::string& why) {
    ProbeService s;
    s.kind = server.uri.turn ? "TURN" : "STUN";
    s.url = server.url;
    s.problem = why;
    report_.services.push_back(std::move(s));
  }

  // The first address of each family.
  void found(const ProbeServer& server, const std::vector<IpAddress>& addresses) {
    for (const Family family : {Family::V4, Family::V6}) {
      const auto it = std::find_if(addresses.begin(), addresses.end(),
                                   [&](const IpAddress& ip) { return ip.family() == family; });
      if (it == addresses.end()) continue;
      const Address address(*it, server.uri.port);
      if (server.uri.transport == Transport::Udp)
        stunServers_[family == Family::V4 ? 0 : 1].push_back(address);
      if (!server.uri.turn) {
        stunUrls_.emplace_back(server.url, address);
        continue;
      }
      turns_.push_back(std::make_unique<TurnCheck>(bench_, server, address));
      turns_.back()->start();
    }
  }
  void startNat() {
    std::vector<IpAddress> own;
    for (const driver::Interface& i : report_.interfaces)
      own.push_back(i.address);
    for (std::size_t f = 0; f < 2; ++f) {
      if (stunServers_[f].empty()) continue;
      nats_.push_back(std::make_unique<NatCheck>(bench_, f == 0 ? Family::V4 : Family::V6));
      nats_.back()->start(stunServers_[f], own);
    }
  }

  bool done() const {
    const auto isDone = [](const auto& check) { return check->done(); };
    return lookups_ == 0 && std::all_of(turns_.begin(), turns_.end(), isDone) &&
           std::all_of(nats_.begin(), nats_.end(), isDone);
  }

  void finish() {
    for (const auto& n : nats_)
      report_.nat.push_back(n->result());
    for (const auto& [url, address] : stunUrls_)
      report_.services.push_back(stunService(url, address));
    for (const auto& t : turns_)
      report_.services.push_back(t->result());
    turns_.clear();
    nats_.clear();
    bench_.shared.endRound();
  }
  ProbeService stunService(const std::string& url, const Address& address) const {
    ProbeService s;
    s.kind = "STUN";
    s.url = url;
    s.server = address;
    s.problem = "no answer";
    for (const ProbeNat& nat : report_.nat)
      for (const stun::StunServerReport& r : nat.report.servers) {
        if (r.server != address) continue;
        if (r.errorCode != 0) s.problem = "it answers with error " + std::to_string(r.errorCode);
        if (!r.mapped) continue;
        s.answers = true;
        s.problem.clear();
        s.took = r.roundTrip;
        s.mapped = r.mapped;
      }
    return s;
  }

  driver::Loop& loop_;
  const ProbeOptions& options_;
  Bench bench_;
  std::unique_ptr<driver::Resolver> resolver_;
  std::size_t lookups_ = 0;
  std::array<std::vector<Address>, 2> stunServers_;
  std::vector<std::pair<std::string, Address>> stunUrls_;
  std::vector<std::unique_ptr<TurnCheck>> turns_;
  std::vector<std::unique_ptr<NatCheck>> nats_;
  ProbeReport report_;
};

}  // namespace

Result<ProbeReport> runProbe(const ProbeOptions& options) {
  auto loop = driver::Loop::make();
  if (!loop) return loop.error();
  return Probe(**loop, options).run();
}

}  // namespace parley::cli
