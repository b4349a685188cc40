// NegotiatorState: the slots of webrtc-pc's RTCPeerConnection that offer/answer works on, as one
// value. Every operation changes a copy and puts it in place when all went well, so that one that
// fails has changed nothing. What the files of this folder share; nobody else includes it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdp/jsep/negotiator.h"

namespace parley::sdp::jsep {

struct SetDescription {
  SdpType type = SdpType::Offer;
  SessionDescription model;
  std::string text;  // as it was set; empty when candidates came since: then it is the model's
};
using DescriptionPtr = std::shared_ptr<const SetDescription>;

// [[LastCreatedOffer]] or [[LastCreatedAnswer]], with which transceiver each section is of.
struct Created {
  SessionDescription model;
  std::string text;
  std::vector<std::optional<TransceiverId>> transceivers;
  std::uint32_t nextMid = 0;
};

class NegotiatorState {
 public:
  std::shared_ptr<const NegotiatorConfig> config;
  RandomSource* random = nullptr;

  SignalingState signaling = SignalingState::Stable;
  DescriptionPtr pendingLocal, currentLocal, pendingRemote, currentRemote;
  std::optional<Created> lastOffer, lastAnswer;
  std::vector<IceParameters> credentialsToReplace;  // [[LocalIceCredentialsToReplace]]

  bool negotiationNeeded = false;
  bool checkDue = false;

  std::vector<Transceiver> transceivers;
  std::uint32_t nextTransceiver = 1;
  bool dataChannelCreated = false;

  std::vector<TransportState> transports;        // with what is pending
  std::vector<TransportState> stableTransports;  // what a rollback restores
  std::uint32_t nextTransport = 1;

  std::uint64_t sessionId = 0;
  std::uint64_t sessionVersion = 0;  // of the next description
  std::uint32_t nextMid = 0;
  std::string defaultStream;  // of remote tracks without a=msid; made at need

  bool isClosed() const { return signaling == SignalingState::Closed; }
  const SetDescription* local() const { return (pendingLocal ? pendingLocal : currentLocal).get(); }
  const SetDescription* remote() const {
    return (pendingRemote ? pendingRemote : currentRemote).get();
  }
  Transceiver* find(TransceiverId id);
  Transceiver* byMid(std::string_view mid);
  TransportState* transportOf(std::string_view mid);
  // A media kind that we have at least one codec of.
  bool hasMedia(MediaKind kind) const;
  // The section of this index and mid is rejected in a current description.
  bool isRejectedInCurrent(std::size_t index, std::string_view mid) const;
};

// ---- random.cc
std::string newUuid(RandomSource& random);
IceParameters newIceParameters(const NegotiatorConfig& config, RandomSource& random);

// ---- create_offer.cc, create_answer.cc: RFC 9429 sections 5.2 and 5.3
Created makeOffer(NegotiatorState& s, bool iceRestart);
Created makeAnswer(NegotiatorState& s);

// ---- sections.cc: what offers and answers have in common
SessionDescription emptyDescription(const NegotiatorState& s);
MediaDescription rejectedSection(const MediaDescription& like);
MediaDescription rtpSection(MediaKind kind);
MediaDescription dataSection(const NegotiatorState& s, const MediaDescription* like);
void describeTransport(const NegotiatorState& s, const IceParameters& ice, Setup setup,
                       MediaDescription& section);
// a=msid, a=rid and a=simulcast of what the transceiver sends.
void describeStreams(const Transceiver& t, MediaDescription& section);
std::vector<Codec> preferredCodecs(const NegotiatorState& s, const Transceiver& t);
// Candidates gathered so far with these credentials.
void keepCandidates(const NegotiatorState& s, MediaDescription& section);
// The section that describes the transport of the bundle that `m` is in (RFC 9143 section 7.1.1).
const MediaDescription* bundleDescription(const SessionDescription& d, const MediaDescription& m);
bool saysTrickle(const std::vector<std::string>& iceOptions);
bool isDataSection(const MediaDescription& section);
// Of an offer: can we answer it with anything but a rejection?
bool isAcceptable(const NegotiatorState& s, const SessionDescription& offer, std::size_t index);

// We have no format for it, but it describes the transport of sections that we take. Chromium 156
// refuses an answer that rejects it where its policy is max-bundle, which an offer does not show: so
// it is answered inactive.
bool isHeldOpen(const NegotiatorState& s, const SessionDescription& offer, std::size_t index);

// ---- validate.cc: RFC 9429 sections 5.6 to 5.8; gives sections without a=mid one
std::optional<JsepError> validateRemote(NegotiatorState& s, SdpType type, SessionDescription& d);

// ---- transports.cc
void transportsOfLocalOffer(NegotiatorState& s, const SessionDescription& offer);
void transportsOfRemoteOffer(NegotiatorState& s, const SessionDescription& offer);
void transportsOfAnswer(NegotiatorState& s, const SessionDescription& local,
                        const SessionDescription& remote, bool localAnswers);
// Those of `s` that differ from `before`, and those that are gone.
std::vector<TransportState> transportChanges(const std::vector<TransportState>& before,
                                             NegotiatorState& s);

// ---- apply.cc: webrtc-pc section 4.4.1.5
Applied applyDescription(NegotiatorState& s, bool remote, SdpType type, Created description);
void stopNow(Transceiver& t, std::vector<Event>& events);

// ---- candidates.cc: webrtc-pc section 4.4.2, addIceCandidate, after its first checks
Outcome<std::vector<RemoteCandidate>> applyCandidate(NegotiatorState& s, const CandidateInit& init);
std::optional<CandidateInit> surfaceCandidate(NegotiatorState& s, TransportId transport,
                                              std::string_view ufrag,
                                              const std::optional<CandidateAttribute>& candidate);

// ---- negotiation_needed.cc
bool isNegotiationNeeded(const NegotiatorState& s);

}  // namespace parley::sdp::jsep
