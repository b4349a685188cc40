#include "sctp/association/stream_reset.h"

#include <algorithm>
#include <utility>

namespace parley::sctp {

void StreamReset::start(Tsn ours, Tsn peers) {
  next_ = ReconfigSn{ours.value()};
  expected_ = ReconfigSn{peers.value()};
  acknowledged_ = ours.previous();
}

// ---- Our requests

void StreamReset::streamDrained(StreamId stream, Tsn last) {
  waiting_.push_back({stream, last});
}

void StreamReset::requestStreams(std::uint16_t more) {
  addWanted_ = std::min<std::uint32_t>(addWanted_ + more, kMaxStreams);
}

void StreamReset::acknowledged(Tsn upTo, Duration rto, Time now) {
  if (upTo > acknowledged_) acknowledged_ = upTo;
  if (!inFlight_) nextRequest(rto, now);
}

void StreamReset::nextRequest(Duration rto, Time now) {
  resetting_.clear();
  const auto ripe = [this](const Waiting& w) {
    if (w.last > acknowledged_ || resetting_.size() == kMaxStreamsARequest) return false;
    resetting_.push_back(w.stream);
    return true;
  };
  waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(), ripe), waiting_.end());
  if (resetting_.empty()) {
    if (addWanted_ == 0) return;
    adding_ = static_cast<std::uint16_t>(std::exchange(addWanted_, 0));
  }
  // All of these streams lies at or below it, and the peer has it: nothing for it to wait for,
  // however busy other streams are.
  requestTsn_ = acknowledged_;
  inFlight_ = requestDue_ = true;
  timer_.start(rto, now);
}

ReconfigOrders StreamReset::handleResponse(const ReconfigResponseView& r, Duration rto, Time now) {
  if (!inFlight_ || r.request != next_) return {};
  if (r.result == ReconfigResult::InProgress || r.result == ReconfigResult::RequestInProgress) {
    // Section 5.2.7: the same request again, later; the peer lives, so the count starts anew.
    requestDue_ = false;
    timer_.start(rto, now);
    return {};
  }
  ReconfigOrders orders;
  orders.performed =
      r.result == ReconfigResult::Performed || r.result == ReconfigResult::NothingToDo;
  answered_.swap(resetting_);
  orders.resetOutgoing = answered_;
  if (answered_.empty() && orders.performed) orders.addOutgoing = adding_;
  adding_ = 0;
  inFlight_ = requestDue_ = false;
  timer_.stop();
  ++next_;
  nextRequest(rto, now);
  return orders;
}

void StreamReset::handleTimeout(Time now) {
  if (timer_.expire(now)) requestDue_ = true;
}

// ---- The peer's

void StreamReset::answer(ReconfigSn request, ReconfigResult result) {
  if (answerCount_ < kMaxAnswers) answers_[answerCount_++] = {request, result};
}

// Section 5.2.1.
bool StreamReset::isNew(ReconfigSn request) {
  if (request == expected_) return true;
  if (request == expected_.previous())
    answer(request, lastResult_);
  else
    answer(request, ReconfigResult::BadSequenceNumber);
  return false;
}

ReconfigOrders StreamReset::handleOutgoingReset(const OutgoingResetView& r, Tsn cumulative) {
  // One that was "in progress" is looked at anew when it comes again.
  const bool again = r.request == expected_.previous() && lastResult_ == ReconfigResult::InProgress;
  if (!again && !isNew(r.request)) return {};
  if (!again) ++expected_;
  if (r.lastTsn > cumulative) {
    lastResult_ = ReconfigResult::InProgress;
    answer(r.request, lastResult_);
    return {};
  }
  lastResult_ = ReconfigResult::Performed;
  answer(r.request, lastResult_);
  ReconfigOrders orders;
  orders.resetIncoming = r.streams;
  orders.resetAllIncoming = r.streams.empty();
  return orders;
}

ReconfigOrders StreamReset::handleAddStreams(const AddStreamsView& r, ParameterType type) {
  if (!isNew(r.request)) return {};
  ++expected_;
  lastResult_ = ReconfigResult::Performed;
  answer(r.request, lastResult_);
  ReconfigOrders orders;
  if (type == ParameterType::AddOutgoingStreams)
    orders.addIncoming = r.count;
  else
    requestStreams(r.count);  // section 5.2.6: the peer wants us to have more; we ask for them
  return orders;
}

ReconfigOrders StreamReset::handle(const ParameterView& p, Tsn cumulative, Duration rto, Time now) {
  switch (p.type()) {
    case ParameterType::OutgoingResetRequest:
      if (const auto r = readOutgoingReset(p)) return handleOutgoingReset(*r, cumulative);
      break;
    case ParameterType::AddOutgoingStreams:
    case ParameterType::AddIncomingStreams:
      if (const auto r = readAddStreams(p)) {
        const ReconfigOrders orders = handleAddStreams(*r, p.type());
        if (!inFlight_) nextRequest(rto, now);
        return orders;
      }
      break;
    case ParameterType::ReconfigResponse:
      if (const auto r = readReconfigResponse(p)) return handleResponse(*r, rto, now);
      break;
    case ParameterType::IncomingResetRequest:
    case ParameterType::SsnTsnResetRequest:
      // That the peer resets our streams is not for data channels (RFC 8831 section 6.7).
      if (p.value.size() >= 4) {
        const ReconfigSn request{loadBe32(p.value.data())};
        if (isNew(request)) {
          ++expected_;
          lastResult_ = ReconfigResult::Denied;
          answer(request, lastResult_);
        }
      }
      break;
    default:
      break;
  }
  return {};
}

// ---- Transmission

void StreamReset::write(PacketWriter& w) {
  std::size_t written = 0;
  while (written < answerCount_ &&
         writeReconfigResponse(w, answers_[written].request, answers_[written].result))
    ++written;
  std::move(answers_.begin() + static_cast<std::ptrdiff_t>(written),
            answers_.begin() + static_cast<std::ptrdiff_t>(answerCount_), answers_.begin());
  answerCount_ -= written;
  if (!requestDue_) return;
  // Section 4.1: a request of our own accord names the peer's last request as answered.
  const bool done =
      resetting_.empty()
          ? writeAddStreams(w, ParameterType::AddOutgoingStreams, next_, adding_)
          : writeOutgoingReset(w, next_, expected_.previous(), requestTsn_, resetting_);
  if (done) requestDue_ = false;
}

}  // namespace parley::sctp
