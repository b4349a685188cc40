#include "stun/client/transaction.h"

namespace parley::stun {

TransactionId randomTransactionId(RandomSource& random) {
  TransactionId id;
  random.fill(id.bytes);
  return id;
}

ClientTransaction::ClientTransaction(const TransactionId& id, const RetransmitConfig& config,
                                     Transport transport)
    : id_(id), config_(config), stream_(isStream(transport)), rto_(config.initialRto) {}

void ClientTransaction::sent(Time now) {
  if (sends_ == 0) firstSentAt_ = now;
  ++sends_;
  if (stream_) {
    nextAt_ = now + config_.streamTimeout;
  } else if (sends_ >= config_.maxSends) {
    nextAt_ = now + config_.initialRto * config_.lastWait;
  } else {
    nextAt_ = now + rto_;
    rto_ = rto_ < config_.maxRto / 2 ? rto_ * 2 : config_.maxRto;
  }
}

ClientTransaction::Step ClientTransaction::handleTimeout(Time now) {
  if (!active() || now < nextAt_) return Step::Wait;
  if (!stream_ && sends_ < config_.maxSends) return Step::Send;
  stop();
  return Step::Failed;
}

}  // namespace parley::stun
