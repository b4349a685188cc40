// Stream reconfiguration (RFC 6525), both directions: our requests to the peer, one at a time and
// sent again until answered; and the peer's requests to us, each carried out once.
//
// A stream of ours is asked to be reset when all of its messages are acknowledged, which is more
// than the standard wants (section 5.1.2: the peer waits for the last TSN) and spares peers that
// answer at once. A request of the peer whose last TSN has not come is answered "in progress", and
// carried out when it comes again.
//
// It knows neither the sender nor the receiver: whoever drives it tells it what is acknowledged,
// and carries out what it says. Waiting streams number at most 65,535.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sctp/association/retry_timer.h"
#include "sctp/wire/reconfig.h"

namespace parley::sctp {

// What an incoming RE-CONFIG asks the association to do.
struct ReconfigOrders {
  // Incoming streams to begin anew: these, or all.
  StreamList resetIncoming;
  bool resetAllIncoming = false;
  std::uint16_t addIncoming = 0;  // more streams on which the peer sends
  std::uint16_t addOutgoing = 0;  // more on which we may send
  // Our own request has been answered: these streams of ours begin anew, or stay as they are.
  std::span<const StreamId> resetOutgoing;
  bool performed = false;
};

class StreamReset {
 public:
  // Streams in one request: what fits a small packet with ease.
  static constexpr std::size_t kMaxStreamsARequest = 256;

  // Both sides' first request number is their initial TSN (section 5.1.1).
  void start(Tsn ours, Tsn peers);

  // ---- Our requests
  // The stream's last message has its TSN: `last`.
  void streamDrained(StreamId stream, Tsn last);
  void requestStreams(std::uint16_t more);
  // The peer has everything up to here; a request may be due now.
  void acknowledged(Tsn upTo, Duration rto, Time now);
  bool idle() const { return waiting_.empty() && !inFlight_ && addWanted_ == 0; }

  // ---- The peer's
  // One parameter of a RE-CONFIG chunk. `cumulative`: the TSN up to which all has come.
  ReconfigOrders handle(const ParameterView& p, Tsn cumulative, Duration rto, Time now);

  // ---- Transmission
  bool wantsToSend() const { return requestDue_ || answerCount_ > 0; }
  // Writes what is due, as far as it fits.
  void write(PacketWriter& w);
  Time nextTimeout() const { return timer_.deadline(); }
  void handleTimeout(Time now);
  int expiries() const { return timer_.running() ? timer_.expiries() : 0; }

 private:
  struct Waiting {
    StreamId stream;
    Tsn last;
  };
  struct Answer {
    ReconfigSn request;
    ReconfigResult result{};
  };
  static constexpr std::size_t kMaxAnswers = 4;

  void nextRequest(Duration rto, Time now);
  ReconfigOrders handleOutgoingReset(const OutgoingResetView& r, Tsn cumulative);
  ReconfigOrders handleAddStreams(const AddStreamsView& r, ParameterType type);
  ReconfigOrders handleResponse(const ReconfigResponseView& r, Duration rto, Time now);
  // Whether a request of this number is to be carried out; if not, it is answered here.
  bool isNew(ReconfigSn request);
  void answer(ReconfigSn request, ReconfigResult result);

  std::vector<Waiting> waiting_;
  Tsn acknowledged_;
  ReconfigSn next_;  // of our next request
  bool inFlight_ = false;
  bool requestDue_ = false;
  Tsn requestTsn_;                   // that the request in flight names
  std::vector<StreamId> resetting_;  // streams of the request in flight; none: it adds streams
  std::vector<StreamId> answered_;   // of the request answered last
  std::uint16_t adding_ = 0;
  std::uint32_t addWanted_ = 0;
  RetryTimer timer_;

  ReconfigSn expected_;                                      // of the peer's next request
  ReconfigResult lastResult_ = ReconfigResult::NothingToDo;  // of the one before
  std::array<Answer, kMaxAnswers> answers_{};
  std::size_t answerCount_ = 0;
};

}  // namespace parley::sctp
