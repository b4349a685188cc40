// RTCPeerConnection (webrtc-pc section 4.4): a cheap copyable handle, thread-safe. Names, states,
// defaults and failures are the W3C's; docs/webrtc-api.md has the table.
//
// Where the W3C has promises for offers, answers and descriptions, this gives the result at once:
// nothing there waits for the network. So the operations chain is always empty, and signalingState
// and the descriptions are up to date when a call returns. What comes from the network (candidates,
// states of transports, channels, messages) changes in the getters when its callback is due, and
// all callbacks of a connection and its channels form one sequence, on the library's thread or the
// configuration's executor.
//
// Callbacks may do anything, also close or destroy this or another connection. When close() or the
// destructor of the last handle returns, no callback of it is running and none will: so callbacks
// may refer to what lives as long as the handle. (Called within a callback, of this or of another
// connection, it does not wait for one that is running on another thread.) A callback that holds a
// handle of its own connection keeps it alive until close().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parley/async.h"
#include "parley/configuration.h"
#include "parley/data_channel.h"
#include "parley/error.h"
#include "parley/ice_candidate.h"
#include "parley/log.h"
#include "parley/report.h"
#include "parley/session_description.h"
#include "parley/stats.h"
#include "parley/transports.h"

namespace parley {

namespace api {
class ConnectionHandle;
}

enum class SignalingState : std::uint8_t {
  Stable,
  HaveLocalOffer,
  HaveRemoteOffer,
  HaveLocalPranswer,
  HaveRemotePranswer,
  Closed
};
enum class IceGatheringState : std::uint8_t { New, Gathering, Complete };
enum class IceConnectionState : std::uint8_t {
  New,
  Checking,
  Connected,
  Completed,
  Disconnected,
  Failed,
  Closed
};
enum class PeerConnectionState : std::uint8_t {
  New,
  Connecting,
  Connected,
  Disconnected,
  Failed,
  Closed
};

std::string_view toString(SignalingState state);  // "have-local-offer"
std::string_view toString(IceGatheringState state);
std::string_view toString(IceConnectionState state);
std::string_view toString(PeerConnectionState state);

struct OfferOptions {
  bool iceRestart = false;
};

// RTCPeerConnectionIceErrorEvent (webrtc-pc section 4.8.3)
struct IceCandidateError {
  std::string address;  // ours; empty if unknown
  std::optional<std::uint16_t> port;
  std::string url;
  int errorCode = 0;  // of STUN; 701: the server was not reached
  std::string errorText;
};

class PeerConnection {
 public:
  // No connection: behaves like one that is closed.
  PeerConnection() = default;
  // SyntaxError, InvalidAccessError and NotSupportedError as the W3C's constructor.
  static Expected<PeerConnection> create(const Configuration& configuration = {});

  explicit operator bool() const { return handle_ != nullptr; }
  friend bool operator==(const PeerConnection&, const PeerConnection&) = default;

  Expected<SessionDescription> createOffer(const OfferOptions& options = {});
  Expected<SessionDescription> createAnswer();
  // Without a description: the offer or answer that is due (webrtc-pc section 4.4.2).
  Expected<void> setLocalDescription();
  Expected<void> setLocalDescription(const SessionDescription& description);
  Expected<void> setRemoteDescription(const SessionDescription& description);
  Expected<void> addIceCandidate(const IceCandidateInit& candidate);
  // The end of all candidates (the W3C's call without an argument).
  Expected<void> addIceCandidate();
  void restartIce();

  Expected<DataChannel> createDataChannel(std::string_view label, const DataChannelInit& init = {});

  std::optional<SessionDescription> localDescription() const;
  std::optional<SessionDescription> currentLocalDescription() const;
  std::optional<SessionDescription> pendingLocalDescription() const;
  std::optional<SessionDescription> remoteDescription() const;
  std::optional<SessionDescription> currentRemoteDescription() const;
  std::optional<SessionDescription> pendingRemoteDescription() const;
  SignalingState signalingState() const;
  IceGatheringState iceGatheringState() const;
  IceConnectionState iceConnectionState() const;
  PeerConnectionState connectionState() const;
  std::optional<bool> canTrickleIceCandidates() const;
  std::optional<SctpTransport> sctp() const;

  Configuration getConfiguration() const;
  // What may change: iceServers, iceTransportPolicy and, before the first local description,
  // iceCandidatePoolSize; else InvalidModificationError. Takes effect at the next gathering.
  Expected<void> setConfiguration(const Configuration& configuration);

  // InvalidStateError when it is closed, AbortError when it closes meanwhile.
  Async<StatsReport> getStats() const;
  // The story of this connection so far, and why it failed if it did. Ask before close().
  Async<ConnectionReport> report() const;

  // Ends the connection at once, and all callbacks with it.
  void close();

  // Each sets one callback; nullptr takes it away. Set them before the first offer or answer.
  void onnegotiationneeded(std::function<void()> callback);
  // Also the end of a generation's candidates (IceCandidate::isEnd).
  void onicecandidate(std::function<void(const IceCandidate&)> callback);
  void onicecandidateerror(std::function<void(const IceCandidateError&)> callback);
  void onsignalingstatechange(std::function<void(SignalingState)> callback);
  void oniceconnectionstatechange(std::function<void(IceConnectionState)> callback);
  void onicegatheringstatechange(std::function<void(IceGatheringState)> callback);
  void onconnectionstatechange(std::function<void(PeerConnectionState)> callback);
  void onselectedcandidatepairchange(std::function<void(const IceCandidatePair&)> callback);
  void ondatachannel(std::function<void(DataChannel)> callback);

 private:
  friend class api::ConnectionHandle;
  explicit PeerConnection(std::shared_ptr<api::ConnectionHandle> handle)
      : handle_(std::move(handle)) {}
  std::shared_ptr<api::ConnectionHandle> handle_;
};

}  // namespace parley
