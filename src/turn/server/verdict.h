// What the router says of a train: the decision for its first `count` datagrams, after which the
// driver asks again for the rest. A Forward is carried out with the driver's own receive buffer:
// datagram i goes out on `out` as
//
//   prefixOf(i)  payloadOf(train, i)  paddingOf(i) zero bytes
//
// three slices for one iovec each, never copied. All datagrams of a Forward but the last come out
// equally long and the last not longer, so that they go out as one GSO train (mind that a header
// added can pass the link's MTU: send singly then). The ECN bits are those of the train that came
// in (RFC 8656 section 14). A Verdict is a value and holds its prefixes: several may be gathered
// before one system call.
#pragma once

#include <array>
#include <cstdint>

#include "base/check.h"
#include "net/train.h"

namespace parley::turn {

// Why relayed bytes went nowhere. Also the index of a counter.
enum class DropCause : std::uint8_t {
  None,
  NotTurn,       // from a client: neither STUN nor ChannelData
  NoAllocation,  // from a client without one, or on a relay link that is gone
  Malformed,     // ChannelData's Length, or an indication that does not parse
  NoChannel,     // a channel number that is not bound
  NoPermission,  // no live permission for the peer's address (RFC 8656 section 9)
  DeniedPeer,    // policy: an own address without a live relay there, a denied prefix, a low port
  OverRate,      // the bandwidth of this kind of user is spent
  TooLarge,      // would not fit into a message to the client
  Overflow,      // the engine's own queue is full (slow path only)
};
inline constexpr std::size_t kDropCauses = 10;
const char* name(DropCause cause);

struct Verdict {
  enum class Kind : std::uint8_t {
    Drop,     // forget these datagrams; `cause` says why, the counter has risen
    Control,  // give these to Server::handleDatagrams
    Forward,  // send these on `out`
  };
  // The largest prefix: a Data indication's header, an IPv6 XOR-PEER-ADDRESS, DATA's header.
  static constexpr std::size_t kMaxPrefix = 20 + 24 + 4;

  Kind kind = Kind::Drop;
  DropCause cause = DropCause::None;
  std::uint8_t prefixLength = 0;
  std::uint8_t padding = 0;
  std::uint8_t lastPadding = 0;
  std::uint32_t count = 0;       // datagrams of the train, from its front, at least 1
  std::uint32_t skip = 0;        // where the payload starts in each
  std::uint32_t length = 0;      // payload bytes of each but the last of `count`
  std::uint32_t lastLength = 0;  // and of the last
  Path out;
  std::array<std::uint8_t, kMaxPrefix> prefix;
  std::array<std::uint8_t, kMaxPrefix> lastPrefix;

  // NOLINTNEXTLINE: the prefixes are written when they are used
  Verdict() {}
  static Verdict drop(DropCause why, std::size_t datagrams) {
    Verdict v;
    v.cause = why;
    v.count = static_cast<std::uint32_t>(datagrams);
    return v;
  }
  static Verdict control(std::size_t datagrams) {
    Verdict v;
    v.kind = Kind::Control;
    v.count = static_cast<std::uint32_t>(datagrams);
    return v;
  }

  ConstBytes prefixOf(std::size_t i) const {
    return ConstBytes(i + 1 == count ? lastPrefix : prefix).first(prefixLength);
  }
  Bytes payloadOf(const Train& in, std::size_t i) const {
    return in[i].subspan(skip, i + 1 == count ? lastLength : length);
  }
  std::size_t paddingOf(std::size_t i) const { return i + 1 == count ? lastPadding : padding; }
  // The whole of one datagram (or framed message) going out.
  std::size_t sizeOf(std::size_t i) const {
    return i + 1 == count ? std::size_t{prefixLength} + lastLength + lastPadding
                          : std::size_t{prefixLength} + length + padding;
  }
};

}  // namespace parley::turn
