#include "sctp/association/state_cookie.h"

namespace parley::sctp {
namespace {

constexpr std::size_t kSigned = StateCookie::kSize - 8;

std::uint32_t bitsOf(const Extensions& e) {
  return (e.forwardTsn ? 1u : 0u) | (e.reconfig ? 2u : 0u) | (e.interleaving ? 4u : 0u) |
         (e.zeroChecksum ? 8u : 0u);
}
Extensions extensionsOf(std::uint32_t bits) {
  return {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
}

}  // namespace

StateCookie::Wire StateCookie::write(const SipHash::Key& key) const {
  Wire wire{};
  ByteWriter out(wire);
  out.u32(localTag.value());
  out.u32(peerTag.value());
  out.u32(localInitialTsn.value());
  out.u32(peerInitialTsn.value());
  out.u32(peerWindow);
  out.u16(peerOutboundStreams);
  out.u16(peerInboundStreams);
  out.u32(bitsOf(peerExtensions));
  out.u32(localTieTag.value());
  out.u32(peerTieTag.value());
  out.u32(0);
  out.u64(static_cast<std::uint64_t>(made.time_since_epoch().count()));
  out.u64(SipHash::of(key, out.written()));
  return wire;
}

std::optional<StateCookie> StateCookie::read(ConstBytes wire, const SipHash::Key& key) {
  if (wire.size() != kSize) return std::nullopt;
  ByteReader in(wire);
  StateCookie c;
  c.localTag = VerificationTag{in.u32()};
  c.peerTag = VerificationTag{in.u32()};
  c.localInitialTsn = Tsn{in.u32()};
  c.peerInitialTsn = Tsn{in.u32()};
  c.peerWindow = in.u32();
  c.peerOutboundStreams = in.u16();
  c.peerInboundStreams = in.u16();
  c.peerExtensions = extensionsOf(in.u32());
  c.localTieTag = VerificationTag{in.u32()};
  c.peerTieTag = VerificationTag{in.u32()};
  in.skip(4);
  c.made = Time{Duration{static_cast<std::int64_t>(in.u64())}};
  if (in.u64() != SipHash::of(key, wire.first(kSigned))) return std::nullopt;
  return c;
}

}  // namespace parley::sctp
