#include "server/relay/relay_shard.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "driver/clock.h"
#include "driver/interfaces.h"

namespace parley::server {
namespace {

constexpr std::size_t kArenaBytes = 256 * 1024;
constexpr std::size_t kArenaTrains = 512;
constexpr std::size_t kMailboxSize = 64;
constexpr int kReceivesARound = 4;  // of one socket, so that the others have their turn
constexpr Duration kWallTimeEvery = 2s;
constexpr Duration kAddressesEvery = 30s;
constexpr std::uint16_t kBindingRequest = 0x0001;  // RFC 8489 section 5

std::uint32_t slotOf(LinkId id) {
  return static_cast<std::uint32_t>(id.value());
}

template <class T>
void put(std::vector<std::unique_ptr<T>>& slots, std::unique_ptr<T> value) {
  const std::uint32_t slot = slotOf(value->id);
  if (slot >= slots.size()) slots.resize(std::size_t{slot} + 1);
  slots[slot] = std::move(value);
}

}  // namespace

class RelayShard::Timer final : private driver::Loop::TimerHandler {
 public:
  Timer(driver::Loop& loop, std::function<void()> onDue)
      : loop_(loop), onDue_(std::move(onDue)), timer_(loop.addTimer(*this)) {}
  ~Timer() override { loop_.removeTimer(timer_); }
  void set(Time deadline) { loop_.setTimer(timer_, deadline); }

 private:
  void handleTimer() override { onDue_(); }
  driver::Loop& loop_;
  std::function<void()> onDue_;
  driver::Loop::Timer timer_;
};

class RelayShard::MailboxReader final : private driver::Loop::Handler {
 public:
  explicit MailboxReader(RelayShard& shard) : shard_(shard) {}
  ~MailboxReader() override { shard_.loop_->unwatch(watch_); }
  Status start() {
    const auto watch = shard_.loop_->watch(shard_.mailbox_.descriptor(), driver::kReadable, *this);
    if (!watch) return watch.error();
    watch_ = watch.value();
    return Ok{};
  }

