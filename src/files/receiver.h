// One attempt to receive one file over its channel (docs/peer-messages.md section 6), without the
// channel and without the disk.
//
//   Offered            -> accept(from, …) or reject(reason)
//   handleBinary(b)    -> the bytes to store, then stored(n) when they are kept
//   Complete           -> give the file its name, then named(), which tells the sender
//
// It checks order, sizes and the hash, says how far it is, and is over after named() or Failed,
// after which it ignores everything. What is stored of a broken attempt is the host's to keep.
#pragma once

#include <deque>
#include <optional>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "files/effect.h"

namespace parley::files {

class Receiver {
 public:
  // id: of the channel's label.
  Receiver(std::string id, Time now);

  void handleText(std::string_view text, Time now);
  // What is to be stored next; empty when there is nothing.
  ConstBytes handleBinary(ConstBytes bytes, Time now);
  void handleClosed();
  void handleTimeout(Time now);
  Time nextTimeout() const;
  std::optional<Effect> pollEffect();

  // The bytes before `offset` are there; `hash` is of them.
  void accept(std::uint64_t offset, crypto::Sha256 hash, std::uint32_t window, Time now);
  void reject(Reason reason);
  // `bytes` more are kept for good (or handed to the disk).
  void stored(std::uint64_t bytes);
  void named();
  void cancel(Reason reason);

  const Offer& offer() const { return offer_; }
  bool over() const { return state_ == State::Over; }
  bool receiving() const { return state_ == State::Receiving; }
  bool accepted() const { return window_ > 0; }  // at some time
  std::uint64_t stored() const { return stored_; }

 private:
  enum class State : std::uint8_t { Waiting, Asking, Receiving, Naming, Over };
  void handle(const FileMessage& message, Time now);
  void done(const Done& message, Time now);
  void fail(Reason reason, bool byPeer, bool corrupt = false);

  std::string id_;
  State state_ = State::Waiting;
  Offer offer_;
  crypto::Sha256 hash_;
  std::uint64_t received_ = 0;  // from the beginning of the file
  std::uint64_t stored_ = 0;
  std::uint64_t reported_ = 0;
  std::uint32_t window_ = 0;
  Time moved_;
  std::deque<Effect> effects_;
};

}  // namespace parley::files
