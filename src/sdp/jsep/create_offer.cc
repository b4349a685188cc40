// RFC 9429 section 5.2: offers.
#include <algorithm>

#include "sdp/jsep/codecs.h"
#include "sdp/jsep/state.h"

namespace parley::sdp::jsep {

namespace {

// What a section of the offer is made of.
struct Slot {
  enum class What : std::uint8_t { Rejected, Transceiver, Data } what = What::Rejected;
  const MediaDescription* before = nullptr;  // the section as it was
  std::optional<TransceiverId> transceiver;
  std::string mid;
  bool fresh = false;       // has never been negotiated
  bool recyclable = false;  // rejected, by both sides' agreement
};

class OfferMaker {
 public:
  OfferMaker(NegotiatorState& s, bool iceRestart)
      : s_(s), iceRestart_(iceRestart), nextMid_(s.nextMid) {}

  Created run() {
    planOld();
    planNew();
    Created out;
    out.model = emptyDescription(s_);
    collectKnown();
    for (const Slot& slot : slots_) {
      out.model.media.push_back(section(slot));
      out.transceivers.push_back(slot.transceiver);
    }
    bundle(out.model);
    out.nextMid = nextMid_;
    out.text = write(out.model);
    return out;
  }

 private:
  // ---- Which sections (section 5.2.2)

  void planOld() {
    const SetDescription* const base = s_.local();
    if (base == nullptr) return;
    for (std::size_t i = 0; i < base->model.media.size(); ++i) {
      const MediaDescription& m = base->model.media[i];
      Slot slot;
      slot.before = &m;
      slot.mid = m.mid.value_or("");
      const bool rejected = s_.isRejectedInCurrent(i, slot.mid);
      const Transceiver* const t = isDataSection(m) ? nullptr : s_.byMid(slot.mid);
      if (isDataSection(m) && !rejected && !m.isRejected()) {
        slot.what = Slot::What::Data;
      } else if (t != nullptr && !(t->stopped && rejected)) {
        slot.transceiver = t->id;
        if (!t->stopping && !t->stopped) slot.what = Slot::What::Transceiver;
      } else {
        slot.recyclable = rejected;
      }
      slots_.push_back(std::move(slot));
    }
  }

  void planNew() {
    for (const Transceiver& t : s_.transceivers) {
      if (t.jsepMid || t.stopping || t.stopped) continue;
      Slot& slot = freshSlot();
      slot.what = Slot::What::Transceiver;
      slot.transceiver = t.id;
    }
    const bool hasData = std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
      return slot.what == Slot::What::Data;
    });
    if (s_.dataChannelCreated && !hasData) freshSlot().what = Slot::What::Data;
  }

  // A section that nobody uses any more, or one at the end.
  Slot& freshSlot() {
    Slot* slot = nullptr;
    for (Slot& old : slots_) {
      if (slot == nullptr && old.recyclable) slot = &old;
    }
    if (slot == nullptr) slot = &slots_.emplace_back();
    *slot = Slot{};
    slot->fresh = true;
    slot->mid = newMid();
    return *slot;
  }

  std::string newMid() {
    const auto used = [this](const std::string& mid) {
      for (const DescriptionPtr& d :
           {s_.pendingLocal, s_.currentLocal, s_.pendingRemote, s_.currentRemote}) {
        if (d && d->model.byMid(mid) != nullptr) return true;
      }
      return s_.byMid(mid) != nullptr;
    };
    std::string mid;
    do {
      mid = std::to_string(nextMid_++);
    } while (used(mid));
    return mid;
  }

  // ---- What is in them

  void collectKnown() {
    for (const Slot& slot : slots_) {
      if (slot.before != nullptr && slot.what != Slot::What::Rejected)
        known_.push_back(slot.before);
    }
    if (!s_.currentRemote) return;
    for (const MediaDescription& m : s_.currentRemote->model.media) {
      if (!m.isRejected()) known_.push_back(&m);
    }
  }

  MediaDescription section(const Slot& slot) {
    MediaDescription m;
    if (slot.what == Slot::What::Rejected) {
      m = rejectedSection(*slot.before);
    } else if (slot.what == Slot::What::Data) {
      m = dataSection(s_, slot.before);
    } else {
      m = transceiverSection(*s_.find(*slot.transceiver), slot);
    }
    m.mid = slot.mid;
    owners_.push_back(kTagged);
    if (slot.what != Slot::What::Rejected) addTransport(slot, m);
    return m;
  }

  MediaDescription transceiverSection(const Transceiver& t, const Slot& slot) {
    MediaDescription m = rtpSection(t.kind);
    m.rtcpMuxOnly = slot.fresh && s_.config->rtcpMuxPolicy == RtcpMuxPolicy::Require;
    m.direction = t.direction;
    m.codecs = offerCodecs(preferredCodecs(s_, t), known_);
    m.extmaps = offerExtmaps(s_.config->media.of(t.kind).headerExtensions, known_);
    describeStreams(t, m);
    // The same numbers must mean the same in the sections that follow.
    made_.push_back(std::make_unique<MediaDescription>(m));
    known_.push_back(made_.back().get());
    return m;
  }

