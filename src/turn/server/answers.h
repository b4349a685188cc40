// Writes the answers of the server into its queue: success and error responses with the integrity,
// nonce and fingerprint that belong to them, within the limits on unproven sources.
#pragma once

#include <span>

#include "stun/message.h"
#include "stun/message_writer.h"
#include "turn/server/counters.h"
#include "turn/server/credential_store.h"
#include "turn/server/error_limiter.h"
#include "turn/server/nonce.h"
#include "turn/server/out_queue.h"

namespace parley::turn {

// What an answer needs to know of its request. A value: an Allocate is answered later.
struct ReplyTo {
  Path client;
  stun::Method method = stun::Method::Binding;
  stun::TransactionId transaction;
  bool fingerprint = false;
  bool proven = false;       // the source address is known to be real
  CredentialPtr credential;  // signs the answer when set
};

class Answers {
 public:
  Answers(OutQueue& queue, Counters& counters, NonceSource& nonces, const CredentialStore& store,
          ErrorLimiter& limiter)
      : queue_(queue), counters_(counters), nonces_(nonces), store_(store), limiter_(limiter) {}

  // `fill` adds the attributes of the method.
  template <class Fill>
  void success(const ReplyTo& to, Fill fill) {
    Bytes room;
    if (!queue_.reserve(kMaxAnswer, room)) {
      ++counters_.droppedAnswers;
      return;
    }
    stun::MessageWriter w(room, to.method, stun::Class::Success, to.transaction);
    fill(w);
    ++counters_.successes;
    finish(to, w);
  }

  // 401 and 438 bring realm, nonce and password algorithms; 420 its unknown attributes.
  void error(const ReplyTo& to, std::uint16_t code, Time now,
             std::span<const stun::AttributeType> unknown = {});

 private:
  // The longest is an Allocate's success with two relayed addresses and a token; 200 would do.
  static constexpr std::size_t kMaxAnswer = 512;

  void finish(const ReplyTo& to, stun::MessageWriter& w);

  OutQueue& queue_;
  Counters& counters_;
  NonceSource& nonces_;
  const CredentialStore& store_;
  ErrorLimiter& limiter_;
};

// Comprehension-required attributes named in a 420; more are not listed.
inline constexpr std::size_t kMaxUnknownListed = 16;

}  // namespace parley::turn
