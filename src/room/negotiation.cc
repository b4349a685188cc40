#include "room/negotiation.h"

#include <nlohmann/json.hpp>

namespace parley::room {
namespace {

using Json = nlohmann::json;

std::string textOf(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Negotiation::Negotiation(std::shared_ptr<api::Connection> connection, bool polite,
                         std::string session, Send send)
    : connection_(std::move(connection)),
      polite_(polite),
      session_(std::move(session)),
      send_(std::move(send)) {}

// All of setLocalDescription() happens within the call, so there is no time in which an offer is
// being made (the W3C's makingOffer).
void Negotiation::offer() {
  if (!connection_->setLocalDescription(nullptr)) return;
  sendLocal();
}

void Negotiation::repeatOffer() {
  if (connection_->signalingState() == SignalingState::HaveLocalOffer) sendLocal();
}

void Negotiation::sendLocal() {
  const auto local = connection_->description(true, api::Connection::Which::Shown);
  if (!local) return;
  begun_ = true;
  send_(textOf({{"description", {{"type", toString(local->type)}, {"sdp", local->sdp}}},
                {"session", session_}}));
}

bool Negotiation::receiveDescription(SdpType type, const std::string& sdp) {
  if ((type != SdpType::Offer && type != SdpType::Answer) || sdp.size() > kMaxSdpBytes) return true;
  const SignalingState state = connection_->signalingState();
  const bool collision = type == SdpType::Offer && state != SignalingState::Stable;
  ignoringOffer_ = !polite_ && collision;
  if (ignoringOffer_) return true;
  if (type == SdpType::Answer && state != SignalingState::HaveLocalOffer) return true;
  if (const auto ok = connection_->setRemoteDescription({type, sdp}); !ok) {
    connection_->log(LogLevel::Warning, "their description: " + ok.error().describe());
    return false;
  }
  haveRemote_ = true;
  begun_ = true;
  for (const IceCandidateInit& candidate : std::exchange(early_, {}))
    add(candidate);
  if (type != SdpType::Offer) return true;
  if (const auto ok = connection_->setLocalDescription(nullptr); !ok) {
    connection_->log(LogLevel::Warning, "our answer: " + ok.error().describe());
    return false;
  }
  sendLocal();
  return true;
}

void Negotiation::receiveCandidate(IceCandidateInit candidate) {
  if (haveRemote_) return add(candidate);
  if (early_.size() < kMaxEarlyCandidates) early_.push_back(std::move(candidate));
}

void Negotiation::add(const IceCandidateInit& candidate) {
  const auto ok = connection_->addIceCandidate(candidate);
  // Candidates of an offer that we ignored have no place here, and that is no fault.
  if (!ok && !ignoringOffer_)
    connection_->log(LogLevel::Debug, "their candidate: " + ok.error().describe());
}

void Negotiation::sendCandidate(const IceCandidate& candidate) {
  Json init = {{"candidate", candidate.candidate}};
  if (candidate.sdpMid) init["sdpMid"] = *candidate.sdpMid;
  if (candidate.sdpMLineIndex) init["sdpMLineIndex"] = *candidate.sdpMLineIndex;
  if (candidate.usernameFragment) init["usernameFragment"] = *candidate.usernameFragment;
  send_(textOf({{"candidate", std::move(init)}, {"session", session_}}));
}

void Negotiation::askForRestart() {
  send_(textOf({{"restart", true}, {"session", session_}}));
}

}  // namespace parley::room
