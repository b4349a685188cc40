// One client transaction: which answer is its own, when its request goes out again and when it is
// given up (RFC 8489 sections 6.2.1 and 6.2.2). It keeps no bytes: who owns it writes the request,
// the very same each time, whenever it is told to Send.
//
//   ClientTransaction t(randomTransactionId(random), config, Transport::Udp);
//   t.sent(now);                            // the first time, when the request is really written
//   if (t.matches(message)) …               // an answer: done, t.roundTrip(now) may be a sample
//   switch (t.handleTimeout(now)) …         // Send: write it again and call sent(now)
//
// Errors: none. It does not look at integrity: an answer that does not verify is not an answer,
// and the transaction waits on (section 9.1.4).
#pragma once

#include <cstdint>
#include <optional>

#include "base/random.h"
#include "base/time.h"
#include "net/path.h"
#include "stun/message.h"
#include "stun/types.h"

namespace parley::stun {

TransactionId randomTransactionId(RandomSource& random);

// With the defaults a request goes out after 0, 500, 1500, 3500, 7500, 15,500 and 31,500 ms, and
// the transaction has failed after 39,500 ms.
struct RetransmitConfig {
  Duration initialRto = 500ms;
  std::uint8_t maxSends = 7;          // Rc
  std::uint16_t lastWait = 16;        // Rm: times the initial RTO, after the last one
  Duration streamTimeout = 39'500ms;  // Ti: over a stream nothing is sent twice
  Duration maxRto = Duration::max();  // doubling ends here; the standard knows no such end
};

class ClientTransaction {
 public:
  enum class Step : std::uint8_t { Wait, Send, Failed };

  ClientTransaction() = default;  // idle: matches nothing, waits for nothing
  ClientTransaction(const TransactionId& id, const RetransmitConfig& config, Transport transport);

  const TransactionId& id() const { return id_; }
  // Between sent() and failure; a new transaction waits for its first sent().
  bool active() const { return nextAt_ != kNever; }
  // A success or error response to this request.
  bool matches(const Message& message) const {
    return active() &&
           (message.messageClass() == Class::Success || message.messageClass() == Class::Error) &&
           message.transactionId() == id_;
  }

  // The request has been written.
  void sent(Time now);
  Time nextTimeout() const { return nextAt_; }
  // Early is harmless. After Failed it is idle.
  Step handleTimeout(Time now);
  void stop() { nextAt_ = kNever; }

  unsigned sends() const { return sends_; }
  Time firstSentAt() const { return firstSentAt_; }
  // Only while one request is out: of several nobody knows which one was answered (Karn).
  std::optional<Duration> roundTrip(Time now) const {
    return sends_ == 1 ? std::optional(now - firstSentAt_) : std::nullopt;
  }

 private:
  TransactionId id_{};
  RetransmitConfig config_{};
  bool stream_ = false;
  unsigned sends_ = 0;
  Duration rto_{};
  Time firstSentAt_{};
  Time nextAt_ = kNever;
};

}  // namespace parley::stun
