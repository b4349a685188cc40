#include "turn/client/failure.h"

#include "stun/attributes.h"

namespace parley::turn::client {

Remedy remedyFor(std::uint16_t code) {
  switch (code) {
    case 401:  // Unauthorized
    case 441:  // Wrong Credentials
      return Remedy::CheckCredentials;
    case 437:  // Allocation Mismatch
      return Remedy::NewSocket;
    case 440:  // Address Family not Supported
      return Remedy::OtherFamily;
    case 486:  // Allocation Quota Reached
      return Remedy::TryLater;
    default:  // 300, 400, 403, 420, 438, 442, 500, 508 and what is not known
      return Remedy::OtherServer;
  }
}

std::string errorText(std::uint16_t code, std::string_view phrase) {
  std::string text = std::to_string(code);
  if (phrase.empty()) phrase = stun::reasonPhrase(code);
  if (phrase.empty()) return text;
  text += ' ';
  // A hostile server's words end up in logs and on terminals.
  for (const char c : phrase.substr(0, kMaxReason))
    text += c >= ' ' && c <= '~' ? c : '?';
  return text;
}

const char* describe(Remedy remedy) {
  switch (remedy) {
    case Remedy::None:
      return "";
    case Remedy::CheckCredentials:
      return "check the user name and password of this TURN server, or fetch new ones";
    case Remedy::NewSocket:
      return "the server still knows this port from before: use another local port";
    case Remedy::TryLater:
      return "try again later, or with fewer connections at once";
    case Remedy::OtherFamily:
      return "this server does not relay this kind of address: use the other IP version";
    case Remedy::OtherServer:
      return "use another TURN server";
    case Remedy::OtherTransport:
      return "the server did not answer this way: use TCP or TLS, or another TURN server";
    case Remedy::Again:
      return "allocate again";
  }
  return "";
}

std::string describe(const Failed& failed) {
  if (failed.remedy == Remedy::None) return failed.reason;
  return failed.reason + "; " + describe(failed.remedy);
}

}  // namespace parley::turn::client
