#include "peer/data_session.h"

#include "base/check.h"
#include "crypto/fingerprint.h"
#include "peer/negotiation.h"

namespace parley::peer {

namespace jsep = sdp::jsep;

namespace {

jsep::NegotiatorConfig configFor(const Peer& peer, const PeerConfig& config) {
  const Fingerprint text = peer.fingerprint();
  const auto print = crypto::Fingerprint::parse(text.algorithm, text.value);
  PARLEY_CHECK(print.has_value());
  jsep::NegotiatorConfig out;
  out.fingerprints = {{text.algorithm, {print->bytes().begin(), print->bytes().end()}}};
  out.maxMessageSize = config.maxMessageSize;
  out.bundlePolicy = jsep::BundlePolicy::MaxBundle;
  return out;
}

}  // namespace

DataSession::DataSession(Peer& peer, const PeerConfig& config, RandomSource& random)
    : peer_(peer), negotiator_(configFor(peer, config), random) {}

DataSession::Outcome<std::string> DataSession::createOffer(const jsep::OfferOptions& options,
                                                           Time now) {
  if (const auto made = negotiator_.createDataChannel(); !made.ok()) return made.error();
  auto offer = negotiator_.createOffer(options);
  if (!offer.ok()) return offer.error();
  const auto applied = negotiator_.setLocalDescription(jsep::SdpType::Offer, offer->sdp);
  if (!applied.ok()) return applied.error();
  if (const auto told = apply(*applied, now); !told.ok()) return told.error();
  return std::move(offer->sdp);
}

DataSession::Outcome<std::string> DataSession::acceptOffer(std::string_view text, Time now) {
  const auto remote = negotiator_.setRemoteDescription(jsep::SdpType::Offer, text);
  if (!remote.ok()) return remote.error();
  if (const auto told = apply(*remote, now); !told.ok()) return told.error();
  auto answer = negotiator_.createAnswer();
  if (!answer.ok()) return answer.error();
  const auto applied = negotiator_.setLocalDescription(jsep::SdpType::Answer, answer->sdp);
  if (!applied.ok()) return applied.error();
  if (const auto told = apply(*applied, now); !told.ok()) return told.error();
  return std::move(answer->sdp);
}

DataSession::Outcome<Ok> DataSession::acceptAnswer(std::string_view text, Time now) {
  const auto applied = negotiator_.setRemoteDescription(jsep::SdpType::Answer, text);
  if (!applied.ok()) return applied.error();
  return apply(*applied, now);
}

DataSession::Outcome<Ok> DataSession::apply(const jsep::Applied& applied, Time now) {
  for (const jsep::TransportState& state : applied.transports) {
    if (!state.closed) transport_ = state.id;
    const Status told = peer::apply(peer_, state, now);
    if (!told.ok()) {
      return jsep::JsepError{jsep::ErrorName::OperationError, told.error().describe(), {}};
    }
  }
  return Ok{};
}

std::optional<jsep::CandidateInit> DataSession::describe(const LocalCandidate& candidate) {
  if (!transport_) return std::nullopt;
  std::optional<sdp::CandidateAttribute> attribute;
  if (!candidate.text.empty()) {
    const auto parsed = sdp::parseCandidate(candidate.text);
    PARLEY_CHECK(parsed.ok());
    attribute = *parsed;
  }
  return negotiator_.addLocalCandidate(*transport_, candidate.ufrag, attribute);
}

DataSession::Outcome<Ok> DataSession::addCandidate(const jsep::CandidateInit& init, Time now) {
  const auto added = negotiator_.addIceCandidate(init);
  if (!added.ok()) return added.error();
  for (const jsep::RemoteCandidate& c : *added)
    // One that we cannot use is no error (webrtc-pc section 4.4.2, addIceCandidate).
    static_cast<void>(peer_.addRemoteCandidate(
        peer_.transport(), c.candidate ? sdp::writeCandidate(*c.candidate) : std::string{}, c.ufrag,
        now));
  return Ok{};
}

}  // namespace parley::peer