 private:
  void handleReady(driver::Ready) override { shard_.takeOrders(); }
  RelayShard& shard_;
  driver::Loop::Watch watch_;
};

RelayShard::RelayShard(std::unique_ptr<driver::Loop> loop, const turn::Config& config,
                       RelayShared shared)
    : loop_(std::move(loop)),
      shared_(std::move(shared)),
      peerRules_(config.peers),
      engine_(config, random_, &shared_.relays),
      mailbox_(kMailboxSize),
      mailboxReader_(std::make_unique<MailboxReader>(*this)),
      engineTimer_(std::make_unique<Timer>(*loop_, [this] { engineTimeout(); })),
      wallTimer_(std::make_unique<Timer>(*loop_, [this] { tellWallTime(); })),
      addressTimer_(std::make_unique<Timer>(*loop_, [this] { refreshOwnAddresses(); })),
      arena_(kArenaBytes),
      arenaItems_(kArenaTrains),
      batch_(arena_, arenaItems_) {
  loop_->setRoundHandler(this);
}

RelayShard::~RelayShard() = default;

Result<std::unique_ptr<RelayShard>> RelayShard::make(const turn::Config& config, RelayShared shared,
                                                     driver::Loop::Clock clock) {
  auto loop = driver::Loop::make(clock);
  if (!loop) return loop.error();
  std::unique_ptr<RelayShard> shard(
      new RelayShard(std::move(loop).value(), config, std::move(shared)));
  if (const Status s = shard->mailboxReader_->start(); !s) return s.error();
  return shard;
}

Status RelayShard::addUdp(driver::UdpSocket socket, UdpPort::Role role) {
  auto port = UdpPort::open(*loop_, *this, role, std::move(socket));
  if (!port) return port.error();
  (*port)->id = links_.add(port->get());
  listeners_.push_back(std::move(port).value());
  return Ok{};
}

Status RelayShard::addTcp(driver::TcpSocket socket, bool tls) {
  auto listener = driver::TcpListener::listen(*loop_, *this, std::move(socket));
  if (!listener) return listener.error();
  tcpListeners_.emplace_back(std::move(listener).value(), tls);
  return Ok{};
}

void RelayShard::run() {
  tellWallTime();
  refreshOwnAddresses();
  loop_->run();
  engine_.closeAll(loop_->now());
  drainEngine();
  publishMetrics();
  closeSockets();
}

// Metrics and orders may still be asked for; nothing else is left.
void RelayShard::closeSockets() {
  sender_.flush();
  connections_.clear();
  tcpListeners_.clear();
  closedRelays_.clear();
  relays_.clear();
  listeners_.clear();
}

// --- bytes in

void RelayShard::handleUdpReady(UdpPort& port) {
  for (int i = 0; i < kReceivesARound; ++i) {
    const auto trains = receiver_.receive(port.udp(), port.id);
    for (const Train& train : trains) {
      if (port.role() == UdpPort::Role::StunOnly) {
        takeBindings(train);
      } else {
        relay(train, port.role() == UdpPort::Role::Relay);
      }
    }
    sender_.flush();  // before the buffers are used again
    if (trains.size() < driver::UdpReceiver::kMessages) return;
    if (links_.find(port.id) == nullptr) return;  // closed by what it received
  }
}

void RelayShard::handleMessage(Connection&, const Train& message) {
  relay(message, false);
}

void RelayShard::relay(const Train& train, bool fromPeer) {
  const Time now = loop_->now();
  Train rest = train;
  while (true) {
    const turn::Verdict verdict =
        fromPeer ? engine_.routeFromPeer(rest, now) : engine_.routeFromClient(rest, now);
    if (verdict.kind == turn::Verdict::Kind::Forward) {
      forward(verdict, rest);
    } else if (verdict.kind == turn::Verdict::Kind::Control) {
      engine_.handleDatagrams(rest.first(verdict.count), now);
      drainEngine();
    }
    if (verdict.count >= rest.size()) return;
    PARLEY_CHECK(verdict.count > 0);
    rest = rest.from(verdict.count);
  }
}

void RelayShard::takeBindings(const Train& train) {
  for (std::size_t i = 0; i < train.size(); ++i) {
    const Bytes datagram = train[i];
    if (datagram.size() < 2 || loadBe16(datagram.data()) != kBindingRequest) {
      ++own_.droppedOther;
      continue;
    }
    engine_.handleDatagrams(Train(train.path(), datagram), loop_->now());
    drainEngine();
  }
}

// --- bytes out

void RelayShard::forward(const turn::Verdict& verdict, const Train& in) {
  const Link* link = links_.find(verdict.out.link);
  if (link == nullptr) return;  // closed in this round
  if (link->connection != nullptr) {
    for (std::size_t i = 0; i < verdict.count; ++i) {
      sendToStream(*link->connection, verdict.prefixOf(i), verdict.payloadOf(in, i),
                   verdict.paddingOf(i), driver::Priority::Media);
    }
    return;
  }
  sender_.begin(*link->socket, verdict.out, in.ecn());
  for (std::size_t i = 0; i < verdict.count; ++i) {
    // ChannelData over UDP has none; a Data indication is a STUN message, whose length is a
    // multiple of 4 on any transport (RFC 8489 section 14), and Chromium drops one that is not.
    sender_.add(verdict.prefixOf(i), verdict.payloadOf(in, i), verdict.paddingOf(i));
  }
}

void RelayShard::sendBatch(const TransmitBatch& batch) {
  for (const Transmit& t : batch.trains()) {
    const Link* link = links_.find(t.path.link);
    if (link == nullptr) continue;
    if (link->connection != nullptr) {
      sendToStream(*link->connection, {}, batch.bytes(t), 0, driver::Priority::Control);
    } else {
      sender_.begin(*link->socket, t.path, t.ecn);
      sender_.addTrain(batch.bytes(t), t.segmentSize);
    }
  }
  sender_.flush();  // the arena is cleared next
}

void RelayShard::sendToStream(Connection& c, ConstBytes header, ConstBytes payload,
                              std::size_t padding, driver::Priority priority) {
  const std::uint64_t before = c.stream().droppedMessages();
  c.stream().send(header, payload, padding, priority);
  own_.droppedFromStreams += c.stream().droppedMessages() - before;
  if (!std::exchange(c.flushPending, true)) toFlush_.push_back(c.id);
}

void RelayShard::flushConnections() {
  for (const LinkId id : toFlush_) {
    Link* link = links_.find(id);
    if (link == nullptr || link->connection == nullptr) continue;
    link->connection->flushPending = false;
    link->connection->stream().flush();
  }
  toFlush_.clear();
}

// --- the engine

void RelayShard::drainEngine() {
  drain(
      engine_, batch_, loop_->now(), [this](const TransmitBatch& batch) { sendBatch(batch); },
      [this](const turn::ServerEvent& event) { handleEvent(event); });
}

void RelayShard::handleEvent(const turn::ServerEvent& event) {
  if (const auto* bind = std::get_if<turn::BindRelay>(&event)) {
    bindRelay(*bind);
  } else if (const auto* close = std::get_if<turn::CloseRelay>(&event)) {
    closeRelay(close->link);
  } else if (const auto* made = std::get_if<turn::AllocationMade>(&event)) {
    if (Connection* c = connectionOf(made->client)) c->allocationMade();
  } else if (const auto* ended = std::get_if<turn::AllocationEnded>(&event)) {
    if (Connection* c = connectionOf(ended->client)) c->allocationEnded();
  } else if (std::holds_alternative<turn::RequestRefused>(event)) {
    ++own_.requestsRefused;
  }
}

Connection* RelayShard::connectionOf(const Path& client) const {
  const Link* link = links_.find(client.link);
  return link == nullptr ? nullptr : link->connection;
}

void RelayShard::bindRelay(const turn::BindRelay& order) {
  const Time now = loop_->now();
  auto socket = driver::UdpSocket::bind(order.address);
  if (!socket) return engine_.handleRelayBound(order.relay, socket.error(), now);
  auto port = UdpPort::open(*loop_, *this, UdpPort::Role::Relay, std::move(socket).value());
  if (!port) return engine_.handleRelayBound(order.relay, port.error(), now);
  const LinkId id = links_.add(port->get());
  (*port)->id = id;
  put(relays_, std::move(port).value());
  engine_.handleRelayBound(order.relay, id, now);
}

void RelayShard::closeRelay(LinkId id) {
  if (links_.find(id) == nullptr) return;
  sender_.flush();  // it may hold datagrams for this socket
  links_.remove(id);
  std::unique_ptr<UdpPort>& port = relays_[slotOf(id)];
  port->unwatch();
  closedRelays_.push_back(std::move(port));  // we may be within its handler
}

void RelayShard::engineTimeout() {
  engine_.handleTimeout(loop_->now());
  drainEngine();
}

void RelayShard::tellWallTime() {
  engine_.setWallTime(driver::readWallClock(), loop_->now());
  drainEngine();
  wallTimer_->set(loop_->now() + kWallTimeEvery);
}

void RelayShard::refreshOwnAddresses() {
  addressTimer_->set(loop_->now() + kAddressesEvery);
  const auto interfaces = driver::listInterfaces();
  if (!interfaces) return;  // what was known stays
  std::vector<IpAddress> addresses;
  for (const driver::Interface& i : *interfaces) {
    addresses.push_back(i.address);
  }
  if (addresses == peerRules_.ownAddresses) return;
  peerRules_.ownAddresses = std::move(addresses);
  engine_.setPeerRules(peerRules_);
  drainEngine();
}

// --- clients on streams

void RelayShard::handleAccepted(driver::TcpListener& listener, driver::Descriptor fd,
                                const Address& remote) {
  if (!shared_.connections.admit(remote.ip())) {
    ++own_.connectionsRefused;
    return;
  }
  const bool tls = std::any_of(tcpListeners_.begin(), tcpListeners_.end(), [&](const auto& l) {
    return l.first.get() == &listener && l.second;
  });
  std::optional<driver::TlsSession> session;
  if (tls) session.emplace(shared_.tls);
  auto made = Connection::open(*loop_, *this, streamBuffers_, std::move(fd), std::move(session));
  if (!made) {
    shared_.connections.release(remote.ip());
    ++own_.connectionsRefused;
    return;
  }
  Connection& c = **made;
  c.admitted = remote.ip();
  c.setId(links_.add(&c));
  put(connections_, std::move(made).value());
  ++own_.connectionsAccepted;
  ++own_.connections;
}

void RelayShard::handleConnectionGone(Connection& connection, bool failed) {
  if (failed) ++own_.connectionsFailed;
  goneConnections_.push_back(connection.id);  // the engine may be in the middle of something
}

void RelayShard::buryTheGone() {
  for (std::size_t i = 0; i < goneConnections_.size(); ++i) {
    const LinkId id = goneConnections_[i];
    if (links_.find(id) == nullptr) continue;  // told twice
    std::unique_ptr<Connection>& c = connections_[slotOf(id)];
    if (!c->buried) {
      c->buried = true;
      engine_.handlePathEvent(c->path(), PathEvent::Closed, loop_->now());
      drainEngine();
    }
    if (!c->stream().closed()) continue;  // still lingering; it comes again when it is closed
    links_.remove(id);
    shared_.connections.release(c->admitted);
    --own_.connections;
    c.reset();
  }
  goneConnections_.clear();
}

// --- the round

void RelayShard::handleRoundEnd() {
  buryTheGone();
  flushConnections();
  buryTheGone();  // flushing may have found streams broken
  closedRelays_.clear();
  engineTimer_->set(engine_.nextTimeout());
  publishMetrics();
}

bool RelayShard::setCredentials(const turn::Credentials& credentials) {
  return mailbox_.post(SetCredentials{credentials});
}

void RelayShard::takeOrders() {
  mailbox_.take([this](SetCredentials&& order) {
    engine_.setCredentials(std::move(order.credentials), loop_->now());
    drainEngine();
  });
}

void RelayShard::publishMetrics() {
  using turn::DropCause;
  const turn::Counters& c = engine_.counters();
  const auto dropped = [&c](DropCause cause) { return c.drops[static_cast<std::size_t>(cause)]; };
  const auto live = [&c](Transport t) {
    const auto& families = c.allocations[static_cast<std::size_t>(t)];
    return families[0] + families[1];
  };
  RelayMetrics m = own_;
  m.allocationsUdp = live(Transport::Udp);
  m.allocationsTcp = live(Transport::Tcp);
  m.allocationsTls = live(Transport::Tls);
  m.allocationsMade = c.allocationsMade;
  for (std::size_t i = 0; i < turn::kErrorCodes.size(); ++i) {
    if (turn::kErrorCodes[i] == 401 || turn::kErrorCodes[i] == 438) m.challenges += c.errors[i];
  }
  m.bindingRequests = c.requests[static_cast<std::size_t>(turn::CountedMethod::Binding)];
  m.answersLimited = c.limitedErrors;
  m.malformedMessages = c.malformedMessages;
  m.packetsToPeers = c.packetsToPeers;
  m.packetsToClients = c.packetsToClients;
  m.bytesToPeers = c.bytesToPeers;
  m.bytesToClients = c.bytesToClients;
  m.droppedNoPermission = dropped(DropCause::NoPermission) + dropped(DropCause::NoChannel) +
                          dropped(DropCause::NoAllocation);
  m.droppedDeniedPeer = dropped(DropCause::DeniedPeer);
  m.droppedOverRate = dropped(DropCause::OverRate);
  m.droppedOther += dropped(DropCause::NotTurn) + dropped(DropCause::Malformed) +
                    dropped(DropCause::TooLarge) + dropped(DropCause::Overflow);
  const driver::SendCounters& s = sender_.counters();
  m.droppedUnsent = s.dropped;
  m.sendErrors = s.failed;
  m.mailboxFull = mailbox_.refused();
  metrics_.publish(m);
}

}  // namespace parley::server
