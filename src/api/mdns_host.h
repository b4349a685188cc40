// MdnsHost: multicast DNS for the connections of a shard: sockets on port 5353 that are shared with
// the system's own responder, one for each interface and family, and ice::MdnsService over them.
// The sockets are opened when the first name is asked for or published. All on the shard's thread.
//
// Names are refused beyond the service's limits, and when no socket can be had.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/engine_runner.h"
#include "driver/interfaces.h"
#include "ice/mdns_service.h"

namespace parley::api {

// The service as the runner sees it. A multicast datagram comes with the group as its local
// address; answers must leave from the interface's own.
class MdnsEngine {
 public:
  using Event = ice::MdnsService::Event;

  void addLink(LinkId link, const Address& local);
  ice::MdnsService& service() { return service_; }

  void handleDatagrams(const Train& in, Time now);
  void handleTimeout(Time now) { service_.handleTimeout(now); }
  Time nextTimeout() const { return service_.nextTimeout(); }
  More pollTransmit(TransmitBatch& out, Time now) { return service_.pollTransmit(out, now); }
  std::optional<Event> pollEvent() { return service_.pollEvent(); }

 private:
  ice::MdnsService service_;
  std::vector<std::pair<LinkId, Address>> links_;
};

class MdnsHost {
 public:
  using Ticket = std::uint64_t;
  // Nothing: nobody knows the name.
  using OnAnswer = std::function<void(const std::optional<IpAddress>&)>;

  explicit MdnsHost(driver::RunnerShared& shared) : runner_(shared, engine_, *this) {}

  // `interfaces`: this machine's, as they are now. The answer comes in a later round, or after five
  // seconds without one.
  std::optional<Ticket> resolve(const std::string& name,
                                const std::vector<driver::Interface>& interfaces,
                                OnAnswer onAnswer);
  void cancel(Ticket ticket);
  bool publish(const std::string& name, const IpAddress& address,
               const std::vector<driver::Interface>& interfaces);
  void withdraw(const std::string& name);

  // ---- for the runner
  void handleEngineEvent(ice::MdnsService::Event& event);
  void handleStreamOpened(driver::StreamTicket, const Path&) {}
  void handleStreamFailed(driver::StreamTicket, const Error&) {}

 private:
  struct Waiting {
    Ticket ticket;
    std::string name;  // in lower case, as the service's events have it
    OnAnswer onAnswer;
  };
  bool openSockets(const std::vector<driver::Interface>& interfaces);
  void answer(const std::string& name, const std::optional<IpAddress>& address);

  MdnsEngine engine_;
  driver::EngineRunner<MdnsEngine, MdnsHost> runner_;
  std::vector<std::pair<unsigned, Family>> open_;  // interfaces that have a socket
  std::vector<Waiting> waiting_;
  Ticket lastTicket_ = 0;
};

}  // namespace parley::api
