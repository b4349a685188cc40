// Why an allocation could not be had or was lost, in words, and what its owner can do about it.
#pragma once

#include <cstdint>
#include <string>

namespace parley::turn::client {

enum class Remedy : std::uint8_t {
  None,              // it ended as asked
  CheckCredentials,  // name or password are wrong or too old
  NewSocket,         // from another local port (RFC 8656 section 7.4, 437)
  TryLater,          // a quota: later, or with fewer allocations
  OtherFamily,       // the server does not relay this address family
  OtherServer,       // this server cannot or will not
  OtherTransport,    // no answer this way: over a stream, or another server
  Again,             // it worked and broke: make a new allocation
};

struct Failed {
  std::uint16_t code = 0;  // the server's; 0: it was not an answer that ended it
  std::string reason;      // what happened, for people: "486 Allocation Quota Reached"
  Remedy remedy = Remedy::None;
};

// What to do after an error answer to Allocate or Refresh.
Remedy remedyFor(std::uint16_t code);
// "401 Unauthorized": the server's own phrase, printable characters of it only and at most
// kMaxReason, else the registered one.
inline constexpr std::size_t kMaxReason = 128;
std::string errorText(std::uint16_t code, std::string_view phrase);
// The remedy as advice: "check the user name and password".
const char* describe(Remedy remedy);
// Both in one line.
std::string describe(const Failed& failed);

}  // namespace parley::turn::client
