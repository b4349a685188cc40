// A simulated host: addresses on segments, UDP sockets, and a TCP stack.
//
// Datagrams that arrive at one instant on one path are handed over as trains, as a kernel with GRO
// does; what is sent as a train leaves as single packets, back to back. Packets between addresses
// of one host never reach a link.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/train.h"
#include "net/transmit_batch.h"
#include "sim/network.h"
#include "sim/tcp_stack.h"

namespace parley::sim {

struct HostStatistics {
  std::uint64_t noSocket = 0;   // datagrams for a port that nobody bound
  std::uint64_t noAddress = 0;  // packets from an address that the host does not have (any more)
  std::uint64_t badChecksum = 0;
};

class Host final : public Node {
 public:
  using DatagramHandler = std::function<void(const Train&)>;
  static constexpr Duration kLoopbackDelay = 10us;
  static constexpr std::uint16_t kFirstEphemeral = 32'768;
  static constexpr std::uint16_t kLastEphemeral = 60'999;

  Host(std::string name, Network& network);

  Port& attach(Segment& segment, const IpAddress& address, const LinkConditions& both) {
    return attach(segment, address, both, both);
  }
  Port& attach(Segment& segment, const IpAddress& address, const LinkConditions& up,
               const LinkConditions& down);
  // Sockets bound to it stay and are deaf and dumb.
  void detach(const IpAddress& address);
  bool has(const IpAddress& address) const { return ports_.contains(address); }

  // To one of the host's addresses; port 0 takes a free one. The handler may do anything,
  // unbinding included.
  Result<Path> bind(const Address& local, DatagramHandler handler);
  void unbind(LinkId socket);
  void send(LinkId socket, const Address& to, ConstBytes bytes, Ecn ecn = Ecn::NotEct);
  // Every datagram of every train; trains on links that are not ours are skipped.
  void send(const TransmitBatch& batch, const Transmit& train);

  // Hears of every packet that the host sends or receives, before anybody else does.
  using Tap = std::function<void(const Packet&, bool sent)>;
  void setTap(Tap tap) { tap_ = std::move(tap); }

  std::uint16_t freePort(const IpAddress& address);
  TcpStack& tcp() { return tcp_; }
  EventQueue& events() { return network_.events(); }
  Network& network() { return network_; }
  const std::string& name() const { return name_; }
  std::size_t socketCount() const { return byAddress_.size(); }
  const HostStatistics& statistics() const { return statistics_; }

  void receive(Packet&& packet, Port& via) override;

 private:
  struct Socket {
    Path path;
    DatagramHandler handler;
  };

  void transmit(Packet&& packet);
  void accept(Packet&& packet);
  void flush();
  // The datagrams from `first` on that make one train; gives the end of them.
  std::size_t gather(const std::vector<Packet>& packets, std::size_t first);
  void handOver(const Packet& packet);

  std::string name_;
  Network& network_;
  SeededRandom random_;
  std::map<IpAddress, Port*> ports_;
  std::map<Address, std::shared_ptr<Socket>> byAddress_;
  std::map<LinkId, std::shared_ptr<Socket>> byLink_;
  std::uint64_t lastLink_ = 0;
  std::uint16_t nextPort_ = kFirstEphemeral;
  std::vector<Packet> inbox_;
  std::vector<std::uint8_t> trainBytes_;
  HostStatistics statistics_;
  Tap tap_;
  TcpStack tcp_;
};

}  // namespace parley::sim