  // ---- Transports and bundles (section 5.2.1, RFC 9143 section 7)

  // Which section describes the transport of one; `kTagged`: that which describes the bundle's.
  static constexpr std::size_t kTagged = SIZE_MAX;

  void addTransport(const Slot& slot, MediaDescription& m) {
    const std::size_t index = owners_.size() - 1;
    const TransportState* const t = slot.fresh ? standingBundle() : s_.transportOf(slot.mid);
    if (t != nullptr) {
      // Of those that share a transport the first one describes it.
      for (const auto& [id, owner] : described_) {
        if (id != t->id) continue;
        owners_[index] = owner;
        m.bundleOnly = !t->negotiated;
      }
    }
    if (t == nullptr) m.bundleOnly = !ownsTransport(m.kind);
    if (t != nullptr ? owners_[index] == kTagged : !m.bundleOnly) {
      owners_[index] = index;
      if (t != nullptr) described_.emplace_back(t->id, index);
      describeTransport(s_, credentials(t), Setup::Actpass, m);
      keepCandidates(s_, m);
      kinds_.push_back(m.kind);
    }
    if (m.bundleOnly) m.port = 0;
  }

  // A section that is new, where no bundle stands: by the policy.
  bool ownsTransport(MediaKind kind) const {
    if (kinds_.empty()) return true;
    switch (s_.config->bundlePolicy) {
      case BundlePolicy::MaxCompat:
        return true;
      case BundlePolicy::MaxBundle:
        return false;
      case BundlePolicy::Balanced:
        break;
    }
    return std::find(kinds_.begin(), kinds_.end(), kind) == kinds_.end();
  }

  // The transport of the bundle that both sides agreed on, if there is one. What is new joins it,
  // and describes it where it stands first: Chromium 156 takes nothing else for a section used
  // again.
  const TransportState* standingBundle() {
    if (!s_.currentLocal || !s_.currentRemote) return nullptr;
    for (const Slot& slot : slots_) {
      if (slot.fresh || slot.what == Slot::What::Rejected) continue;
      const TransportState* const t = s_.transportOf(slot.mid);
      if (t != nullptr && t->negotiated &&
          s_.currentLocal->model.groupOf("BUNDLE", slot.mid) != nullptr &&
          s_.currentRemote->model.groupOf("BUNDLE", slot.mid) != nullptr) {
        return t;
      }
    }
    return nullptr;
  }

  // All that is new in an offer has one pair, as with browsers: to Firefox a section whose pair
  // changes when the bundle stands is an ICE restart of a part.
  IceParameters credentials(const TransportState* t) {
    if (t != nullptr && t->local && !iceRestart_) {
      const auto& replace = s_.credentialsToReplace;
      if (std::find(replace.begin(), replace.end(), *t->local) == replace.end()) return *t->local;
    }
    if (!fresh_) fresh_ = newIceParameters(*s_.config, *s_.random);
    return *fresh_;
  }

  // One group of all; the first in it describes the bundle's transport. The others repeat that,
  // against RFC 9143 section 7.1.3: without, Firefox 153 loses its content process and Chromium 156
  // answers data with a rejection. Both write it so themselves.
  void bundle(SessionDescription& d) {
    Group group;
    group.semantics = "BUNDLE";
    std::size_t tagged = 0;
    while (tagged < d.media.size() && owners_[tagged] != tagged)
      ++tagged;
    if (tagged == d.media.size()) return;
    group.mids.push_back(*d.media[tagged].mid);
    for (std::size_t i = 0; i < d.media.size(); ++i) {
      MediaDescription& m = d.media[i];
      if (i == tagged || m.isRejected()) continue;
      group.mids.push_back(*m.mid);
      if (owners_[i] != i) {
        m.transport = d.media[owners_[i] == kTagged ? tagged : owners_[i]].transport;
      }
    }
    d.groups.push_back(std::move(group));
  }

  NegotiatorState& s_;
  bool iceRestart_;
  std::uint32_t nextMid_;
  std::vector<Slot> slots_;
  std::vector<const MediaDescription*> known_;
  std::vector<std::unique_ptr<MediaDescription>> made_;
  std::vector<std::size_t> owners_;  // of each section
  std::optional<IceParameters> fresh_;
  std::vector<std::pair<TransportId, std::size_t>> described_;
  std::vector<MediaKind> kinds_;  // that have a transport of their own
};

}  // namespace

Created makeOffer(NegotiatorState& s, bool iceRestart) {
  return OfferMaker(s, iceRestart).run();
}

}  // namespace parley::sdp::jsep
