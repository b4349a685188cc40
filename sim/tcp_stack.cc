#include "sim/tcp_stack.h"

namespace parley::sim {

TcpStack::TcpStack(EventQueue& events, RandomSource& random, SendPacket send, NextLink nextLink)
    : events_(events), random_(random), send_(std::move(send)), nextLink_(std::move(nextLink)) {}

Status TcpStack::listen(const Address& local, StreamUser& user) {
  if (!listeners_.emplace(local, &user).second) return Error{ErrorCode::InUse, "listen"};
  return Ok{};
}

bool TcpStack::uses(const Address& local) const {
  const auto it = byEnds_.lower_bound(Ends{local, Address{}});
  return listeners_.contains(local) || (it != byEnds_.end() && it->first.first == local);
}

std::shared_ptr<TcpStack::Connection> TcpStack::create(const Address& local, const Address& remote,
                                                       StreamUser& user, bool connects) {
  const Path path{nextLink_(), Transport::Tcp, local, remote};
  auto connection =
      std::make_shared<Connection>(events_, *this, path, user, random_.next32(), connects);
  byEnds_.emplace(Ends{local, remote}, connection);
  byLink_.emplace(path.link, connection);
  return connection;
}

Result<Path> TcpStack::connect(const Address& local, const Address& remote, StreamUser& user) {
  if (byEnds_.size() >= kMaxConnections)
    return Error{ErrorCode::Limit, "connect", static_cast<std::int32_t>(kMaxConnections)};
  if (byEnds_.contains(Ends{local, remote})) return Error{ErrorCode::InUse, "connect"};
  const auto connection = create(local, remote, user, true);
  const Path path = connection->path;
  serve(connection);
  return path;
}

std::shared_ptr<TcpStack::Connection> TcpStack::find(LinkId stream) const {
  const auto it = byLink_.find(stream);
  return it == byLink_.end() ? nullptr : it->second.lock();
}

std::size_t TcpStack::send(LinkId stream, ConstBytes bytes) {
  const auto connection = find(stream);
  if (!connection) return 0;
  const std::size_t taken = connection->machine.write(bytes);
  serve(connection);
  return taken;
}

std::size_t TcpStack::unacknowledged(LinkId stream) const {
  const auto connection = find(stream);
  return connection ? connection->machine.unacknowledged() : 0;
}

void TcpStack::finish(LinkId stream) {
  const auto connection = find(stream);
  if (!connection) return;
  connection->machine.finish();
  serve(connection);
}

void TcpStack::abort(LinkId stream) {
  const auto connection = find(stream);
  if (!connection) return;
  connection->machine.abort();
  serve(connection);
}

void TcpStack::handlePacket(const Packet& packet) {
  const Ends ends{packet.flow.destination, packet.flow.source};
  const auto it = byEnds_.find(ends);
  std::shared_ptr<Connection> connection = it == byEnds_.end() ? nullptr : it->second;
  if (!connection) {
    const auto listener = listeners_.find(packet.flow.destination);
    if (packet.flow.tcpFlags != kTcpSyn || listener == listeners_.end()) return refuse(packet);
    if (byEnds_.size() >= kMaxConnections) return;
    connection = create(ends.first, ends.second, *listener->second, false);
  }
  connection->machine.handleSegment(packet, events_.now());
  serve(connection);
}

// RFC 9293 section 3.5.2: what belongs to nothing is reset, unless it is a reset itself.
void TcpStack::refuse(const Packet& packet) {
  if ((packet.flow.tcpFlags & kTcpRst) != 0) return;
  Packet p;
  p.flow = {Protocol::Tcp, packet.flow.destination, packet.flow.source, kTcpRst};
  if ((packet.flow.tcpFlags & kTcpAck) != 0) {
    p.sequence = packet.acknowledgement;
  } else {
    p.flow.tcpFlags = kTcpRst | kTcpAck;
    p.acknowledgement = packet.sequence + 1;
  }
  send_(std::move(p));
}

void TcpStack::leave(StreamUser& user) {
  std::erase_if(listeners_, [&](const auto& entry) { return entry.second == &user; });
  const auto connections = byEnds_;
  for (const auto& [ends, connection] : connections) {
    if (connection->user != &user) continue;
    connection->user = nullptr;
    connection->machine.abort();
    serve(connection);
  }
}

void TcpStack::handleAlarm(LinkId stream) {
  const auto connection = find(stream);
  if (!connection) return;
  connection->machine.handleTimeout(events_.now());
  serve(connection);
}

void TcpStack::serve(const std::shared_ptr<Connection>& connection) {
  tell(*connection);
  TcpConnection& machine = connection->machine;
  while (auto packet = machine.pollPacket(events_.now()))
    send_(std::move(*packet));
  connection->alarm.set(machine.nextTimeout());
  if (!machine.isDone()) return;
  const auto it = byEnds_.find(Ends{connection->path.local, connection->path.remote});
  if (it == byEnds_.end() || it->second != connection) return;
  byEnds_.erase(it);
  byLink_.erase(connection->path.link);
  // Its alarm or its user may be on the stack below us.
  events_.after(Duration{}, [connection] {});
}

// A user that sends from within one of these calls comes back into serve(): it is told the rest in
// order, once it has returned.
void TcpStack::tell(Connection& connection) {
  if (connection.telling) return;
  connection.telling = true;
  if (connection.user != nullptr && !connection.opened && connection.machine.isOpen()) {
    connection.opened = true;
    connection.known = true;
    connection.user->onStreamOpened(connection.path);
  }
  std::vector<std::uint8_t> bytes = connection.machine.takeReceived();
  if (!bytes.empty() && connection.user != nullptr)
    connection.user->onStreamData(connection.path, bytes);
  connection.telling = false;
  const auto ended = connection.machine.ended();
  if (!ended || connection.user == nullptr) return;
  StreamUser* user = std::exchange(connection.user, nullptr);
  if (connection.known && *ended != StreamEnd::Aborted)
    user->onStreamClosed(connection.path, *ended);
}

}  // namespace parley::sim
