// One attempt to send one file over its channel (docs/peer-messages.md section 6), without the
// channel and without the disk: messages and bytes come in, effects go out.
//
//   sender.handleOpen(now);                       // the channel is open
//   while (auto read = sender.wanted(buffered)) { // read it from the file …
//     if (read->send) channel.send(bytes);
//     sender.handleRead(bytes, now);              // … and say so
//   }
//
// It keeps to the receiver's window, hashes the whole file (also the part that is there already
// after a break), and is over with Delivered or Failed, after which it ignores everything.
#pragma once

#include <deque>
#include <optional>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "files/effect.h"

namespace parley::files {

class Sender {
 public:
  // Waits above this much in the channel (section 6.4), until half of it is gone.
  static constexpr std::size_t kMostBuffered = std::size_t{1024} * 1024;

  // chunk: bytes of a message, at most the connection's maxMessageSize.
  Sender(Offer offer, std::size_t chunk);

  void handleOpen(Time now);
  void handleText(std::string_view text, Time now);
  void handleBinary(Time now);  // a sender gets none
  void handleClosed();
  void handleTimeout(Time now);
  Time nextTimeout() const;
  std::optional<Effect> pollEffect();

  struct Read {
    std::uint64_t offset = 0;
    std::size_t length = 0;
    bool send = false;  // false: for the hash alone
  };
  // What to read next; nothing while there is nothing to do but wait. `buffered`: bytes that wait
  // in the channel.
  std::optional<Read> wanted(std::size_t buffered) const;
  // The bytes of wanted(), after they were sent if that was asked.
  void handleRead(ConstBytes bytes, Time now);

  void cancel(Reason reason);

  const Offer& offer() const { return offer_; }
  bool over() const { return state_ == State::Over; }
  bool accepted() const { return state_ == State::Sending || state_ == State::Verifying; }
  std::uint64_t resumedFrom() const { return start_; }
  std::uint64_t sent() const { return at_; }
  std::uint64_t received() const { return acknowledged_; }  // what the other side has stored

 private:
  enum class State : std::uint8_t { Opening, Asking, Sending, Verifying, Over };
  void handle(const FileMessage& message, Time now);
  void accept(const Accept& message, Time now);
  void finishReading(Time now);
  void fail(Reason reason, bool byPeer, bool corrupt = false);
  std::uint64_t windowEnd() const;

  Offer offer_;
  std::size_t chunk_;
  State state_ = State::Opening;
  crypto::Sha256 hash_;
  std::uint64_t start_ = 0;         // the receiver has what lies before
  std::uint64_t at_ = 0;            // hashed, and sent from start_ on
  std::uint64_t acknowledged_ = 0;  // by accept and progress
  std::uint32_t window_ = 0;
  Time moved_{};
  std::deque<Effect> effects_;
};

}  // namespace parley::files
