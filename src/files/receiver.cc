#include "files/receiver.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace parley::files {

Receiver::Receiver(std::string id, Time now) : id_(std::move(id)), moved_(now) {}

void Receiver::handleText(std::string_view text, Time now) {
  if (over()) return;
  const auto message = parseMessage(text);
  if (!message) {
    if (message.error().code() == ErrorCode::Refused && state_ == State::Waiting)
      return reject(Reason::BadName);
    return cancel(Reason::BadMessage);
  }
  handle(*message, now);
}

void Receiver::handle(const FileMessage& message, Time now) {
  if (const auto* m = std::get_if<Offer>(&message)) {
    if (state_ != State::Waiting || m->id != id_) return cancel(Reason::BadMessage);
    state_ = State::Asking;
    offer_ = *m;
    moved_ = now;
    effects_.push_back(Offered{offer_});
    return;
  }
  if (const auto* m = std::get_if<Done>(&message)) return done(*m, now);
  if (const auto* m = std::get_if<Cancel>(&message)) return fail(m->reason, true);
  if (std::holds_alternative<Unknown>(message)) return;
  cancel(Reason::BadMessage);  // what only a receiver says
}

void Receiver::accept(std::uint64_t offset, crypto::Sha256 hash, std::uint32_t window, Time now) {
  if (state_ != State::Asking) return;
  PARLEY_CHECK(offset <= offer_.size && window >= kMinWindow && window <= kMaxWindow);
  state_ = State::Receiving;
  hash_ = std::move(hash);
  received_ = stored_ = reported_ = offset;
  window_ = window;
  moved_ = now;
  effects_.push_back(SendText{writeMessage(Accept{offset, window})});
}

void Receiver::reject(Reason reason) {
  if (state_ != State::Asking && state_ != State::Waiting) return;
  // The sender closes the channel then.
  effects_.push_back(SendText{writeMessage(Reject{reason})});
  state_ = State::Over;
  effects_.push_back(Failed{reason, false, false, false});
}

ConstBytes Receiver::handleBinary(ConstBytes bytes, Time now) {
  if (over() || bytes.empty()) return {};
  const std::uint64_t room = std::min(offer_.size - received_, stored_ + window_ - received_);
  if (state_ != State::Receiving || bytes.size() > kMaxChunk || bytes.size() > room) {
    cancel(Reason::BadMessage);
    return {};
  }
  hash_.update(bytes);
  received_ += bytes.size();
  moved_ = now;
  return bytes;
}

void Receiver::stored(std::uint64_t bytes) {
  if (state_ != State::Receiving) return;
  PARLEY_CHECK(bytes <= received_ - stored_);
  stored_ += bytes;
  if (stored_ - reported_ < window_ / 4 && stored_ != offer_.size) return;
  if (stored_ == reported_) return;
  reported_ = stored_;
  effects_.push_back(SendText{writeMessage(Progress{stored_})});
}

void Receiver::done(const Done& message, Time now) {
  if (state_ != State::Receiving || message.size != offer_.size || received_ != offer_.size ||
      stored_ != offer_.size)
    return cancel(Reason::BadMessage);
  moved_ = now;
  if (message.sha256 != hex(hash_.finish())) {
    effects_.push_back(SendText{writeMessage(Verified{false})});
    return fail(Reason::BadMessage, false, true);
  }
  state_ = State::Naming;
  effects_.push_back(Complete{});
}

void Receiver::named() {
  if (state_ != State::Naming) return;
  state_ = State::Over;
  effects_.push_back(SendText{writeMessage(Verified{true})});
}

void Receiver::handleClosed() {
  if (over()) return;
  const bool began = state_ == State::Receiving || state_ == State::Naming;
  state_ = State::Over;
  effects_.push_back(Failed{Reason::Cancelled, true, began, false});
}

Time Receiver::nextTimeout() const {
  switch (state_) {
    case State::Waiting:
    case State::Receiving:
      return moved_ + kStall;
    case State::Asking:
      return moved_ + kPatience;
    case State::Naming:
    case State::Over:
      return kNever;
  }
  return kNever;
}

void Receiver::handleTimeout(Time now) {
  if (now >= nextTimeout()) cancel(Reason::Timeout);
}

void Receiver::cancel(Reason reason) {
  if (over()) return;
  effects_.push_back(SendText{writeMessage(Cancel{reason})});
  fail(reason, false);
}

void Receiver::fail(Reason reason, bool byPeer, bool corrupt) {
  state_ = State::Over;
  effects_.push_back(Failed{reason, byPeer, false, corrupt});
  // After a hash that did not fit the sender closes, when it has read so.
  if (!corrupt) effects_.push_back(CloseChannel{});
}

std::optional<Effect> Receiver::pollEffect() {
  if (effects_.empty()) return std::nullopt;
  Effect effect = std::move(effects_.front());
  effects_.pop_front();
  return effect;
}

}  // namespace parley::files
