#include "files/sender.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace parley::files {

Sender::Sender(Offer offer, std::size_t chunk)
    : offer_(std::move(offer)), chunk_(std::clamp<std::size_t>(chunk, 1, kUsualChunk)) {}

void Sender::handleOpen(Time now) {
  if (state_ != State::Opening) return;
  state_ = State::Asking;
  moved_ = now;
  effects_.push_back(SendText{writeMessage(offer_)});
}

void Sender::handleText(std::string_view text, Time now) {
  if (over()) return;
  const auto message = parseMessage(text);
  if (!message) return cancel(Reason::BadMessage);
  handle(*message, now);
}

void Sender::handleBinary(Time) {
  cancel(Reason::BadMessage);
}

void Sender::handle(const FileMessage& message, Time now) {
  if (const auto* m = std::get_if<Accept>(&message)) return accept(*m, now);
  if (const auto* m = std::get_if<Reject>(&message)) return fail(m->reason, true);
  if (const auto* m = std::get_if<Cancel>(&message)) return fail(m->reason, true);
  if (const auto* m = std::get_if<Progress>(&message)) {
    if (!accepted() || m->received < acknowledged_ || m->received > at_)
      return cancel(Reason::BadMessage);
    if (m->received > acknowledged_) moved_ = now;
    acknowledged_ = m->received;
    return;
  }
  if (const auto* m = std::get_if<Verified>(&message)) {
    if (state_ != State::Verifying) return cancel(Reason::BadMessage);
    if (!m->ok) return fail(Reason::BadMessage, true, true);
    state_ = State::Over;
    effects_.push_back(Delivered{});
    effects_.push_back(CloseChannel{});
    return;
  }
  if (std::holds_alternative<Unknown>(message)) return;
  cancel(Reason::BadMessage);  // what only a sender says
}

void Sender::accept(const Accept& message, Time now) {
  if (state_ != State::Asking || message.offset > offer_.size) return cancel(Reason::BadMessage);
  state_ = State::Sending;
  start_ = message.offset;
  acknowledged_ = message.offset;
  window_ = message.window;
  moved_ = now;
  if (offer_.size == 0) finishReading(now);
}

std::uint64_t Sender::windowEnd() const {
  return std::min(offer_.size, acknowledged_ + window_);
}

std::optional<Sender::Read> Sender::wanted(std::size_t buffered) const {
  if (state_ != State::Sending) return std::nullopt;
  // The hash is of the whole file, so what is there already is read too.
  if (at_ < start_) {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(kMaxChunk, start_ - at_));
    return Read{at_, length, false};
  }
  if (buffered >= kMostBuffered || at_ >= windowEnd()) return std::nullopt;
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_, windowEnd() - at_));
  return Read{at_, length, true};
}

void Sender::handleRead(ConstBytes bytes, Time now) {
  if (state_ != State::Sending) return;
  PARLEY_CHECK(bytes.size() <= offer_.size - at_);
  hash_.update(bytes);
  at_ += bytes.size();
  moved_ = now;
  if (at_ == offer_.size) finishReading(now);
}

void Sender::finishReading(Time now) {
  state_ = State::Verifying;
  moved_ = now;
  effects_.push_back(SendText{writeMessage(Done{offer_.size, hex(hash_.finish())})});
}

void Sender::handleClosed() {
  if (over()) return;
  state_ = State::Over;
  effects_.push_back(Failed{Reason::Cancelled, true, true, false});
}

Time Sender::nextTimeout() const {
  switch (state_) {
    case State::Opening:
    case State::Over:
      return kNever;
    case State::Asking:
      return moved_ + kPatience;
    case State::Sending:
    case State::Verifying:
      return moved_ + kStall;
  }
  return kNever;
}

void Sender::handleTimeout(Time now) {
  if (now >= nextTimeout()) cancel(Reason::Timeout);
}

void Sender::cancel(Reason reason) {
  if (over()) return;
  if (state_ != State::Opening) effects_.push_back(SendText{writeMessage(Cancel{reason})});
  fail(reason, false);
}

void Sender::fail(Reason reason, bool byPeer, bool corrupt) {
  state_ = State::Over;
  effects_.push_back(Failed{reason, byPeer, false, corrupt});
  effects_.push_back(CloseChannel{});
}

std::optional<Effect> Sender::pollEffect() {
  if (effects_.empty()) return std::nullopt;
  Effect effect = std::move(effects_.front());
  effects_.pop_front();
  return effect;
}

}  // namespace parley::files
