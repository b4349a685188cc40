#include "ice/consent.h"

#include <algorithm>

#include "stun/client/transaction.h"

namespace parley::ice {

Consent::Consent(const ConsentTiming& timing, Time lastResponse, Time now, RandomSource& random)
    : timing_(timing),
      lastResponse_(lastResponse),
      nextAt_(std::max(now, lastResponse + jittered(random))) {}

// Section 5.1: 0.8 to 1.2 of the interval, so that the connections of a host do not beat together.
Duration Consent::jittered(RandomSource& random) const {
  const double factor = 0.8 + 0.4 * random.unit();
  return Duration{
      static_cast<Duration::rep>(static_cast<double>(timing_.interval.count()) * factor)};
}

stun::TransactionId Consent::begin(Duration roundTrip, Time now, RandomSource& random) {
  if (waiting_) ++unanswered_;
  waiting_ = true;
  lastRequest_ = now;
  const Duration least = unanswered_ == 0 ? timing_.answerWait : timing_.probeInterval;
  nextAt_ = now + std::clamp(3 * roundTrip, least, std::max(least, timing_.mostWait));
  Request& request = requests_[next_];
  next_ = (next_ + 1) % kRemembered;
  request = {stun::randomTransactionId(random), now, true};
  return request.id;
}

std::optional<Duration> Consent::handleResponse(const stun::TransactionId& id, Time now,
                                                RandomSource& random) {
  for (Request& request : requests_) {
    if (!request.open || request.id != id) continue;
    request.open = false;
    const Duration roundTrip = now - request.sentAt;
    refresh(now, random);
    return roundTrip;
  }
  return std::nullopt;
}

void Consent::refresh(Time now, RandomSource& random) {
  lastResponse_ = now;
  waiting_ = false;
  unanswered_ = 0;
  nextAt_ = now + jittered(random);
}

void Consent::hurry(Time now) {
  if (!waiting_ && now - lastRequest_ >= timing_.probeInterval) nextAt_ = std::min(nextAt_, now);
}

}  // namespace parley::ice
