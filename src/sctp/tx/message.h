// A message on its way out, from send() until the last of its fragments has left the window; and
// the pool they live in. Fragments name their message by its slot.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "sctp/tx/payload_store.h"
#include "sctp/wire/types.h"

namespace parley::sctp::tx {

using MessageSlot = std::uint32_t;
inline constexpr MessageSlot kNoMessage = UINT32_MAX;

struct Message {
  PayloadStore::Place place;      // of the first byte not yet in a fragment
  std::uint32_t unsent = 0;       // bytes not yet in a fragment
  std::uint32_t inWindow = 0;     // fragments that have a TSN and are not yet behind the ack point
  Time deadline = kNever;         // RFC 7496 section 4.1: limited lifetime
  MessageSlot next = kNoMessage;  // of the same stream
  std::uint32_t stream = 0;       // slot of its stream
  std::uint32_t maxRetransmits = UINT32_MAX;  // RFC 7496 section 4.2
  std::uint32_t fsn = 0;                      // of the next fragment
  Tsn firstTsn;                               // of the first fragment, and of the latest
  Tsn lastTsn;
  Mid mid;  // or SSN; given when the first fragment gets its TSN
  Ppid ppid;
  StreamId streamId;
  bool unordered = false;
  bool started = false;  // the first fragment has its TSN
  bool abandoned = false;

  bool isPartial() const { return deadline != kNever || maxRetransmits != UINT32_MAX; }
};

class MessagePool {
 public:
  MessageSlot add() {
    ++used_;
    if (free_ != kNoMessage) {
      const MessageSlot slot = free_;
      free_ = messages_[slot].next;
      messages_[slot] = {};
      return slot;
    }
    messages_.emplace_back();
    return static_cast<MessageSlot>(messages_.size() - 1);
  }
  void remove(MessageSlot slot) {
    --used_;
    messages_[slot].next = free_;
    free_ = slot;
  }
  Message& operator[](MessageSlot slot) { return messages_[slot]; }
  const Message& operator[](MessageSlot slot) const { return messages_[slot]; }
  std::size_t size() const { return used_; }
  // Gives the memory back when no message is there.
  void trim() {
    if (used_ != 0) return;
    std::vector<Message>().swap(messages_);
    free_ = kNoMessage;
  }

 private:
  std::vector<Message> messages_;
  MessageSlot free_ = kNoMessage;
  std::size_t used_ = 0;
};

}  // namespace parley::sctp::tx
