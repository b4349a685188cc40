#include "peer/verdict.h"

#include <algorithm>

namespace parley::peer {
namespace {

std::string plural(std::uint32_t n, const char* one, const char* many) {
  return std::to_string(n) + ' ' + (n == 1 ? one : many);
}

// "turn:relay.example:3478?transport=tcp" without what a person need not see.
std::string serverOf(const std::string& url) {
  const std::size_t colon = url.find(':');
  return colon == std::string::npos ? url : url.substr(colon + 1);
}

const char* describe(RelayRefusal why) {
  switch (why) {
    case RelayRefusal::Unreachable:
      return "The relay did not answer.";
    case RelayRefusal::Credentials:
      return "The relay did not take the password.";
    case RelayRefusal::Forbidden:
      return "The relay does not send to the other side's network.";
    case RelayRefusal::Quota:
      return "The relay has no room left.";
    case RelayRefusal::Other:
      return "The relay refused.";
  }
  return "";
}

bool has(const FailureEvidence& e, RelayRefusal why) {
  return std::any_of(e.relayErrors.begin(), e.relayErrors.end(),
                     [&](const ServerError& s) { return whyRefused(s.code) == why; });
}

// The most telling one: an answer says more than none.
RelayRefusal mainRefusal(const FailureEvidence& e) {
  for (const RelayRefusal why : {RelayRefusal::Credentials, RelayRefusal::Quota,
                                 RelayRefusal::Forbidden, RelayRefusal::Other})
    if (has(e, why)) return why;
  return RelayRefusal::Unreachable;
}

void addRelayEvidence(const FailureEvidence& e, Verdict& v) {
  if (e.relayErrors.empty()) return;
  v.evidence.emplace_back(describe(mainRefusal(e)));
  std::string list = "Answers: ";
  std::size_t n = 0;
  for (const ServerError& s : e.relayErrors) {
    if (n++ == 3) break;
    if (n > 1) list += ", ";
    list += serverOf(s.url) + ' ' + std::to_string(s.code);
    if (!s.text.empty()) list += " (" + s.text + ')';
  }
  v.evidence.push_back(list + '.');
}

void addPairs(const FailureEvidence& e, Verdict& v) {
  if (e.pairsTried == 0) {
    v.evidence.emplace_back("There was no pair of addresses to try.");
  } else if (e.pairsAnswered == 0) {
    v.evidence.push_back(plural(e.pairsTried, "pair was", "pairs were") +
                         " tried and none answered.");
  } else {
    v.evidence.push_back(plural(e.pairsTried, "pair was", "pairs were") + " tried; " +
                         std::to_string(e.pairsAnswered) + " answered, but none held.");
  }
}

std::string relayRemedy(const FailureEvidence& e) {
  switch (mainRefusal(e)) {
    case RelayRefusal::Credentials:
      return "Ask the host to check the server's clock and the relay's password.";
    case RelayRefusal::Quota:
      return "Ask the host to raise the relay's quota, or try again later.";
    case RelayRefusal::Forbidden:
      return "Ask the host to allow the other side's network with --allow-peer.";
    default:
      return "Ask the host to open the relay's ports, or try another network.";
  }
}

FailureCause causeOf(const FailureEvidence& e) {
  if (!e.setupError.empty()) return FailureCause::SetupFailed;
  if (e.everConnected) return FailureCause::ConnectionLost;
  if (e.iceConnected || e.pairsAnswered > 0) return FailureCause::SetupFailed;
  if (!e.relayErrors.empty() && (e.relayOnly || e.pairsTried == 0))
    return FailureCause::RelayRefused;
  return FailureCause::NoPairAnswered;
}

}  // namespace

std::string_view name(FailureCause cause) {
  switch (cause) {
    case FailureCause::None:
      return "none";
    case FailureCause::NoPairAnswered:
      return "no-pair-answered";
    case FailureCause::RelayRefused:
      return "relay-refused";
    case FailureCause::ConnectionLost:
      return "connection-lost";
    case FailureCause::SetupFailed:
      return "setup-failed";
  }
  return "none";
}

RelayRefusal whyRefused(std::int32_t code) {
  if (code == 401 || code == 438 || code == 441) return RelayRefusal::Credentials;
  if (code == 403) return RelayRefusal::Forbidden;
  if (code == 486 || code == 508) return RelayRefusal::Quota;
  return code == 701 ? RelayRefusal::Unreachable : RelayRefusal::Other;
}

std::string Verdict::text() const {
  std::string all = what;
  for (const std::string& e : evidence)
    all += ' ' + e;
  return all + ' ' + remedy;
}

Verdict judge(const FailureEvidence& e, std::string_view other) {
  Verdict v;
  v.cause = causeOf(e);
  const std::string who{other};
  switch (v.cause) {
    case FailureCause::None:
      break;
    case FailureCause::NoPairAnswered:
    case FailureCause::RelayRefused:
      v.what = "No path to " + who + '.';
      addPairs(e, v);
      addRelayEvidence(e, v);
      v.remedy = e.relayErrors.empty()
                     ? "One of the two networks blocks the way. Try another network, or ask the "
                       "host to open the relay on TCP or TLS."
                     : relayRemedy(e);
      break;
    case FailureCause::ConnectionLost:
      v.what = "The connection to " + who + " is lost.";
      v.evidence.push_back(
          "It has been silent for " +
          std::to_string(std::chrono::duration_cast<std::chrono::seconds>(e.silence).count()) +
          " s.");
      if (e.restarts > 0)
        v.evidence.push_back("A new path was looked for " + plural(e.restarts, "time", "times") +
                             '.');
      addRelayEvidence(e, v);
      v.remedy = "Check your network; theirs may also be gone. Then look for a path again.";
      break;
    case FailureCause::SetupFailed:
      v.what = "The connection to " + who + " could not be set up.";
      if (!e.setupError.empty())
        v.evidence.push_back("It said: " + e.setupError + '.');
      else
        addPairs(e, v);
      v.remedy = "The two programs do not agree. Try again, or another version or browser.";
      break;
  }
  return v;
}

}  // namespace parley::peer
