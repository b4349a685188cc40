// Watches a TURN server from outside and says what it must never do. It reads what comes in and
// what goes out, and keeps its own books of permissions and channels by RFC 8656, so that it shares
// no mistake with the server:
//
//   - nothing is relayed without a live allocation, or to or from a peer without a live permission;
//   - nothing leaves more often than it came;
//   - nothing goes to addresses that policy denies, or to the server's own listener;
//   - ChannelData has exactly the length it says (padded to four on streams), on a bound channel;
//   - a channel that is bound is not bound to another peer.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/packet.h"
#include "stun/message.h"
#include "tests/sim/seeds.h"
#include "turn/server/events.h"

namespace parley::sim::test {

class RelayOracle {
 public:
  RelayOracle(const Address& listener, std::string realm)
      : listener_(listener), realm_(std::move(realm)) {}

  void addUser(const std::string& name, const std::string& password);
  // Peers that may be asked for and must be refused.
  void forbid(const IpAddress& peer) { forbidden_.insert(peer); }

  void received(const Path& path, ConstBytes message, Time now);
  void sent(const Packet& packet, Time now);
  void sentOnStream(const Path& path, ConstBytes message, Time now);
  void handleEvent(const turn::ServerEvent& event);

  const Failures& failures() const { return failures_; }
  std::uint64_t relayedToPeers() const { return toPeers_; }
  std::uint64_t relayedToClients() const { return toClients_; }
  std::size_t liveAllocations() const { return byRelay_.size(); }

 private:
  // Who a client is: its address, and on streams its connection.
  struct Client {
    Address remote;
    LinkId stream;
    friend auto operator<=>(const Client&, const Client&) = default;
  };
  struct Channel {
    Address peer;
    Time until;
  };
  struct Book {
    std::map<IpAddress, Time> permissions;  // until
    std::map<std::uint16_t, Channel> channels;
  };
  // A request that is authenticated and not answered yet.
  struct Asked {
    Time when;
    std::vector<Address> peers;
    std::optional<std::uint16_t> channel;
  };
  struct Count {
    std::uint64_t in = 0;
    std::uint64_t out = 0;
  };

  static Client clientOf(const Path& path) {
    return {path.remote, isStream(path.transport) ? path.link : LinkId{}};
  }
  void fail(const std::string& what, Time now);
  void noteRequest(const Client& client, const stun::Message& message, Time now);
  void noteSuccess(const Client& client, const stun::Message& message, Time now);
  void grantChannel(Book& book, std::uint16_t number, const Address& peer, Time asked);
  void noteOut(ConstBytes payload, Time now);
  void checkToClient(const Client& client, ConstBytes message, bool stream, Time now);
  void checkToPeer(const Packet& packet, Time now);
  bool permits(const Client& client, const IpAddress& peer, Time now) const;

  Address listener_;
  std::string realm_;
  std::map<std::string, crypto::HmacKey> keys_;     // by name: MD5 and SHA-1
  std::map<std::string, crypto::HmacKey> keys256_;  // by name and by its hash: SHA-256
  std::set<IpAddress> forbidden_;
  std::map<Client, Book> books_;
  std::map<std::pair<Client, stun::TransactionId>, Asked> asked_;
  std::map<Address, Client> byRelay_;
  std::map<turn::AllocationId, Address> relayOf_;
  std::map<std::uint64_t, Count> counts_;  // by a hash of the payload
  Failures failures_;
  std::uint64_t toPeers_ = 0;
  std::uint64_t toClients_ = 0;
};

}  // namespace parley::sim::test
