// Offer and answer for connections of data channels only, as texts: for who drives a Peer himself
// and wants to talk SDP with a browser. A thin use of sdp::jsep::Negotiator; who needs all of the
// W3C's operations uses that.
//
//   DataSession session(peer, config, random);
//   std::string offer = *session.createOffer({}, now);          // send it, with the candidates
//   session.acceptAnswer(answer, now);
// or
//   std::string answer = *session.acceptOffer(offer, now);
//
// Errors: the JSEP engine's, with the W3C's names; nothing has changed then.
#pragma once

#include <string>
#include <string_view>

#include "peer/peer.h"
#include "sdp/jsep/negotiator.h"

namespace parley::peer {

class DataSession {
 public:
  template <class T>
  using Outcome = sdp::jsep::Outcome<T>;

  // The peer and `random` outlive it. `config` is the one that the peer was made with.
  DataSession(Peer& peer, const PeerConfig& config, RandomSource& random);

  Outcome<std::string> createOffer(const sdp::jsep::OfferOptions& options, Time now);
  // An offer of theirs, answered at once. If ours is under way it is taken back first (rollback):
  // in a glare let one side only accept.
  Outcome<std::string> acceptOffer(std::string_view offer, Time now);
  Outcome<Ok> acceptAnswer(std::string_view answer, Time now);

  // For signalling: what LocalCandidate becomes; nothing when no description has its generation.
  std::optional<sdp::jsep::CandidateInit> describe(const LocalCandidate& candidate);
  Outcome<Ok> addCandidate(const sdp::jsep::CandidateInit& candidate, Time now);

  sdp::jsep::Negotiator& negotiator() { return negotiator_; }

 private:
  Outcome<Ok> apply(const sdp::jsep::Applied& applied, Time now);

  Peer& peer_;
  sdp::jsep::Negotiator negotiator_;
  std::optional<sdp::jsep::TransportId> transport_;
};

}  // namespace parley::peer
