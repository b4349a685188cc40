// The words of the offer/answer engine: the W3C's states and errors, ids, and what goes in and out
// of a Negotiator as values (webrtc-pc; JSEP is RFC 9429).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/strong_id.h"
#include "sdp/session_description.h"

namespace parley::sdp::jsep {

enum class SdpType : std::uint8_t { Offer, Pranswer, Answer, Rollback };
enum class SignalingState : std::uint8_t {
  Stable,
  HaveLocalOffer,
  HaveRemoteOffer,
  HaveLocalPranswer,
  HaveRemotePranswer,
  Closed,
};
std::string_view name(SdpType type);          // "offer", …
std::string_view name(SignalingState state);  // "stable", "have-local-offer", …

// The name of the DOMException (TypeError and RangeError are ECMAScript's). SdpSyntaxError is an
// RTCError with errorDetail "sdp-syntax-error", whose DOMException name is OperationError.
enum class ErrorName : std::uint8_t {
  InvalidStateError,
  InvalidAccessError,
  InvalidModificationError,
  OperationError,
  SyntaxError,
  NotSupportedError,
  SdpSyntaxError,
  TypeError,
  RangeError,
};
std::string_view name(ErrorName error);  // SdpSyntaxError gives "OperationError"

struct JsepError {
  ErrorName name = ErrorName::OperationError;
  std::string message;
  std::optional<std::size_t> sdpLineNumber;  // of SdpSyntaxError
};
template <class T>
using Outcome = Result<T, JsepError>;

using TransceiverId = StrongId<struct TransceiverIdTag, std::uint32_t>;
using TransportId = StrongId<struct TransportIdTag, std::uint32_t>;

enum class BundlePolicy : std::uint8_t { Balanced, MaxCompat, MaxBundle };
enum class RtcpMuxPolicy : std::uint8_t { Require, Negotiate };

// What the text of a description and its type are: RTCSessionDescriptionInit.
struct Description {
  SdpType type = SdpType::Offer;
  std::string sdp;
};

// RTCIceCandidateInit. An empty candidate says that there are no more (of the section, or of all).
struct CandidateInit {
  std::string candidate;
  std::optional<std::string> sdpMid;
  std::optional<std::uint16_t> sdpMLineIndex;
  std::optional<std::string> usernameFragment;
  friend bool operator==(const CandidateInit&, const CandidateInit&) = default;
};

// ---- What a description does to transports -----------------------------------------------------

struct IceParameters {
  std::string ufrag, pwd;
  friend bool operator==(const IceParameters&, const IceParameters&) = default;
};

enum class DtlsRole : std::uint8_t { Client, Server };

struct SctpParameters {
  std::uint16_t localPort = 5000, remotePort = 5000;
  // The largest message the other side takes; 0: any. RFC 8841 section 6.1: 65536 if it says none.
  std::uint64_t remoteMaxMessageSize = kDefaultMaxMessageSize;
  friend bool operator==(const SctpParameters&, const SctpParameters&) = default;
};

// One transport: ICE with DTLS on it, which one section owns and a BUNDLE group may share. The
// whole of it as it stands now, with what changed by this description in the flags.
struct TransportState {
  TransportId id;
  std::string mid;                // of the section that owns it
  std::vector<std::string> mids;  // of all that use it, the owner first
  bool created = false;           // new by this description
  bool closed = false;            // no section uses it any more; drop it. Nothing else is set

  // Set by the local description. With `localRestart` the credentials replace others: ICE restarts
  // and gathers anew. A rollback restores the former ones, which is told in the same way.
  std::optional<IceParameters> local;
  bool localRestart = false;
  // Set by the remote description; `remoteRestart` likewise.
  std::optional<IceParameters> remote;
  bool remoteRestart = false;
  bool remoteLite = false;
  bool remoteTrickle = false;
  std::vector<std::string> remoteIceOptions;
  // That stood in the remote description itself; others come by addIceCandidate.
  std::vector<CandidateAttribute> remoteCandidates;
  bool remoteEndOfCandidates = false;
  // RFC 9429 section 3.5 / RFC 8445 section 6.1.1: by who made the first offer, and lite peers.
  bool controlling = false;

  // An offer changed it that has no answer yet: a local offer's credentials gather already, but a
  // remote one's take effect only with the answer, and may be rolled back before.
  bool offerPending = false;
  // An answer (or a provisional one) stood once: the transport may start. The rest belongs to that.
  bool negotiated = false;
  std::optional<DtlsRole> dtlsRole;
  std::vector<Fingerprint> remoteFingerprints;
  std::optional<SctpParameters> sctp;  // data channels run here
};

// ---- What the application sees, in the order of webrtc-pc
// ----------------------------------------

namespace event {
struct SignalingStateChange {
  SignalingState state;
  friend bool operator==(const SignalingStateChange&, const SignalingStateChange&) = default;
};
struct TrackEnded {  // the receiver's track of a transceiver that was stopped
  TransceiverId transceiver;
  std::string track;
  friend bool operator==(const TrackEnded&, const TrackEnded&) = default;
};
struct TrackMuted {  // "set the muted state" to true
  TransceiverId transceiver;
  std::string track;
  friend bool operator==(const TrackMuted&, const TrackMuted&) = default;
};
struct TrackRemoved {  // removetrack at the stream
  std::string stream, track;
  friend bool operator==(const TrackRemoved&, const TrackRemoved&) = default;
};
struct TrackAdded {  // addtrack at the stream
  std::string stream, track;
  friend bool operator==(const TrackAdded&, const TrackAdded&) = default;
};
struct Track {  // track at the connection
  TransceiverId transceiver;
  std::string track;
  std::vector<std::string> streams;
  friend bool operator==(const Track&, const Track&) = default;
};
}  // namespace event
using Event = std::variant<event::SignalingStateChange, event::TrackEnded, event::TrackMuted,
                           event::TrackRemoved, event::TrackAdded, event::Track>;

// What setting a description did.
struct Applied {
  std::vector<TransportState> transports;  // those that are new, changed or closed
  std::vector<Event> events;               // to be fired in this order
  // The data section's DTLS role is known since now: channels without an id get theirs (RFC 8832).
  bool dataRoleNegotiated = false;
};

}  // namespace parley::sdp::jsep
