// What stands between us and the internet, asked of STUN servers over one UDP socket: RFC 5780's
// tests of mapping and filtering where a server has a second address (OTHER-ADDRESS), else what
// the answers of several servers let one infer, else what cannot be known is said to be Unknown.
// A machine of five verbs (net/engine.h); one run, then Done.
//
// The socket must be fresh: filtering can only be seen while nothing was sent to the second address
// (RFC 5780 section 4.4), so that is tested before mapping. The names of behaviours are RFC 4787's.
// At most kMaxServers servers are asked; more are left out. A silent one costs what `retransmit`
// says: by default about four seconds a step, of which there are at most five.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "base/random.h"
#include "net/engine.h"
#include "stun/client/transaction.h"

namespace parley::stun {

enum class NatBehaviour : std::uint8_t {
  Unknown,
  NoNat,  // mapping only: the server sees the socket's own address
  EndpointIndependent,
  AddressDependent,
  AddressAndPortDependent,
  Dependent,         // one of the two above, which one cannot be told
  NotPortDependent,  // endpoint-independent or address-dependent, which one cannot be told
};
const char* describe(NatBehaviour b);

struct StunServerReport {
  Address server;
  std::optional<Address> mapped;  // our address as it saw it; nothing: it did not answer
  std::optional<Address> other;   // its second address
  Duration roundTrip{};
  std::uint16_t errorCode = 0;  // it answered with an error
};

struct NatReport {
  NatBehaviour mapping = NatBehaviour::Unknown;
  NatBehaviour filtering = NatBehaviour::Unknown;
  bool byRfc5780 = false;  // else mapping is inferred from several servers' answers
  std::vector<StunServerReport> servers;
};

class NatDiscovery {
 public:
  struct Done {
    NatReport report;
  };
  using Event = std::variant<Done>;
  static constexpr std::size_t kMaxServers = 16;
  // 0, 250, 750 and 1750 ms, and given up after 3750.
  static constexpr RetransmitConfig kPatience{250ms, 4, 8, 4s};

  // `local`: the socket's path; its remote does not matter. Servers of the other family are left
  // out. `ownAddresses` are this machine's, where the socket is bound to a wildcard.
  NatDiscovery(const Path& local, const std::vector<Address>& servers,
               std::vector<IpAddress> ownAddresses, RandomSource& random,
               const RetransmitConfig& retransmit = kPatience);

  void start(Time now);

  void handleDatagrams(const Train& in, Time now);
  void handleTimeout(Time now);
  Time nextTimeout() const;
  More pollTransmit(TransmitBatch& out, Time now);
  std::optional<Event> pollEvent();

 private:
  // In this order. Each test is one request, but for the first, which asks all servers.
  enum class Step : std::uint8_t {
    Idle,
    AskAll,      // tests I of both
    FilterBoth,  // filtering test II: answer from the other address and port
    FilterPort,  // filtering test III: from the other port
    MapAddress,  // mapping test II: to the other address, same port
    MapBoth,     // mapping test III: to the other address and port
    Over
  };
  struct Request {
    Address to;
    std::uint32_t change = 0;  // CHANGE-REQUEST's flags
    ClientTransaction transaction;
    bool due = false;
    std::size_t server = 0;  // index of AskAll
  };

  void ask(const Address& to, std::uint32_t change, std::size_t server);
  void answered(const Message& answer, const Address& from, const Request& request, Time now);
  void stepOver();  // when no request waits: what comes next
  void begin(Step step);
  void askedAll();
  void infer();
  void finish();

  Path local_;
  std::vector<IpAddress> own_;
  RandomSource& random_;
  RetransmitConfig retransmit_;
  Step step_ = Step::Idle;
  NatReport report_;
  std::size_t subject_ = 0;      // the server that has a second address
  std::optional<Address> seen_;  // what the last mapping test saw
  std::optional<Address> seenBefore_;
  bool cameThrough_ = false;  // the last filtering test's answer, from where it should
  bool refused_ = false;      // the server does not do what was asked
  std::vector<Request> requests_;
  bool told_ = true;  // Done waits when not
};

static_assert(Engine<NatDiscovery>);

}  // namespace parley::stun
