// Negotiation: perfect negotiation (webrtc-pc section 10.7) of one connection with another member,
// in the words of docs/signalling.md section 9. JSON in, JSON out; on the room's shard.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/connection.h"

namespace parley::room {

class Negotiation {
 public:
  static constexpr std::size_t kMaxEarlyCandidates = 256;
  static constexpr std::size_t kMaxSdpBytes = 60'000;
  // `send` takes the text of a JSON object.
  using Send = std::function<void(std::string data)>;

  Negotiation(std::shared_ptr<api::Connection> connection, bool polite, std::string session,
              Send send);

  const std::shared_ptr<api::Connection>& connection() const { return connection_; }
  const std::string& session() const { return session_; }
  // Whether anything was said yet.
  bool begun() const { return begun_; }
  void adoptSession(std::string session) { session_ = std::move(session); }

  void offer();
  // The way to the other side was lost with messages on it: say the pending offer again.
  void repeatOffer();
  // False: it could not be applied; the connection is of no use.
  bool receiveDescription(SdpType type, const std::string& sdp);
  // An empty text ends the candidates of a generation.
  void receiveCandidate(IceCandidateInit candidate);
  void sendCandidate(const IceCandidate& candidate);
  void askForRestart();

 private:
  void sendLocal();
  void add(const IceCandidateInit& candidate);

  const std::shared_ptr<api::Connection> connection_;
  const bool polite_;
  std::string session_;
  const Send send_;
  bool ignoringOffer_ = false;
  bool haveRemote_ = false;
  bool begun_ = false;
  std::vector<IceCandidateInit> early_;
};

}  // namespace parley::room
