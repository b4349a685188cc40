// What has a TSN and is not behind the cumulative ack point: a ring of fragments by TSN, with the
// order in which they were last sent and the queue of those to send again. What the congestion
// controller is told of a SACK is counted here.
//
// A SACK repeats what earlier ones said. A run of acknowledged fragments carries the number of
// steps to its end (a union-find over neighbours, halved at each walk), so a SACK costs what is new
// in it and a little for each block, however large the blocks are and whatever a hostile peer puts
// in them. Blocks that do not ascend are ignored.
//
// Bounded by kMaxChunks: gap blocks reach no further than 65,535 TSNs from the cumulative one.
#pragma once

#include <cstdint>
#include <vector>

#include "sctp/tx/message.h"
#include "sctp/wire/sack.h"

namespace parley::sctp::tx {

class Outstanding {
 public:
  static constexpr std::size_t kMaxChunks = 65'535;

  enum class State : std::uint8_t {
    InFlight,  // sent, nothing heard
    Lost,      // to be sent again
    // Settled, unless the ack point comes by or everything is lost:
    Acked,      // by a gap block: the peer may take it back (RFC 9260 section 6.2)
    Abandoned,  // will not be sent again (RFC 3758 section 3.5, A3)
  };

  struct Chunk {
    std::uint32_t slab = 0;  // place of its bytes
    std::uint16_t offset = 0;
    std::uint16_t length = 0;  // of user data
    MessageSlot message = kNoMessage;
    std::uint32_t previous = 0;  // TSNs of its neighbours in the list of its state;
    std::uint32_t next = 0;      // settled: the first TSN behind its run, as far as known
    std::uint32_t fsn = 0;
    std::uint32_t order = 0;  // of its last transmission, counted over all
    std::uint16_t transmissions = 0;
    State state = State::InFlight;
    std::uint8_t flags = 0;  // of the DATA chunk: begin, end, unordered
    Time sentAt{};           // last
    // The rate sample it carries (draft-cheng-iccrg-delivery-rate-estimation section 3.1).
    std::uint64_t delivered = 0;
    Time deliveredAt{};
    Time firstSentAt{};
  };
  static_assert(sizeof(Chunk) == 64);

  // Own flags beside those of the DATA chunk.
  static constexpr std::uint8_t kAppLimited = 0x80;
  static constexpr std::uint8_t kCounted = 0x40;  // delivered once already (reneged since)
  static constexpr std::uint8_t kRtoLost = 0x20;  // given up by a timeout and not sent since

  // What a SACK brought that is new.
  struct AckRun {
    std::size_t bytes = 0;  // as onWire()
    std::size_t chunks = 0;
    std::size_t spurious = 0;  // bytes that arrived though given up as lost
    bool rtoSpurious = false;  // one that a timeout gave up and that was not sent again
    bool reordered = false;    // one never sent again, below one acknowledged before
    // The latest sent among them: what RACK and the rate sampler go by.
    bool any = false;
    std::uint32_t order = 0;
    bool retransmitted = false;
    bool appLimited = false;
    Time sentAt{};
    std::uint64_t delivered = 0;
    Time deliveredAt{};
    Time firstSentAt{};
    // The latest sent among those that were sent once: what the round trip is measured by.
    bool anyClean = false;
    Time cleanSentAt{};
  };

  Outstanding(PayloadStore& store, MessagePool& pool, std::size_t headerSize)
      : store_(store), pool_(pool), headerSize_(headerSize) {}
  void setHeaderSize(std::size_t n) { headerSize_ = n; }
  void start(Tsn initial) {
    acked_ = initial.previous();
    next_ = initial;
    highest_ = acked_;
  }

  Tsn ackPoint() const { return acked_; }
  Tsn nextTsn() const { return next_; }
  Tsn highestAcked() const { return highest_; }
  bool empty() const { return acked_.next() == next_; }
  std::size_t size() const { return next_ - acked_ - 1; }
  std::size_t gapAcked() const { return gapAcked_; }   // fragments
  std::uint32_t lastOrder() const { return orders_; }  // of the latest transmission
  bool full() const { return size() >= kMaxChunks; }
  std::size_t inFlight() const { return inFlight_; }  // bytes as onWire()
  std::size_t inFlightChunks() const { return inFlightChunks_; }
  std::size_t payload() const { return payload_; }  // user bytes in the ring
  std::size_t onWire(const Chunk& c) const {
    return (c.length + headerSize_ + 3) & ~std::size_t{3};
  }

  Chunk& at(Tsn tsn) { return ring_[tsn.value() & mask_]; }
  const Chunk& at(Tsn tsn) const { return ring_[tsn.value() & mask_]; }

  // The next TSN, with a fragment that is in flight from now on; the caller fills it in.
  Chunk& append(Time now, MessageSlot message, std::size_t length);
  // An abandoned TSN without bytes: the end of a message that will not be sent (see Sender).
  void appendPlaceholder(MessageSlot message);
  // The first of the lost ones; there must be one.
  bool hasLost() const { return lost_.count != 0; }
  Tsn firstLost() const { return Tsn{lost_.head}; }
  // A lost fragment, or one in flight (a probe), goes out again.
  void resend(Tsn tsn, Time now);

  // Fragments in flight, in the order of their last transmission.
  bool hasInFlight() const { return sent_.count != 0; }
  Tsn oldest() const { return Tsn{sent_.head}; }
  Tsn latest() const { return Tsn{sent_.tail}; }
  void markLost(Tsn tsn);
  void abandon(Tsn tsn);
  // A timeout: everything in flight is lost. When the first fragment had been acknowledged by a gap
  // block, the peer has taken it back, and nothing that gap blocks said is believed any more.
  void loseAll();
  // The timeout was a mistake: what it gave up and was not sent again is in flight after all.
  void restoreFlight();

  // The TSN must lie in the ring (ackPoint() to nextTsn() - 1).
  void ackCumulative(Tsn tsn, AckRun& run);
  // Offsets from the cumulative TSN; ends beyond nextTsn() are cut.
  void ackGaps(const SackView& sack, AckRun& run);

  void trim();

 private:
  struct List {
    std::uint32_t head = 0;
    std::uint32_t tail = 0;
    std::size_t count = 0;
  };
  static constexpr std::size_t kMinRing = 64;

  Chunk& raw(std::uint32_t tsn) { return ring_[tsn & mask_]; }
  void grow();
  void pushBack(List& list, std::uint32_t tsn);
  void pushFront(List& list, std::uint32_t tsn);
  void unlink(List& list, Chunk& chunk);
  void enterFlight(Chunk& chunk, std::uint32_t tsn, Time now);
  void leaveFlight(Chunk& chunk);
  void ackOne(Chunk& chunk, std::uint32_t tsn, AckRun& run);
  void leaveRing(Chunk& chunk);

  PayloadStore& store_;
  MessagePool& pool_;
  std::size_t headerSize_;
  std::vector<Chunk> ring_;
  std::uint32_t mask_ = 0;
  Tsn acked_;    // cumulative ack point
  Tsn next_;     // to be assigned next
  Tsn highest_;  // acknowledged, by whatever means
  List sent_;
  List lost_;
  std::size_t inFlight_ = 0;
  std::size_t inFlightChunks_ = 0;
  std::size_t payload_ = 0;
  std::size_t gapAcked_ = 0;
  std::uint32_t orders_ = 0;
};

}  // namespace parley::sctp::tx
