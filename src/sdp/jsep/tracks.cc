// webrtc-pc sections 5.1 and 5.4: the methods that make and change transceivers.
#include <algorithm>
#include <cmath>

#include "sdp/jsep/codecs.h"
#include "sdp/jsep/state.h"

namespace parley::sdp::jsep {

namespace {

JsepError error(ErrorName name, std::string message) {
  return {name, std::move(message), std::nullopt};
}
JsepError closedError() {
  return error(ErrorName::InvalidStateError, "the connection is closed");
}
JsepError unknownTransceiver() {
  return error(ErrorName::InvalidAccessError, "no such transceiver");
}

std::vector<std::string> withoutDoubles(const std::vector<std::string>& list) {
  std::vector<std::string> out;
  for (const std::string& one : list) {
    if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
  }
  return out;
}

bool isRid(std::string_view rid) {  // RFC 8851 section 10
  constexpr std::size_t kMaxRidLength = 255;
  return !rid.empty() && rid.size() <= kMaxRidLength &&
         std::all_of(rid.begin(), rid.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_';
         });
}

// addTransceiver's sendEncodings validation steps.
std::optional<JsepError> checkEncodings(MediaKind kind, std::vector<RtpEncoding>& encodings) {
  std::size_t withRid = 0;
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    const auto& rid = encodings[i].rid;
    if (!rid) continue;
    ++withRid;
    if (!isRid(*rid)) return error(ErrorName::TypeError, "a rid that does not follow RFC 8851");
    for (std::size_t k = 0; k < i; ++k) {
      if (encodings[k].rid == rid) return error(ErrorName::TypeError, "a rid twice");
    }
  }
  if (withRid != 0 && withRid != encodings.size()) {
    return error(ErrorName::TypeError, "some encodings have a rid, and some have none");
  }
  for (RtpEncoding& e : encodings) {
    if (kind == MediaKind::Audio) {
      e.scaleResolutionDownBy.reset();
      e.maxFramerate.reset();
    }
    if (e.scaleResolutionDownBy && !(*e.scaleResolutionDownBy >= 1.0)) {
      return error(ErrorName::RangeError, "scaleResolutionDownBy is less than 1");
    }
    if (e.maxFramerate && !(*e.maxFramerate > 0.0)) {
      return error(ErrorName::RangeError, "maxFramerate is not above 0");
    }
  }
  return std::nullopt;
}

void completeEncodings(MediaKind kind, std::size_t most, std::vector<RtpEncoding>& encodings) {
  const bool scaled = std::any_of(encodings.begin(), encodings.end(), [](const RtpEncoding& e) {
    return e.scaleResolutionDownBy.has_value();
  });
  if (scaled) {
    for (RtpEncoding& e : encodings)
      e.scaleResolutionDownBy = e.scaleResolutionDownBy.value_or(1.0);
  }
  if (encodings.size() > most) encodings.resize(most);
  if (kind == MediaKind::Video && !scaled) {
    for (std::size_t i = 0; i < encodings.size(); ++i) {
      encodings[i].scaleResolutionDownBy = std::exp2(static_cast<double>(encodings.size() - i - 1));
    }
  }
  if (encodings.empty()) encodings.emplace_back();
  if (encodings.size() == 1) encodings[0].rid.reset();
}

Direction withSending(Direction d, bool send) {
  return direction(send, receives(d));
}

}  // namespace

void Negotiator::offerToReceive(MediaKind kind, std::optional<bool> wanted) {
  if (!wanted) return;
  bool receiving = false;
  for (Transceiver& t : state_->transceivers) {
    if (t.kind != kind || t.stopping || !receives(t.direction)) continue;
    receiving = true;
    if (!*wanted) t.direction = direction(sends(t.direction), false);
  }
  if (!*wanted || receiving || !state_->hasMedia(kind)) return;
  const bool due = state_->checkDue;
  TransceiverInit init;
  init.direction = Direction::RecvOnly;
  // Full is all that can go wrong here; then nothing is offered.
  if (!addTransceiver(kind, std::nullopt, std::move(init)).ok()) return;
  state_->checkDue = due;  // this one needs no negotiation by itself
}

Outcome<TransceiverId> Negotiator::addTrack(MediaKind kind, std::string_view track,
                                            const std::vector<std::string>& streams) {
  if (state_->isClosed()) return closedError();
  for (const Transceiver& t : state_->transceivers) {
    if (!t.stopped && t.sender.track == track) {
      return error(ErrorName::InvalidAccessError, "a sender has this track");
    }
  }
  for (Transceiver& t : state_->transceivers) {
    if (t.stopped || t.sender.track || t.kind != kind || t.stopping || t.hasEverSent) continue;
    t.sender.track = std::string(track);
    t.sender.streams = withoutDoubles(streams);
    t.everUsedByAddTrack = true;
    t.direction = withSending(t.direction, true);
    state_->checkDue = true;
    return t.id;
  }
  TransceiverInit init;
  init.streams = streams;
  auto id = addTransceiver(kind, std::string(track), std::move(init));
  if (!id) return id;
  Transceiver* const t = state_->find(*id);
  t->createdByAddTrack = true;
  t->everUsedByAddTrack = true;
  return id;
}

