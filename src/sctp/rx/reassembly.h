// From chunks to messages, in the order that each stream wants (RFC 9260 section 6.5, 6.6, 6.9; RFC
// 8260 section 2).
//
// A message of one chunk whose turn it is leaves as a view of the packet, without a copy. Fragments
// that come in order are copied once, into the buffer that becomes the message; a fragment ahead of
// its turn waits in a store, and so does a whole message ahead of its turn in its stream. Each
// chunk costs O(1), in whatever order they come.
//
// It does not judge TSNs: every chunk that it is given is new (rx::DataTracker). Chunks that
// contradict each other (two first fragments of a message, two fragments of one number) are dropped
// as if taken; they can do no harm but to their own message.
//
// Limits: a message's length, memory in all, kMaxEntries waiting fragments and messages.
#pragma once

#include <optional>
#include <span>

#include "sctp/rx/buffer_pool.h"
#include "sctp/rx/key_map.h"
#include "sctp/rx/stream_table.h"
#include "sctp/tx/payload_store.h"
#include "sctp/wire/data_chunk.h"
#include "sctp/wire/forward_tsn.h"

namespace parley::sctp::rx {

struct Delivered {
  StreamId stream;
  Ppid ppid;
  bool unordered = false;
  ConstBytes data;  // valid until the next call of next(), or as long as the packet
};

class Reassembly {
 public:
  struct Limits {
    std::size_t message = 16 << 20;
    std::size_t memory = 96 << 20;
  };
  // Fragments number at most DataTracker::kMaxOffset; the rest is for messages in progress.
  static constexpr std::size_t kMaxEntries = 2 * 65'536;

  enum class Verdict : std::uint8_t {
    Taken,
    Refused,  // kMaxEntries: do not acknowledge it
    TooLong,  // the message is longer than Limits::message
    Full,     // Limits::memory
  };

  Reassembly(const Limits& limits, std::uint64_t hashKey) : limits_(limits), map_(hashKey) {}
  void setInterleaving(Interleaving i) { interleaving_ = i; }

  Verdict add(const DataChunk& chunk);
  // The next whole message; the one before is gone. The caller empties it before the bytes of the
  // packet that was given to add() go away.
  std::optional<Delivered> next();
  bool hasReady() const { return readyHead_ != ready_.size(); }

  // The sender has given up on messages (RFC 3758 section 3.6, RFC 8260 section 2.3.1). Whole
  // messages that waited for them are delivered.
  void skip(const ForwardTsnView& forward);

  // The cumulative TSN has moved by itself: unordered DATA fragments that it has left behind belong
  // to messages that were skipped.
  void dropLeftBehind(Tsn cumulative) {
    if (sweeps_) skipUnorderedData(cumulative, false);
  }

  // The sender numbers the stream's messages anew (RFC 6525 section 5.2.2).
  void resetStream(StreamId id);
  void resetAllStreams();
  template <class F>
  void forEachUsedStream(F f) {
    streams_.forEach([&](StreamId id, const InStream& s) {
      if (s.next != Mid{0} || s.entries != kNone) f(id);
    });
  }

  // Bytes that wait for others to come: what the advertised window shrinks by.
  std::size_t waitingBytes() const { return store_.bytes() + heldBytes_; }
  // Bytes of messages in progress.
  std::size_t assemblingBytes() const { return assemblingBytes_; }
  std::size_t memory() const;
  const Limits& limits() const { return limits_; }
  // Gives back memory that an idle association does not need.
  void trim();

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  using Place = tx::PayloadStore::Place;

  enum class Kind : std::uint8_t {
    Free,
    Fragment,   // ahead of its turn, in the store
    Assembly,   // a message in progress: all up to `number` is in its buffer
    HeldStore,  // a whole message ahead of its turn, in the store
    HeldBuffer  // the same in a buffer
  };
  struct Entry {
    Kind kind = Kind::Free;
    bool unordered = false;
    bool end = false;  // of a fragment: it is the last
    StreamId stream;
    Mid mid;
    std::uint32_t number = 0;  // of a fragment: TSN or FSN; of an assembly: the one it waits for
    Tsn lastTsn;               // of an assembly: of the fragment copied last
    Ppid ppid;
    Place place;
    std::uint32_t length = 0;  // in the store
    std::uint32_t previous = kNone;
    std::uint32_t next = kNone;  // in its list, or free
    MessageBuffer buffer;
  };
  struct Ready {
    StreamId stream;
    Ppid ppid;
    bool unordered = false;
    ConstBytes view;       // of the packet; else
    MessageBuffer buffer;  // an assembled message; else
    Place place;           // one that lies in the store until it is its turn
    std::uint32_t length = 0;
  };

  bool interleaved() const { return interleaving_ == Interleaving::On; }
  std::int32_t distance(Mid from, Mid to) const;
  Mid after(Mid mid) const;
  std::uint32_t numberOf(const DataChunk& d) const { return interleaved() ? d.fsn : d.tsn.value(); }
  Key fragmentKey(const Entry& e) const {
    return fragmentKey(e.stream, e.unordered, e.mid, e.number);
  }
  Key fragmentKey(StreamId stream, bool unordered, Mid mid, std::uint32_t number) const;
  static Key heldKey(StreamId stream, Mid mid);

  Verdict addWhole(const DataChunk& d);
  Verdict addFragment(const DataChunk& d);
  Verdict begin(const DataChunk& d);
  Verdict append(std::uint32_t index, const DataChunk& d);
  Verdict hold(const DataChunk& d, Kind kind, const Key& key);
  bool belongs(const Entry& e, const DataChunk& d) const;
  bool isGivenUp(const DataChunk& d);
  Verdict appendWaiting(std::uint32_t index);
  void complete(std::uint32_t index);
  void makeCurrent(std::uint32_t index);
  bool hasRoomFor(std::size_t bytes) const { return memory() + bytes <= limits_.memory; }

  void ready(Entry& e);
  void advance(InStream& s, StreamId id);
  void skipOrdered(StreamId id, Mid upTo);
  void skipUnordered(StreamId id, Mid upTo);
  void skipUnorderedData(Tsn upTo, bool givenUp);

  std::uint32_t addEntry(Kind kind, const DataChunk& d);
  void removeEntry(std::uint32_t index);
  void dropEntry(std::uint32_t index);
  std::uint32_t& listOf(const Entry& e);

  Limits limits_;
  Interleaving interleaving_ = Interleaving::Off;
  KeyMap map_;
  StreamTable streams_;
  tx::PayloadStore store_;
  BufferPool buffers_;
  std::vector<Entry> entries_;
  std::uint32_t free_ = kNone;
  std::size_t used_ = 0;
  // The assembly appended to last. What it waits for is not in the map: in the normal case no
  // fragment touches it.
  std::uint32_t current_ = kNone;
  // Unordered fragments and assemblies of DATA, which only TSNs tell apart.
  std::uint32_t unorderedData_ = kNone;
  bool sweeps_ = false;       // something was skipped, and fragments in that list may be left over
  std::vector<Ready> ready_;  // those before readyHead_ are delivered
  std::size_t readyHead_ = 0;
  MessageBuffer fromStore_;  // the message delivered last, if it lay in the store
  std::vector<std::uint32_t> scratch_;
  std::size_t walked_ = 0;           // entries looked at by this skip()
  std::size_t heldBytes_ = 0;        // in HeldBuffer entries
  std::size_t assemblingBytes_ = 0;  // in Assembly entries
  std::size_t bufferMemory_ = 0;     // capacity of all buffers in entries
};

}  // namespace parley::sctp::rx
