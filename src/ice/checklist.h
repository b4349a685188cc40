// The checklist of RFC 8445 section 6.1.2: pairs with their states, the triggered-check queue, and
// the order in which checks go out. It sends nothing and knows no roles.
//
// Freezing orders the first checks only: of pairs with one foundation the best goes first, the
// others when it is settled or nothing else waits. The standard would hold them for as long as the
// first one is in progress, which with one component costs time and saves nothing.
//
// A pair stays where it is in memory until clear().
#pragma once

#include <cstdint>
#include <deque>

#include "ice/pair.h"

namespace parley::ice {

class Checklist {
 public:
  static constexpr std::size_t kMaxPairs = 100;  // section 6.1.2.5

  // Takes the place of a pair that is gone or has failed, or, when it is full, of the waiting one
  // of lowest priority if that is lower. Null: there was no room.
  CandidatePair* add(CandidatePair pair);
  void clear();

  CandidatePair* find(BaseIndex base, RemoteIndex remote);
  CandidatePair* byTransaction(const stun::TransactionId& id);
  std::deque<CandidatePair>& pairs() { return pairs_; }
  const std::deque<CandidatePair>& pairs() const { return pairs_; }

  // Its check goes out before all others', those triggered earlier excepted.
  void trigger(CandidatePair& pair);
  void untrigger(CandidatePair& pair);
  // Pairs like this one need not wait for it any more.
  void thaw(std::uint64_t foundation);

  // Whose check is to go out now: triggered, waiting, frozen, then retransmissions by their time.
  // Null: none yet. A triggered one leaves the queue.
  CandidatePair* next(Time now);
  // When next() will have one: Time::min() is at once.
  Time nextTime() const;
  // Any that may still succeed by itself.
  bool hasOpen() const;

  // After nomination only triggered checks and what is under way go on (section 8.1.2).
  void setFinished(bool finished) { finished_ = finished; }
  bool finished() const { return finished_; }

 private:
  CandidatePair* placeFor(std::uint64_t priority);
  CandidatePair* best(PairState state);
  bool anyInState(PairState state) const;

  std::deque<CandidatePair> pairs_;
  std::deque<CandidatePair*> triggered_;
  std::uint32_t lastId_ = 0;
  bool finished_ = false;
};

}  // namespace parley::ice