Outcome<Ok> Negotiator::removeTrack(TransceiverId sender) {
  if (state_->isClosed()) return closedError();
  Transceiver* const t = state_->find(sender);
  // A transceiver that went: webrtc-pc aborts without an error.
  if (t == nullptr) {
    if (sender.value() == 0 || sender.value() >= state_->nextTransceiver) {
      return unknownTransceiver();
    }
    return Ok{};
  }
  if (t->stopping || t->stopped || !t->sender.track) return Ok{};
  t->sender.track.reset();
  t->direction = withSending(t->direction, false);
  state_->checkDue = true;
  return Ok{};
}

Outcome<TransceiverId> Negotiator::addTransceiver(MediaKind kind, std::optional<std::string> track,
                                                  TransceiverInit init) {
  if (kind != MediaKind::Audio && kind != MediaKind::Video) {
    return error(ErrorName::TypeError, "the kind is neither audio nor video");
  }
  if (state_->isClosed()) return closedError();
  if (!state_->hasMedia(kind)) {
    return error(ErrorName::NotSupportedError, "there is no codec of this kind");
  }
  if (state_->transceivers.size() >= kMaxTransceivers) {
    return error(ErrorName::OperationError, "too many transceivers");
  }
  if (auto e = checkEncodings(kind, init.sendEncodings)) return *e;
  completeEncodings(kind, state_->config->media.of(kind).maxEncodings, init.sendEncodings);
  Transceiver t;
  t.id = TransceiverId{state_->nextTransceiver++};
  t.kind = kind;
  t.direction = init.direction;
  t.sender.track = std::move(track);
  t.sender.streams = withoutDoubles(init.streams);
  t.sender.encodings = std::move(init.sendEncodings);
  t.receiver.track = newUuid(*state_->random);
  state_->transceivers.push_back(std::move(t));
  state_->checkDue = true;
  return state_->transceivers.back().id;
}

Outcome<Ok> Negotiator::setDirection(TransceiverId id, Direction direction) {
  Transceiver* const t = state_->find(id);
  if (t == nullptr || t->stopping) {
    return error(ErrorName::InvalidStateError, "the transceiver is stopped");
  }
  if (t->direction == direction) return Ok{};
  t->direction = direction;
  state_->checkDue = true;
  return Ok{};
}

Outcome<Ok> Negotiator::setStreams(TransceiverId id, const std::vector<std::string>& streams) {
  if (state_->isClosed()) return closedError();
  Transceiver* const t = state_->find(id);
  if (t == nullptr) return unknownTransceiver();
  t->sender.streams = withoutDoubles(streams);
  state_->checkDue = true;
  return Ok{};
}

Outcome<Ok> Negotiator::setCodecPreferences(TransceiverId id, const std::vector<Codec>& codecs) {
  Transceiver* const t = state_->find(id);
  if (t == nullptr) return unknownTransceiver();
  std::vector<Codec> chosen;
  const auto& capable = state_->config->media.of(t->kind).codecs;
  for (const Codec& c : codecs) {
    const auto same = [&c](const Codec& other) {
      return sameFormat(c, other) && formatParameter(c, "apt") == formatParameter(other, "apt");
    };
    const auto ours = std::find_if(capable.begin(), capable.end(), same);
    if (ours == capable.end()) {
      return error(ErrorName::InvalidModificationError, "a codec that we do not have");
    }
    if (std::none_of(chosen.begin(), chosen.end(), same)) chosen.push_back(*ours);
  }
  if (!chosen.empty() && std::all_of(chosen.begin(), chosen.end(), isAuxiliary)) {
    return error(ErrorName::InvalidModificationError, "nothing but rtx, red, fec or noise");
  }
  t->preferredCodecs = std::move(chosen);
  return Ok{};
}

Outcome<Ok> Negotiator::setSenderTrack(TransceiverId id, std::optional<std::string> track) {
  Transceiver* const t = state_->find(id);
  if (t == nullptr || t->stopping) {
    return error(ErrorName::InvalidStateError, "the transceiver is stopped");
  }
  t->sender.track = std::move(track);
  return Ok{};
}

Outcome<std::vector<Event>> Negotiator::stopTransceiver(TransceiverId id) {
  if (state_->isClosed()) return closedError();
  std::vector<Event> events;
  Transceiver* const t = state_->find(id);
  if (t == nullptr || t->stopping) return events;
  events.emplace_back(event::TrackEnded{t->id, t->receiver.track});
  t->direction = Direction::Inactive;
  t->stopping = true;
  state_->checkDue = true;
  return events;
}

std::vector<TransceiverId> Negotiator::transceivers() const {
  std::vector<TransceiverId> out;
  for (const Transceiver& t : state_->transceivers)
    out.push_back(t.id);
  return out;
}

const Transceiver* Negotiator::transceiver(TransceiverId id) const {
  return state_->find(id);
}

Outcome<Ok> Negotiator::createDataChannel() {
  if (state_->isClosed()) return closedError();
  if (!state_->dataChannelCreated) state_->checkDue = true;
  state_->dataChannelCreated = true;
  return Ok{};
}

}  // namespace parley::sdp::jsep
