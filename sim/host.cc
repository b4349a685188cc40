#include "sim/host.h"

#include <algorithm>

#include "base/check.h"

namespace parley::sim {

Host::Host(std::string name, Network& network)
    : name_(std::move(name)),
      network_(network),
      random_(network.nextSeed()),
      tcp_(
          network.events(), random_, [this](Packet&& p) { transmit(std::move(p)); },
          [this] { return LinkId{++lastLink_}; }) {}

Port& Host::attach(Segment& segment, const IpAddress& address, const LinkConditions& up,
                   const LinkConditions& down) {
  PARLEY_CHECK(!has(address));
  Port& port = network_.addPort(*this, segment, up, down);
  segment.addRoute(Prefix{address, 128}, port);
  ports_[address] = &port;
  return port;
}

void Host::detach(const IpAddress& address) {
  const auto it = ports_.find(address);
  if (it == ports_.end()) return;
  it->second->detach();
  ports_.erase(it);
}

std::uint16_t Host::freePort(const IpAddress& address) {
  for (int tries = 0; tries <= kLastEphemeral - kFirstEphemeral; ++tries) {
    const Address candidate{address, nextPort_};
    nextPort_ =
        nextPort_ == kLastEphemeral ? kFirstEphemeral : static_cast<std::uint16_t>(nextPort_ + 1);
    if (!byAddress_.contains(candidate) && !tcp_.uses(candidate)) return candidate.port();
  }
  return 0;
}

Result<Path> Host::bind(const Address& local, DatagramHandler handler) {
  if (!has(local.ip())) return Error{ErrorCode::NotFound, "bind: not an address of this host"};
  Address address = local;
  if (address.port() == 0) address = address.withPort(freePort(address.ip()));
  if (address.port() == 0 || byAddress_.contains(address)) return Error{ErrorCode::InUse, "bind"};
  auto socket = std::make_shared<Socket>();
  socket->path = Path{LinkId{++lastLink_}, Transport::Udp, address, {}};
  socket->handler = std::move(handler);
  byAddress_[address] = socket;
  byLink_[socket->path.link] = socket;
  return socket->path;
}

void Host::unbind(LinkId link) {
  const auto it = byLink_.find(link);
  if (it == byLink_.end()) return;
  byAddress_.erase(it->second->path.local);
  byLink_.erase(it);
}

void Host::send(LinkId link, const Address& to, ConstBytes bytes, Ecn ecn) {
  const auto it = byLink_.find(link);
  if (it == byLink_.end()) return;
  Packet packet;
  packet.flow = {Protocol::Udp, it->second->path.local, to, 0};
  packet.ecn = ecn;
  packet.payload.assign(bytes.begin(), bytes.end());
  transmit(std::move(packet));
}

void Host::send(const TransmitBatch& batch, const Transmit& train) {
  const Train datagrams{train.path, batch.bytes(train),
                        train.segmentSize == 0 ? 1 : train.segmentSize, train.ecn};
  for (std::size_t i = 0; i < datagrams.size(); ++i)
    send(train.path.link, train.path.remote, datagrams[i], train.ecn);
}

void Host::transmit(Packet&& packet) {
  const auto port = ports_.find(packet.flow.source.ip());
  if (port == ports_.end()) {
    ++statistics_.noAddress;
    return;
  }
  network_.record(packet);
  if (tap_) tap_(packet, true);
  if (has(packet.flow.destination.ip())) {
    events().after(kLoopbackDelay,
                   [this, p = std::move(packet)]() mutable { accept(std::move(p)); });
    return;
  }
  port->second->send(std::move(packet));
}

void Host::receive(Packet&& packet, Port&) {
  accept(std::move(packet));
}

void Host::accept(Packet&& packet) {
  network_.record(packet);
  if (tap_) tap_(packet, false);
  // Whatever else arrives at this instant was scheduled before the flush.
  if (inbox_.empty()) events().after(Duration{}, [this] { flush(); });
  inbox_.push_back(std::move(packet));
}

void Host::flush() {
  const std::vector<Packet> packets = std::exchange(inbox_, {});
  for (std::size_t i = 0; i < packets.size();) {
    if (packets[i].flow.protocol == Protocol::Tcp) {
      if (packets[i].corrupted)
        ++statistics_.badChecksum;
      else
        tcp_.handlePacket(packets[i]);
      ++i;
      continue;
    }
    const std::size_t end = gather(packets, i);
    handOver(packets[i]);
    i = end;
  }
}

std::size_t Host::gather(const std::vector<Packet>& packets, std::size_t first) {
  const Packet& head = packets[first];
  trainBytes_ = head.payload;
  std::size_t end = first + 1;
  while (!head.payload.empty() && end < packets.size() &&
         end - first < TransmitBatch::kMaxSegments) {
    const Packet& next = packets[end];
    const bool joins = next.flow == head.flow && next.ecn == head.ecn && !next.payload.empty() &&
                       next.payload.size() <= head.payload.size() &&
                       trainBytes_.size() + next.payload.size() <= TransmitBatch::kMaxTrainBytes;
    if (!joins) break;
    trainBytes_.insert(trainBytes_.end(), next.payload.begin(), next.payload.end());
    ++end;
    if (next.payload.size() < head.payload.size()) break;  // only the last may be shorter
  }
  return end;
}

void Host::handOver(const Packet& head) {
  const auto it = byAddress_.find(head.flow.destination);
  if (it == byAddress_.end()) {
    ++statistics_.noSocket;
    return;
  }
  const std::shared_ptr<Socket> socket = it->second;  // it may unbind itself
  Path path = socket->path;
  path.remote = head.flow.source;
  // A handler may run for long and come back here by way of the loopback: the bytes are its own.
  std::vector<std::uint8_t> bytes = std::exchange(trainBytes_, {});
  const std::size_t segment = head.payload.empty() ? 1 : head.payload.size();
  socket->handler(Train{path, bytes, segment, head.ecn});
}

}  // namespace parley::sim
