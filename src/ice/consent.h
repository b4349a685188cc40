// Consent freshness of one pair (RFC 7675), and whether the other side still answers: when the next
// request is due, which answers count, and when it is over. It sends nothing itself.
//
// Requests are not retransmitted: each is a transaction of its own (section 5.1). In peace one goes
// out every 5 s, jittered by 0.8 to 1.2; one that is not answered soon is followed by others each
// second, so that a dead path is known after some 7 s (`unresponsive`) and given up 30 s after the
// last answer (`expired`).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/random.h"
#include "base/time.h"
#include "stun/types.h"

namespace parley::ice {

struct ConsentTiming {
  Duration interval = 5s;
  Duration expiry = 30s;
  Duration answerWait = 500ms;  // at least, and three round trips
  Duration mostWait = 3s;       // however long those are
  Duration probeInterval = 1s;
  unsigned unresponsiveAfter = 3;
  // Data goes out and nothing came in for this long: ask at once.
  Duration silence = 2500ms;
};

class Consent {
 public:
  // The last answer so far; section 5.1: the check that made the pair valid is the first consent.
  Consent(const ConsentTiming& timing, Time lastResponse, Time now, RandomSource& random);

  Time nextTimeout() const { return nextAt_ < expiresAt() ? nextAt_ : expiresAt(); }
  bool due(Time now) const { return now >= nextAt_; }
  bool expired(Time now) const { return now >= expiresAt(); }
  bool unresponsive() const { return unanswered_ >= timing_.unresponsiveAfter; }
  unsigned unanswered() const { return unanswered_; }
  Time lastResponse() const { return lastResponse_; }

  // A request is written now; its transaction.
  stun::TransactionId begin(Duration roundTrip, Time now, RandomSource& random);
  // The round trip when the answer belongs to one of the last requests.
  std::optional<Duration> handleResponse(const stun::TransactionId& id, Time now,
                                         RandomSource& random);
  // Another authenticated answer came by the pair.
  void refresh(Time now, RandomSource& random);
  // Ask soon: at once, when the last request is a probe interval old.
  void hurry(Time now);
  Duration silence() const { return timing_.silence; }

 private:
  struct Request {
    stun::TransactionId id;
    Time sentAt{};
    bool open = false;
  };
  // Answers that come later than this many requests do not count.
  static constexpr std::size_t kRemembered = 4;

  Time expiresAt() const { return lastResponse_ + timing_.expiry; }
  Duration jittered(RandomSource& random) const;

  ConsentTiming timing_;
  Time lastResponse_;
  Time nextAt_;
  Time lastRequest_{};
  bool waiting_ = false;
  unsigned unanswered_ = 0;
  std::array<Request, kRemembered> requests_{};
  std::size_t next_ = 0;
};

}  // namespace parley::ice
