// webrtc-pc section 4.4.1.5, set a session description: the steps after it has been checked, in
// the order that they stand there.
#include <algorithm>
#include <cmath>

#include "sdp/jsep/codecs.h"
#include "sdp/jsep/state.h"

namespace parley::sdp::jsep {

namespace {

bool isAnswer(SdpType type) {
  return type == SdpType::Answer || type == SdpType::Pranswer;
}

class Applier {
 public:
  Applier(NegotiatorState& s, bool remote, SdpType type) : s_(s), remote_(remote), type_(type) {}

  Applied run(Created description) {
    const std::vector<TransportState> transportsBefore = s_.transports;
    const SignalingState stateBefore = s_.signaling;
    if (type_ == SdpType::Rollback) {
      rollback();
    } else {
      set(std::move(description));
    }
    if (type_ == SdpType::Answer) removeStopped();
    if (s_.signaling == SignalingState::Stable) becomeStable();
    applied_.transports = transportChanges(transportsBefore, s_);
    if (s_.signaling != stateBefore) {
      applied_.events.emplace_back(event::SignalingStateChange{s_.signaling});
    }
    for (auto* list : {&muted_, &removed_, &added_, &tracks_})
      applied_.events.insert(applied_.events.end(), list->begin(), list->end());
    return std::move(applied_);
  }

 private:
  // ---- Descriptions and states

  void set(Created description) {
    if (type_ == SdpType::Offer && s_.signaling == SignalingState::Stable) saveStable();
    auto made = std::make_shared<SetDescription>();
    made->type = type_;
    made->text = std::move(description.text);
    made->model = std::move(description.model);
    const DescriptionPtr d = made;
    const SessionDescription& model = d->model;
    // An answer's counterpart, before it moves.
    const DescriptionPtr other = remote_ ? s_.pendingLocal : s_.pendingRemote;
    storeDescription(d);
    if (!remote_) s_.nextMid = description.nextMid;
    if (!remote_) s_.sessionVersion = model.origin.sessionVersion + 1;
    if (type_ == SdpType::Offer) {
      remote_ ? transportsOfRemoteOffer(s_, model) : transportsOfLocalOffer(s_, model);
    } else {
      transportsOfAnswer(s_, remote_ ? other->model : model, remote_ ? model : other->model,
                         !remote_);
      applied_.dataRoleNegotiated =
          std::any_of(s_.transports.begin(), s_.transports.end(),
                      [](const TransportState& t) { return t.sctp && t.dtlsRole; });
    }
    for (std::size_t i = 0; i < model.media.size(); ++i) {
      if (isDataSection(model.media[i])) continue;
      remote_ ? remoteSection(model, i) : localSection(model, i, description.transceivers[i]);
    }
  }

  void storeDescription(const DescriptionPtr& d) {
    DescriptionPtr& pending = remote_ ? s_.pendingRemote : s_.pendingLocal;
    if (type_ == SdpType::Offer) {
      pending = d;
      s_.signaling = remote_ ? SignalingState::HaveRemoteOffer : SignalingState::HaveLocalOffer;
      return;
    }
    if (type_ == SdpType::Pranswer) {
      pending = d;
      s_.signaling =
          remote_ ? SignalingState::HaveRemotePranswer : SignalingState::HaveLocalPranswer;
      return;
    }
    s_.currentLocal = remote_ ? s_.pendingLocal : d;
    s_.currentRemote = remote_ ? d : s_.pendingRemote;
    s_.pendingLocal.reset();
    s_.pendingRemote.reset();
    s_.lastOffer.reset();
    s_.lastAnswer.reset();
    s_.signaling = SignalingState::Stable;
    forgetReplacedCredentials();
  }

  void forgetReplacedCredentials() {
    for (const MediaDescription& m : s_.currentLocal->model.media) {
      const IceParameters ice{m.transport.ufrag.value_or(""), m.transport.pwd.value_or("")};
      const auto& old = s_.credentialsToReplace;
      if (std::find(old.begin(), old.end(), ice) != old.end()) return;
    }
    s_.credentialsToReplace.clear();
  }

