// A TURN client for simulations, written from RFC 8656 and 8489 and not from our server: allocates,
// keeps what it has alive, permits, binds channels, sends and hears. A machine of five verbs.
//
// Over UDP requests are repeated (RFC 8489 section 6.2.1); over streams they are not (6.2.2).
// Answers to authenticated requests count only when their integrity holds.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "crypto/hmac.h"
#include "net/engine.h"
#include "stun/message.h"
#include "stun/message_writer.h"
#include "turn/channel_data.h"

namespace parley::sim::test {

class TurnClient {
 public:
  struct Allocated {
    Address relayed;
    Address mapped;
    Duration lifetime;
  };
  struct Done {  // anything else that succeeded
    stun::Method method;
    std::vector<Address> peers;
  };
  struct Refused {
    stun::Method method;
    std::uint16_t code;
  };
  struct NoAnswer {
    stun::Method method;
  };
  struct Heard {
    Address from;
    std::vector<std::uint8_t> bytes;
  };
  using Event = std::variant<Allocated, Done, Refused, NoAnswer, Heard>;

  TurnClient(std::string user, std::string password, RandomSource& random)
      : user_(std::move(user)), password_(std::move(password)), random_(random) {}

  // Where requests go; a stream's path once it is open.
  void setPath(const Path& path) { path_ = path; }
  // Refreshes allocation, permissions and channels in time by itself.
  bool keepsAlive = true;
  bool usesFingerprint = true;
  // RFC 8656 section 12: a channel is not bound to another peer until five minutes after its
  // binding ended. Without this the client asks, and the server must refuse what is still bound.
  bool waitsToRebind = true;

  void bind(Time now);
  void allocate(Time now, std::optional<Duration> lifetime = {});
  void refresh(Duration lifetime, Time now);
  void permit(const std::vector<Address>& peers, Time now);
  void bindChannel(const Address& peer, turn::ChannelNumber channel, Time now);
  // Over the peer's channel if it has one, else in a Send indication.
  void send(const Address& peer, ConstBytes bytes);

  bool hasAllocation() const { return relayed_.has_value(); }
  const Address& relayed() const { return *relayed_; }
  std::size_t waiting() const { return transactions_.size(); }
  // As if it had never spoken: for a new stream, or after the server forgot it.
  void reset();

  void handleDatagrams(const Train& in, Time now);
  void handleTimeout(Time now);
  Time nextTimeout() const;
  More pollTransmit(TransmitBatch& out, Time now);
  std::optional<Event> pollEvent();

 private:
  struct Request {
    stun::Method method = stun::Method::Binding;
    std::optional<Duration> lifetime;
    std::vector<Address> peers;
    turn::ChannelNumber channel;
    int challenges = 0;
  };
  struct Transaction {
    Request request;
    std::vector<std::uint8_t> bytes;
    int sent = 0;
    Duration wait{};
    Time next{};
  };

  void start(Request request, Time now);
  void transmit(Transaction& transaction, Time now);
  void handleMessage(Bytes bytes, Time now);
  void handleAnswer(const stun::Message& message, Time now);
  void handleError(const stun::Message& message, Request request, Time now);
  void handleSuccess(const stun::Message& message, const Request& request, Time now);
  bool adoptChallenge(const stun::Message& message);
  void keepAlive(Time now);

  std::string user_;
  std::string password_;
  RandomSource& random_;
  Path path_;
  std::string realm_;
  std::string nonce_;
  std::optional<crypto::HmacKey> key_;
  std::optional<Address> relayed_;
  Time refreshAt_ = kNever;
  std::map<IpAddress, Time> permissions_;  // when to refresh them
  std::map<Address, std::pair<turn::ChannelNumber, Time>> channels_;
  std::map<turn::ChannelNumber, std::pair<Address, Time>> lastAsked_;
  std::map<stun::TransactionId, Transaction> transactions_;
  std::deque<std::vector<std::uint8_t>> out_;
  std::deque<Event> events_;
};

static_assert(Engine<TurnClient>);

}  // namespace parley::sim::test
