#include "signal/hub_config.h"

namespace parley::signal {

Status HubConfig::validate() const {
  const auto bad = [](const char* what) { return Error{ErrorCode::Invalid, what}; };
  if (roomMembers < 1 || roomMembers > 256) return bad("room members must be 1 to 256");
  if (messageBytes < 1024 || messageBytes > 131072)
    return bad("message size must be 1,024 to 131,072 bytes");
  if (bufferBytes < messageBytes + 1024)
    return bad("the buffer of a member must hold 1,024 bytes more than a message");
  if (maxConnections == 0 || maxMembers == 0 || maxRooms == 0 || connectionsPerSource == 0 ||
      membersPerSource == 0 || roomsPerSource == 0)
    return bad("a limit of sockets, members or rooms must not be 0");
  if (messagesPerSecond <= 0 || bytesPerSecond <= 0) return bad("a rate must be above 0");
  if (messageBurst < 2 || byteBurst < 2 * static_cast<double>(messageBytes))
    return bad("a burst must let two messages of the largest size through");
  if (resumeWithin < 1s || resumeWithin > 1h) return bad("resume within must be 1 s to 1 h");
  if (joinWithin < 1s || idleAfter < 2 * pingEvery || pingEvery < 1s)
    return bad("time-outs must be 1 s or more, idle at least twice the ping interval");
  if (serverKey.size() < 32) return bad("the server key must have 32 bytes");
  if (proofLife < 1min || proofLife > 24h) return bad("the proof's life must be 1 min to 24 h");
  return Ok{};
}

}  // namespace parley::signal
