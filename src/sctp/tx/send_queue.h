// Messages that wait to be sent, by stream, and the choice of the next: weighted fair queueing over
// the streams that have something (RFC 8831 section 6.4, RFC 8260 section 3.6). A stream's turn
// costs it bytes divided by its weight; streams of equal weight get equal bytes, and none starves.
//
// Without interleaving a message that has begun is finished first (its TSNs must follow each other,
// RFC 9260 section 6.9); with it the choice is made anew for each fragment.
//
// A message begins to have a number (SSN or MID) when its first fragment leaves, so that one that
// expires before leaves no trace.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "sctp/tx/message.h"
#include "sctp/wire/data_chunk.h"

namespace parley::sctp::tx {

// RFC 8832 section 5.1: below normal, normal, high, extra high.
inline constexpr std::uint16_t kPriorityNormal = 256;

struct SendOptions {
  bool unordered = false;
  std::uint32_t maxRetransmits = UINT32_MAX;  // no limit
  Duration lifetime = Duration::max();        // no limit; from send() on
};

class SendQueue {
 public:
  // What a message takes of the limit besides its bytes, so that a million empty-handed messages
  // cannot take the memory of a million.
  static constexpr std::size_t kMessageCost = sizeof(Message);

  SendQueue(PayloadStore& store, MessagePool& pool) : store_(store), pool_(pool) {}

  void setInterleaving(Interleaving i) { interleaving_ = i; }

  void add(StreamId stream, Ppid ppid, ConstBytes bytes, const SendOptions& options, Time now);

  // The message whose fragment goes next, or kNoMessage; messages that expired unbegun are dropped
  // on the way there.
  MessageSlot peek(Time now);
  // Gives the next fragment of that message its numbers: that of the message, and its own.
  void number(Message& m) {
    if (m.started) {
      ++m.fsn;
      return;
    }
    m.started = true;
    Stream& s = streams_[m.stream];
    Mid& counter = m.unordered ? s.nextUnordered : s.nextOrdered;
    m.mid = counter;
    ++counter;
  }
  // The n next bytes of that message are in a fragment now; its others
  // begin at `rest`.
  void take(MessageSlot slot, std::size_t n, PayloadStore::Place rest);
  // Gives up what is unsent of a begun message (which may not be the next one).
  void dropRest(MessageSlot slot);

  bool empty() const { return bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }  // unsent, of all streams
  std::size_t cost() const { return cost_; }    // the same with kMessageCost a message
  std::size_t bufferedAmount(StreamId stream) const;
  std::uint64_t expired() const { return expired_; }

  void setPriority(StreamId stream, std::uint16_t priority);
  void setLowThreshold(StreamId stream, std::size_t bytes);
  // A stream whose buffered amount has fallen to its threshold or below since it was last asked.
  bool pollLow(StreamId& stream);

  // A stream that is closed takes no more messages, until its numbers start anew.
  void closeStream(StreamId stream);
  bool isClosed(StreamId stream) const;
  bool isStreamEmpty(StreamId stream) const { return bufferedAmount(stream) == 0; }
  // RFC 6525 section 5.2.3: sequence numbers start at zero; the stream is open again.
  void restartStream(StreamId stream);

 private:
  static constexpr std::uint32_t kNoStream = UINT32_MAX;
  static constexpr std::uint32_t kTurnScale = 1 << 20;
  struct Stream {
    StreamId id;
    std::uint32_t costOfByte = kTurnScale / kPriorityNormal;  // in virtual time
    bool queued = false;                                      // it stands in ready_
    bool closed = false;
    bool lowPending = false;
    MessageSlot head = kNoMessage;
    MessageSlot tail = kNoMessage;
    std::size_t bytes = 0;
    std::size_t lowThreshold = 0;
    std::uint64_t turn = 0;  // virtual time of its next turn
    Mid nextOrdered{0};
    Mid nextUnordered{0};  // of I-DATA, RFC 8260 section 2.1
  };
  struct Ready {
    std::uint64_t turn;
    std::uint64_t order;  // first come, first served among equals
    std::uint32_t stream;
    bool operator<(const Ready& o) const {  // std's heaps have the greatest first
      return turn != o.turn ? turn > o.turn : order > o.order;
    }
  };

  std::uint32_t find(StreamId id) const;
  std::uint32_t findOrAdd(StreamId id);
  void makeReady(std::uint32_t stream);
  void unready(std::uint32_t stream);
  void charge(Stream& stream, std::size_t n);
  void popHead(Stream& stream);
  void removeBytes(std::uint32_t slot, std::size_t n);

  PayloadStore& store_;
  MessagePool& pool_;
  Interleaving interleaving_ = Interleaving::Off;
  std::vector<Stream> streams_;
  std::vector<std::pair<std::uint16_t, std::uint32_t>> byId_;  // sorted: id, slot
  std::vector<Ready> ready_;                                   // a heap
  std::uint32_t current_ = kNoStream;                          // chosen, and taken out of ready_
  std::vector<std::uint32_t> low_;                             // slots of streams with lowPending
  std::uint64_t turn_ = 0;                                     // of the stream served last
  std::uint64_t orders_ = 0;
  std::size_t bytes_ = 0;
  std::size_t cost_ = 0;
  std::uint64_t expired_ = 0;
};

}  // namespace parley::sctp::tx
