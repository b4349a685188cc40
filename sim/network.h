// A simulated network: hosts and routers on segments, joined by links with their own conditions,
// in virtual time. One seed, one run: every link, NAT and host draws from its own generator, made
// from the seed and the order in which things were added.
//
//   Network net(seed);
//   Router& home = net.addRouter("home", net.internet(), {.nat = …});
//   Host& alice = net.addHost("alice");
//   alice.attach(home.inside(), ip, conditions);
//
// What it leaves out: ARP, ICMP, fragments, routing protocols, broadcast. A packet too large for a
// link is dropped, and the link's statistics say so. The network owns everything in it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/address.h"
#include "sim/event_queue.h"
#include "sim/firewall.h"
#include "sim/link.h"
#include "sim/nat.h"
#include "sim/packet.h"
#include "sim/pcap.h"

namespace parley::sim {

class Host;
class Network;
class Port;
class Router;
struct RouterConfig;

class Node {
 public:
  virtual ~Node() = default;
  virtual void receive(Packet&& packet, Port& via) = 0;
};

// What all nodes of a place can reach without a router. Packets to an address that is nobody's here
// go to the gateway, if there is one and it did not bring them.
class Segment {
 public:
  void addRoute(const Prefix& prefix, Port& port) { routes_.emplace_back(prefix, &port); }
  void removeRoutes(const Port& port);
  void setGateway(Port* port) { gateway_ = port; }
  void forward(Packet&& packet, const Port& from);
  std::uint64_t unroutable() const { return unroutable_; }

 private:
  Port* find(const IpAddress& destination) const;

  std::vector<std::pair<Prefix, Port*>> routes_;
  Port* gateway_ = nullptr;
  std::uint64_t unroutable_ = 0;
};

// A node's place on a segment, with a link each way.
class Port {
 public:
  Port(Network& network, Node& node, Segment& segment, const LinkConditions& up,
       const LinkConditions& down);

  void send(Packet&& packet);     // from the node
  void deliver(Packet&& packet);  // from the segment

  // From the node onto the segment, and back.
  Link& up() { return up_; }
  Link& down() { return down_; }
  void setConditions(const LinkConditions& both);
  Segment& segment() { return segment_; }
  // What is under way to a port that is no more is lost.
  void detach();

 private:
  Network& network_;
  Node& node_;
  Segment& segment_;
  Link up_;
  Link down_;
  bool attached_ = true;
};

class Network {
 public:
  explicit Network(std::uint64_t seed);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  EventQueue& events() { return events_; }
  Time now() const { return events_.now(); }
  Segment& internet() { return *segments_.front(); }
  Segment& addSegment();
  Router& addRouter(const std::string& name, Segment& outside, RouterConfig config);
  Host& addHost(const std::string& name);
  Port& addPort(Node& node, Segment& segment, const LinkConditions& up, const LinkConditions& down);

  // A generator of its own for whoever asks, the same in each run of a seed.
  std::uint64_t nextSeed() { return seeds_.next64(); }

  // From now on every packet that a host sends or receives is kept.
  void startCapture() { capture_.emplace(); }
  const std::optional<PcapWriter>& capture() const { return capture_; }
  void record(const Packet& packet) {
    if (capture_) capture_->add(packet, now());
  }

 private:
  EventQueue events_;
  SeededRandom seeds_;
  std::optional<PcapWriter> capture_;
  std::deque<std::unique_ptr<Segment>> segments_;
  std::deque<std::unique_ptr<Node>> nodes_;
  std::deque<std::unique_ptr<Port>> ports_;
};

}  // namespace parley::sim