  void saveStable() {
    s_.stableTransports = s_.transports;
    for (Transceiver& t : s_.transceivers) {
      Transceiver::LastStable& last = t.lastStable;
      last.associated = t.jsepMid.has_value();
      last.senderTransport = t.sender.transport;
      last.receiverTransport = t.receiver.transport;
      last.remoteStreams = t.receiver.streams;
      last.receiveCodecs = t.receiver.codecs;
      last.ridlessEncodings.reset();
      if (t.sender.encodings.size() == 1 && !t.sender.encodings[0].rid) {
        last.ridlessEncodings = t.sender.encodings;
      }
    }
  }

  // ---- Sections

  // A section that was another's before: that one is no more associated (RFC 9429 section 5.9).
  void releaseIndex(std::size_t index, const std::string& mid) {
    for (Transceiver& t : s_.transceivers) {
      if (t.mLineIndex == index && t.jsepMid && *t.jsepMid != mid) {
        t.jsepMid.reset();
        t.mid.reset();
        t.mLineIndex.reset();
      }
    }
  }

  void localSection(const SessionDescription& d, std::size_t index,
                    std::optional<TransceiverId> maker) {
    const MediaDescription& m = d.media[index];
    Transceiver* t = s_.byMid(*m.mid);
    if (t == nullptr && maker) {
      t = s_.find(*maker);
      if (t == nullptr) return;
      releaseIndex(index, *m.mid);
      t->jsepMid = m.mid;
      t->mLineIndex = index;
    }
    if (t == nullptr) return;
    t->mid = t->jsepMid;
    if (t->stopped) return;
    setTransport(*t, *m.mid);
    const Direction direction = d.directionOf(m);
    t->receptive = receives(direction) && !m.isRejected();
    t->receiver.codecs = receives(direction) ? m.codecs : std::vector<Codec>{};
    if (!isAnswer(type_)) return;
    pruneEncodings(*t, m.simulcast ? m.simulcast->send : SimulcastStreams{});
    t->sender.codecs = m.codecs;
    if (!receives(direction) && t->firedDirection && receives(*t->firedDirection)) {
      setRemoteStreams(*t, {});
      muted_.emplace_back(event::TrackMuted{t->id, t->receiver.track});
    }
    setCurrentDirection(*t, direction);
    t->firedDirection = direction;
    // RFC 9429 section 5.11: a section that the answer rejects stops its transceiver.
    if (m.isRejected()) stopNow(*t, applied_.events);
  }

  void remoteSection(const SessionDescription& d, std::size_t index) {
    const MediaDescription& m = d.media[index];
    if (!s_.hasMedia(m.kind)) return;
    const std::vector<RtpEncoding> proposed = proposedEncodings(m);
    Transceiver* const found = representing(d, index);
    if (found != nullptr && !proposed.empty() && found->sender.encodings.size() == 1 &&
        !found->sender.encodings[0].rid) {
      found->sender.encodings = proposed;
    }
    Transceiver& t = found != nullptr ? *found : create(m, proposed);
    t.jsepMid = m.mid;
    t.mLineIndex = index;
    if (isAnswer(type_)) {
      pruneEncodings(t, m.simulcast ? m.simulcast->receive : SimulcastStreams{});
    }
    t.mid = t.jsepMid;
    const Direction direction = m.isRejected() ? Direction::Inactive : reversed(d.directionOf(m));
    processRemoteTracks(t, direction,
                        receives(direction) ? streamsOf(m) : std::vector<std::string>{});
    const auto codecs = answerCodecs(m.codecs, preferredCodecs(s_, t), false);
    t.receiver.codecs = receives(direction) ? codecs : std::vector<Codec>{};
    if (isAnswer(type_)) {
      t.sender.codecs = codecs;
      setCurrentDirection(t, direction);
    }
    setTransport(t, *m.mid);
    if (m.isRejected() && !t.stopped) stopNow(t, applied_.events);
  }

