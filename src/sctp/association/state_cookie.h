// The state cookie (RFC 9260 section 5.1.3): what the side that answers an INIT wants to know again
// when the COOKIE ECHO comes, signed with a key of this association alone.
//
// Over DTLS nobody can send an INIT but the peer, so the cookie is no defence against floods: it
// carries the tags by which a collision, a restart and an old packet are told apart
// (section 5.2.4).
#pragma once

#include <array>
#include <optional>

#include "base/time.h"
#include "sctp/association/siphash.h"
#include "sctp/wire/init.h"

namespace parley::sctp {

struct StateCookie {
  // Section 16: Valid.Cookie.Life.
  static constexpr Duration kLife = 60s;
  static constexpr std::size_t kSize = 56;
  using Wire = std::array<std::uint8_t, kSize>;

  VerificationTag localTag;  // those of the INIT ACK and of the INIT
  VerificationTag peerTag;
  Tsn localInitialTsn;
  Tsn peerInitialTsn;
  std::uint32_t peerWindow = 0;
  std::uint16_t peerOutboundStreams = 0;
  std::uint16_t peerInboundStreams = 0;
  Extensions peerExtensions;
  // Of the association that was there when the INIT came; zero: none (section 5.2.2).
  VerificationTag localTieTag;
  VerificationTag peerTieTag;
  Time made{};

  Wire write(const SipHash::Key& key) const;
  // Nothing when it is not one that write() made with this key.
  static std::optional<StateCookie> read(ConstBytes wire, const SipHash::Key& key);
};

}  // namespace parley::sctp
