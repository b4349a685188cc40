// The ICE servers of one transport: their names are looked up, STUN servers handed to ICE, and at
// each TURN server an allocation made, kept and, when it breaks, made anew: one for each URL and
// family of our own addresses, over UDP, TCP or TLS. Each goes its own way, so that a server that
// is dead delays no other.
//
// It wraps and unwraps what goes over a relay. A relayed candidate has a LinkId of its own, with
// kRelayLinkBit set, which no driver gives.
//
// Limits: PeerConfig::kMaxServerUrls URLs, kMaxRelays allocations; a lookup or a stream that takes
// longer than kPatience counts as failed for gathering (what comes later is used nevertheless).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "ice/agent.h"
#include "peer/config.h"
#include "peer/event_log.h"
#include "peer/event_queue.h"
#include "peer/verdict.h"
#include "turn/client/allocation.h"

namespace parley::peer {

inline constexpr std::uint64_t kRelayLinkBit = std::uint64_t{1} << 63;

class Servers {
 public:
  static constexpr std::size_t kMaxRelays = 32;
  static constexpr Duration kPatience = 10s;
  // Allocations that broke are made anew this often at most in a row.
  static constexpr unsigned kMaxRenewals = 5;

  struct Relay {
    enum class State : std::uint8_t { Opening, Allocating, Live, Over };
    LinkId link;  // the candidate's
    std::size_t server = 0;
    State state = State::Opening;
    Address serverAddress;
    LinkId udpLink;
    IpAddress local;
    StreamRequestId request{};
    Path path;  // to the server
    std::unique_ptr<turn::client::Allocation> allocation;
    Time givenUpAt = kNever;  // for gathering
    unsigned renewals = 0;
  };

  Servers(TransportId transport, ice::Agent& agent, EventQueue& out, EventLog& log,
          RandomSource& random)
      : transport_(transport), agent_(agent), out_(out), log_(log), random_(random) {}

  // Ids are taken from counters that all transports of a Peer share.
  struct Ids {
    std::uint32_t lookup = 0;
    std::uint32_t stream = 0;
    std::uint64_t relay = 0;
  };
  void setServers(const std::vector<IceServer>& servers, IceTransportPolicy policy);
  void start(Ids& ids, Time now);
  void addLink(LinkId link, const Address& local, Ids& ids, Time now);
  void removeLink(LinkId link, Time now);

  bool handleResolved(LookupId id, std::span<const IpAddress> addresses, Ids& ids, Time now);
  bool handleStreamOpened(StreamRequestId id, const Path& path, Time now);
  bool handleStreamFailed(StreamRequestId id, const Error& error, Time now);
  void handlePathEvent(const Path& path, PathEvent event, Ids& ids, Time now);
  void permit(LinkId relayLink, const Address& peer, Time now);
  void release(Time now);

  bool empty() const { return relays_.empty(); }
  // The allocation that talks with a server by this path.
  Relay* byServerPath(const Path& path);
  Relay* byLink(LinkId relayLink);
  // Nothing is on its way that could still give a candidate.
  bool isSettled(Time now) const;
  // All allocations are gone, after release().
  bool isReleased() const;

  void handleTimeout(Time now);
  Time nextTimeout() const;
  More pollTransmit(TransmitBatch& batch, Time now);
  // Takes in what the allocations have to say.
  void settle(Ids& ids, Time now);

  const std::string& url(std::size_t server) const { return servers_[server].url; }
  std::size_t serverCount() const { return servers_.size(); }
  void addErrors(std::vector<ServerError>& out) const;
  // An error of a STUN server that ICE heard of.
  void noteStunError(std::uint16_t urlIndex, std::int32_t code, std::string text,
                     const Address& local, Time now);

 private:
  struct Server {
    std::string url;
    IceUrl parsed;
    std::string username;
    std::string credential;
    enum class State : std::uint8_t { New, Resolving, Known, Failed };
    State state = State::New;
    LookupId lookup{};
    Time givenUpAt = kNever;
    std::vector<IpAddress> addresses;
    std::optional<ServerError> error;
    bool worked = false;
    bool retired = false;  // not in the list any more
  };
  struct Link {
    LinkId link;
    Address local;
  };

  void begin(std::size_t index, Ids& ids, Time now);
  void use(std::size_t index, Ids& ids, Time now);
  void useFamily(std::size_t index, const IpAddress& address, Ids& ids, Time now);
  const Link* linkFor(Family family) const;
  bool hasRelay(std::size_t server, Family family) const;
  void open(Relay& relay, Ids& ids, Time now);
  void allocate(Relay& relay, turn::client::AllocationConfig config, Time now);
  turn::client::AllocationConfig configFor(const Server& server, Family family) const;
  void handleEvent(Relay& relay, turn::client::Allocation::Event& event, Ids& ids, Time now);
  void handleAllocated(Relay& relay, const turn::client::Allocated& e, Time now);
  void handleFailed(Relay& relay, const turn::client::Failed& e, Ids& ids, Time now);
  void handleRedirected(Relay& relay, const turn::client::Redirected& e, Ids& ids, Time now);
  void end(Relay& relay, Time now, bool failedToOpen = false);
  void fail(std::size_t server, std::int32_t code, std::string text, const Address& local,
            Time now);

  TransportId transport_;
  ice::Agent& agent_;
  EventQueue& out_;
  EventLog& log_;
  RandomSource& random_;
  std::vector<Server> servers_;
  std::vector<Link> links_;
  // Addresses do not move: a poll may add one.
  std::vector<std::unique_ptr<Relay>> relays_;
  IceTransportPolicy policy_ = IceTransportPolicy::All;
  bool started_ = false;
};

}  // namespace parley::peer