  // RFC 9429 section 5.10: the one of this mid; else the first that addTrack made and no section
  // has, if the other side wants to receive.
  Transceiver* representing(const SessionDescription& d, std::size_t index) {
    const MediaDescription& m = d.media[index];
    if (Transceiver* const t = s_.byMid(*m.mid)) return t;
    releaseIndex(index, *m.mid);
    if (!receives(d.directionOf(m)) || m.isRejected()) return nullptr;
    for (Transceiver& t : s_.transceivers) {
      if (t.createdByAddTrack && t.kind == m.kind && !t.jsepMid && !t.stopping && !t.stopped) {
        return &t;
      }
    }
    return nullptr;
  }

  Transceiver& create(const MediaDescription& m, std::vector<RtpEncoding> encodings) {
    Transceiver t;
    t.id = TransceiverId{s_.nextTransceiver++};
    t.kind = m.kind;
    t.direction = Direction::RecvOnly;
    t.createdByRemoteOffer = true;
    t.receiver.track = newUuid(*s_.random);
    t.sender.encodings = std::move(encodings);
    if (t.sender.encodings.empty()) t.sender.encodings.emplace_back();
    return s_.transceivers.emplace_back(std::move(t));
  }

  std::vector<RtpEncoding> proposedEncodings(const MediaDescription& m) const {
    std::vector<RtpEncoding> out;
    if (type_ != SdpType::Offer || !m.simulcast) return out;
    for (const auto& stream : m.simulcast->receive) {
      const std::string& rid = stream.front().rid;
      const auto same = [&rid](const RtpEncoding& e) { return e.rid == rid; };
      if (std::any_of(out.begin(), out.end(), same)) continue;
      out.emplace_back();
      out.back().rid = rid;
    }
    const std::size_t most = s_.config->media.of(m.kind).maxEncodings;
    if (out.size() > most) out.resize(most);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i].scaleResolutionDownBy = std::exp2(static_cast<double>(out.size() - i - 1));
    }
    return out;
  }

  // An answer leaves only the layers that it names; none: the first alone.
  static void pruneEncodings(Transceiver& t, const SimulcastStreams& named) {
    std::vector<RtpEncoding>& encodings = t.sender.encodings;
    if (encodings.size() < 2) return;
    const auto missing = [&named](const RtpEncoding& e) {
      return std::none_of(named.begin(), named.end(), [&e](const auto& stream) {
        return std::any_of(stream.begin(), stream.end(),
                           [&e](const SimulcastAlternative& a) { return e.rid == a.rid; });
      });
    };
    if (std::all_of(encodings.begin(), encodings.end(), missing)) {
      encodings.resize(1);
      return;
    }
    encodings.erase(std::remove_if(encodings.begin(), encodings.end(), missing), encodings.end());
  }

  void setTransport(Transceiver& t, std::string_view mid) {
    const TransportState* const transport = s_.transportOf(mid);
    t.sender.transport = transport == nullptr ? std::nullopt : std::optional(transport->id);
    t.receiver.transport = t.sender.transport;
  }

  static void setCurrentDirection(Transceiver& t, Direction direction) {
    t.currentDirection = direction;
    if (sends(direction)) t.hasEverSent = true;
  }

  // ---- Remote tracks (section 5.1.1)

  // RFC 9429 section 5.10; also the form before a=msid, and none at all: one stream for all.
  std::vector<std::string> streamsOf(const MediaDescription& m) {
    std::vector<std::string> out;
    const auto add = [&out](std::string_view stream) {
      if (stream.empty() || stream == "-") return;
      if (std::find(out.begin(), out.end(), stream) == out.end()) out.emplace_back(stream);
    };
    for (const Msid& msid : m.msids)
      add(msid.stream);
    if (!m.msids.empty()) return out;
    for (const Ssrc& ssrc : m.ssrcs) {
      if (ssrc.attribute == "msid" && ssrc.value) add(ssrc.value->substr(0, ssrc.value->find(' ')));
    }
    if (!out.empty()) return out;
    if (s_.defaultStream.empty()) s_.defaultStream = newUuid(*s_.random);
    return {s_.defaultStream};
  }

