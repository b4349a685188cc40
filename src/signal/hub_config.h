// The numbers of docs/signalling.md section 13, each with its default.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "signal/rights.h"

namespace parley::signal {

inline constexpr int kProtocolVersion = 1;

struct HubConfig {
  // What an owner sets.
  std::size_t roomMembers = 16;      // 1..256
  std::size_t messageBytes = 65536;  // 1,024..131,072
  std::size_t bufferBytes =
      262144;                   // unacknowledged text kept for a member; >= messageBytes + 1 KiB
  Duration resumeWithin = 30s;  // place kept without a socket
  std::size_t maxConnections = 20000;
  std::size_t maxMembers = 20000;
  std::size_t maxRooms = 20000;
  std::size_t connectionsPerSource = 128;  // a source is an IPv4 address or an IPv6 /56
  std::size_t membersPerSource = 128;
  std::size_t roomsPerSource = 64;
  double messagesPerSecond = 50;
  double messageBurst = 500;
  double bytesPerSecond = 128 * 1024;
  double byteBurst = 1024 * 1024;
  Duration joinWithin = 10s;
  Duration idleAfter = 90s;
  Duration pingEvery = 25s;
  bool tokenRequired = true;               // of use only with a TokenVerifier
  Rights anonymousRights = Rights::all();  // without a token

  // What is kept in the state directory from run to run.
  std::vector<std::uint8_t> serverKey;   // 32 bytes or more, secret
  std::vector<std::string> lockDigests;  // Hub::lockDigests() of the run before
  Duration locksKept = 10min;            // how long those hold
  Duration proofLife = 2h;

  // What is wrong, as a sentence's end ("roomMembers must be 1 to 256").
  Status validate() const;
};

}  // namespace parley::signal
