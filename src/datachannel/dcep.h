// The Data Channel Establishment Protocol (RFC 8832): its two messages, read and written. Views: a
// parsed message points into its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"

namespace parley::datachannel {

// RFC 8832 section 8.2.2: the channel type, taken apart.
enum class Reliability : std::uint8_t {
  Reliable = 0,
  MaxRetransmits = 1,  // the parameter counts retransmissions
  MaxLifetime = 2,     // the parameter is milliseconds
};

struct DcepOpen {
  static constexpr std::size_t kHeader = 12;
  static constexpr std::size_t kMaxName = 65'535;  // label and protocol, bytes each

  bool unordered = false;
  Reliability reliability = Reliability::Reliable;
  std::uint32_t reliabilityParameter = 0;  // 0 for Reliable
  std::uint16_t priority = 0;
  std::string_view label;
  std::string_view protocol;

  std::size_t size() const { return kHeader + label.size() + protocol.size(); }
};
struct DcepAck {};

using DcepMessage = std::variant<DcepOpen, DcepAck>;

// Malformed: lengths that do not add up, a message type or channel type that there is not. Names
// are any bytes here; whether they are UTF-8 is for whoever shows them.
Result<DcepMessage> parseDcep(ConstBytes message);
// Writes into out, which holds open.size() bytes; names of at most kMaxName.
void writeDcepOpen(Bytes out, const DcepOpen& open);
inline constexpr std::uint8_t kDcepAck = 2;  // the whole of a DATA_CHANNEL_ACK

}  // namespace parley::datachannel