  void processRemoteTracks(Transceiver& t, Direction direction, std::vector<std::string> streams) {
    const std::size_t addedBefore = added_.size();
    setRemoteStreams(t, std::move(streams));
    const bool fired = t.firedDirection && receives(*t.firedDirection);
    if ((receives(direction) && !fired) || added_.size() > addedBefore) {
      tracks_.emplace_back(event::Track{t.id, t.receiver.track, t.receiver.streams});
    }
    if (!receives(direction)) {
      t.receptive = false;
      if (fired) muted_.emplace_back(event::TrackMuted{t.id, t.receiver.track});
    }
    t.firedDirection = direction;
  }

  void setRemoteStreams(Transceiver& t, std::vector<std::string> streams) {
    const auto has = [](const std::vector<std::string>& list, const std::string& one) {
      return std::find(list.begin(), list.end(), one) != list.end();
    };
    for (const std::string& old : t.receiver.streams) {
      if (!has(streams, old)) removed_.emplace_back(event::TrackRemoved{old, t.receiver.track});
    }
    for (const std::string& stream : streams) {
      if (!has(t.receiver.streams, stream)) {
        added_.emplace_back(event::TrackAdded{stream, t.receiver.track});
      }
    }
    t.receiver.streams = std::move(streams);
  }

  // ---- Back and on

  void rollback() {
    const bool hadRemoteOffer = s_.signaling == SignalingState::HaveRemoteOffer;
    s_.transports = s_.stableTransports;
    std::vector<Transceiver> kept;
    for (Transceiver& t : s_.transceivers) {
      const Transceiver::LastStable& last = t.lastStable;
      if (!last.associated) {
        t.jsepMid.reset();
        t.mid.reset();
        t.mLineIndex.reset();
      }
      t.sender.transport = last.senderTransport;
      t.receiver.transport = last.receiverTransport;
      const auto& encodings = t.sender.encodings;
      const bool withRid = std::any_of(encodings.begin(), encodings.end(),
                                       [](const RtpEncoding& e) { return e.rid.has_value(); });
      if (last.ridlessEncodings && withRid) t.sender.encodings = *last.ridlessEncodings;
      t.receiver.codecs = last.receiveCodecs;
      if (hadRemoteOffer) {
        processRemoteTracks(t, t.currentDirection.value_or(Direction::Inactive),
                            last.remoteStreams);
      }
      if (t.createdByRemoteOffer && !t.everUsedByAddTrack) {
        stopNow(t, applied_.events);
      } else {
        t.createdByRemoteOffer = false;
        kept.push_back(std::move(t));
      }
    }
    s_.transceivers = std::move(kept);
    s_.pendingLocal.reset();
    s_.pendingRemote.reset();
    s_.signaling = SignalingState::Stable;
  }

  void removeStopped() {
    const auto gone = [this](const Transceiver& t) {
      // One that was stopped before it ever had a section needs no negotiation either.
      if (!t.jsepMid) return t.stopping;
      if (!t.stopped) return false;
      return t.mLineIndex && s_.isRejectedInCurrent(*t.mLineIndex, *t.jsepMid);
    };
    auto& all = s_.transceivers;
    all.erase(std::remove_if(all.begin(), all.end(), gone), all.end());
  }

  void becomeStable() {
    for (Transceiver& t : s_.transceivers)
      t.createdByRemoteOffer = false;
    s_.stableTransports.clear();
    s_.negotiationNeeded = false;
    s_.checkDue = true;
  }

  NegotiatorState& s_;
  bool remote_;
  SdpType type_;
  Applied applied_;
  std::vector<Event> muted_, removed_, added_, tracks_;
};

}  // namespace

void stopNow(Transceiver& t, std::vector<Event>& events) {
  if (!t.stopping) {
    events.emplace_back(event::TrackEnded{t.id, t.receiver.track});
    t.direction = Direction::Inactive;
    t.stopping = true;
  }
  t.stopped = true;
  t.receptive = false;
  t.currentDirection.reset();
  t.receiver.streams.clear();
  t.lastStable.remoteStreams.clear();
}

Applied applyDescription(NegotiatorState& s, bool remote, SdpType type, Created description) {
  return Applier(s, remote, type).run(std::move(description));
}

}  // namespace parley::sdp::jsep
