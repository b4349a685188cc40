// Negotiator: webrtc-pc's offer/answer engine (sections 4 and 5) with the rules of JSEP (RFC 9429).
//
// Pure and synchronous: no clock, no thread, no transport. Each of the W3C's operations is one
// call that does all of its steps, or fails and changes nothing. Its host (a handle's executor, or
// a binding) keeps the operations chain, makes promises of outcomes, fires the events in the order
// given, and hands the transports' states to what runs them. Errors carry the W3C's name.
//
// The negotiation-needed flag (4.7.3) needs the host's event loop: after any call,
// takeNegotiationCheck() tells whether a task is to be queued; that task, run when no operation is
// in the chain, calls updateNegotiationNeeded(), and fires the event if that says so.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "sdp/jsep/media_capabilities.h"
#include "sdp/jsep/transceiver.h"
#include "sdp/jsep/types.h"
#include "sdp/session_description.h"

namespace parley::sdp::jsep {

inline constexpr std::size_t kMaxTransceivers = 512;
inline constexpr std::size_t kMaxRemoteCandidates = 256;  // kept of one section's generation
inline constexpr std::size_t kMaxLocalCandidates = 256;

struct NegotiatorConfig {
  BundlePolicy bundlePolicy = BundlePolicy::Balanced;
  RtcpMuxPolicy rtcpMuxPolicy = RtcpMuxPolicy::Require;
  std::vector<Fingerprint> fingerprints;  // of our certificates
  MediaCapabilities media;
  // Our ICE user name fragments begin with it (ICE characters); a shared port finds the owner so.
  std::string ufragPrefix;
  std::uint16_t sctpPort = 5000;
  std::uint64_t maxMessageSize = 262144;  // what we say that we take; 0: any size
};

struct OfferOptions {
  bool iceRestart = false;
  std::optional<bool> offerToReceiveAudio;  // legacy
  std::optional<bool> offerToReceiveVideo;
};

struct TransceiverInit {
  Direction direction = Direction::SendRecv;
  std::vector<std::string> streams;
  std::vector<RtpEncoding> sendEncodings;
};

// A candidate, or with none the end of candidates, for one transport.
struct RemoteCandidate {
  TransportId transport;
  std::string ufrag;  // the generation
  std::optional<CandidateAttribute> candidate;
};

class NegotiatorState;

class Negotiator {
 public:
  Negotiator(NegotiatorConfig config, RandomSource& random);
  ~Negotiator();
  Negotiator(Negotiator&&) noexcept;
  Negotiator& operator=(Negotiator&&) noexcept;

  // ---- 4.4.2 methods of RTCPeerConnection
  Outcome<Description> createOffer(const OfferOptions& options = {});
  Outcome<Description> createAnswer();
  // Without a type, and with an empty text, the implicit forms.
  Outcome<Applied> setLocalDescription(std::optional<SdpType> type = {}, std::string_view sdp = {});
  // An offer in have-local-offer rolls that back first. The W3C does so in a task of its own, which
  // stays done when the offer then fails: who needs that asks needsImplicitRollback(), and sets a
  // local rollback himself before.
  Outcome<Applied> setRemoteDescription(SdpType type, std::string_view sdp);
  bool needsImplicitRollback(SdpType remoteType) const;
  // What is to be told to the transports; nothing where the section is stopped or gone.
  Outcome<std::vector<RemoteCandidate>> addIceCandidate(const CandidateInit& init);
  void restartIce();
  void close();

  std::optional<Description> pendingLocalDescription() const;
  std::optional<Description> currentLocalDescription() const;
  std::optional<Description> localDescription() const;
  std::optional<Description> pendingRemoteDescription() const;
  std::optional<Description> currentRemoteDescription() const;
  std::optional<Description> remoteDescription() const;
  SignalingState signalingState() const;
  std::optional<bool> canTrickleIceCandidates() const;

  // ---- 4.7.3
  bool takeNegotiationCheck();
  bool updateNegotiationNeeded();  // true: fire negotiationneeded

  // ---- 5.1: tracks and transceivers. A track is its id; it has one kind.
  Outcome<TransceiverId> addTrack(MediaKind kind, std::string_view track,
                                  const std::vector<std::string>& streams);
  Outcome<Ok> removeTrack(TransceiverId sender);
  Outcome<TransceiverId> addTransceiver(MediaKind kind, std::optional<std::string> track = {},
                                        TransceiverInit init = {});
  Outcome<Ok> setDirection(TransceiverId id, Direction direction);
  Outcome<Ok> setStreams(TransceiverId id, const std::vector<std::string>& streams);
  Outcome<Ok> setCodecPreferences(TransceiverId id, const std::vector<Codec>& codecs);
  // replaceTrack's part: which track a sender has says nothing to the other side.
  Outcome<Ok> setSenderTrack(TransceiverId id, std::optional<std::string> track);
  Outcome<std::vector<Event>> stopTransceiver(TransceiverId id);
  std::vector<TransceiverId> transceivers() const;  // in order of creation
  const Transceiver* transceiver(TransceiverId id) const;

  // ---- 6.1: a data channel was made
  Outcome<Ok> createDataChannel();
  std::optional<DtlsRole> dataRole() const;  // once negotiated
  std::optional<TransportId> dataTransport() const;
  std::optional<std::uint64_t> remoteMaxMessageSize() const;

  // ---- Local candidates. Each is put into the local descriptions of its generation, and comes
  // back as what the icecandidate event carries; nothing where no description has that generation.
  // Without a candidate: the end of this generation's.
  std::optional<CandidateInit> addLocalCandidate(
      TransportId transport, std::string_view ufrag,
      const std::optional<CandidateAttribute>& candidate);

 private:
  Outcome<Applied> rollback();
  void offerToReceive(MediaKind kind, std::optional<bool> wanted);

  std::unique_ptr<NegotiatorState> state_;
};

}  // namespace parley::sdp::jsep
