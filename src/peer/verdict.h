// What a failed connection tells a person: what happened, the evidence, the remedy. The causes and
// their rules are those of the call page (web/src/call/connection.ts and relay.ts), and so are the
// words, so that page and program never tell two stories. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace parley::peer {

enum class FailureCause : std::uint8_t {
  None,
  NoPairAnswered,
  RelayRefused,
  ConnectionLost,  // it was connected
  SetupFailed,     // a path was there; DTLS or SCTP failed. The page's media-failed
};
std::string_view name(FailureCause cause);

struct ServerError {
  std::string url;
  std::int32_t code = 0;  // STUN's, or 701: no answer, not reachable (webrtc-pc section 5.9)
  std::string text;
};

// What the answers of a TURN server's refusal mean (RFC 8656 section 19).
enum class RelayRefusal : std::uint8_t { Unreachable, Credentials, Forbidden, Quota, Other };
RelayRefusal whyRefused(std::int32_t code);

struct FailureEvidence {
  std::uint32_t pairsTried = 0;  // on which at least one check was sent
  std::uint32_t pairsAnswered = 0;
  std::vector<ServerError> relayErrors;  // one a TURN URL, and none of URLs that gave a relay
  bool iceConnected = false;             // now
  bool everConnected = false;
  bool relayOnly = false;
  Duration silence{};          // since a path was last there
  std::uint32_t restarts = 0;  // ICE restarts made
  std::string setupError;      // DTLS's or SCTP's own words
};

struct Verdict {
  FailureCause cause = FailureCause::None;
  std::string what;
  std::vector<std::string> evidence;
  std::string remedy;
  // One paragraph of all of it.
  std::string text() const;
};

// `other` names the other side: "bob", or "the other side".
Verdict judge(const FailureEvidence& evidence, std::string_view other);

}  // namespace parley::peer
