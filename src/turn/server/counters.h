// What /metrics shows of one TURN engine. Plain numbers of one shard: the driver adds up shards.
// No label has a value that a user chooses.
#pragma once

#include <array>
#include <cstdint>

#include "net/address.h"
#include "net/path.h"
#include "turn/server/verdict.h"

namespace parley::turn {

// The error codes the engine answers with, in the order of Counters::errors.
inline constexpr std::array<std::uint16_t, 15> kErrorCodes = {
    400, 401, 403, 420, 437, 438, 440, 441, 442, 443, 446, 447, 486, 500, 508};
// Methods in the order of Counters::requests; Other is what we do not know.
enum class CountedMethod : std::uint8_t {
  Binding,
  Allocate,
  Refresh,
  CreatePermission,
  ChannelBind,
  Other,
};
inline constexpr std::size_t kCountedMethods = 6;
const char* name(CountedMethod method);

struct Counters {
  // Live allocations, by client transport (index Transport) and relay family (index Family).
  std::array<std::array<std::uint64_t, 2>, 4> allocations{};
  std::uint64_t allocationsMade = 0;

  std::array<std::uint64_t, kCountedMethods> requests{};
  std::uint64_t successes = 0;
  std::array<std::uint64_t, kErrorCodes.size()> errors{};
  std::uint64_t malformedMessages = 0;
  std::uint64_t limitedErrors = 0;   // answers held back by the token bucket
  std::uint64_t droppedAnswers = 0;  // the engine's queue was full
  std::uint64_t droppedNews = 0;     // events nobody polled

  std::uint64_t packetsToPeers = 0;
  std::uint64_t bytesToPeers = 0;  // payload, without our headers
  std::uint64_t packetsToClients = 0;
  std::uint64_t bytesToClients = 0;
  std::array<std::uint64_t, kDropCauses> drops{};  // datagrams, by DropCause
};

}  // namespace parley::turn
