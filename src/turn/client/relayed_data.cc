// The hot path of an allocation: relayed packets, wrapped and unwrapped where they lie.
#include <algorithm>

#include "stun/attributes.h"
#include "turn/client/allocation.h"

namespace parley::turn::client {

namespace attr = stun::attr;

namespace {

constexpr std::size_t kAttributeHeader = 4;

constexpr std::size_t addressValueSize(Family f) {
  return f == Family::V4 ? 8 : 20;
}

constexpr std::size_t indicationHeader(Family f) {
  return stun::kHeaderSize + kAttributeHeader + addressValueSize(f) + kAttributeHeader;
}

}  // namespace

std::size_t Allocation::headroom(const Address& peer) const {
  return channels_.bound(peer) != nullptr ? kChannelHeaderSize : indicationHeader(peer.family());
}

std::size_t Allocation::finish(Bytes room, std::size_t payloadLength, const Address& peer) {
  if (state_ != State::Live || payloadLength > kMaxChannelPayload) return 0;
  const Channel* c = channels_.bound(peer);
  const std::size_t head = c != nullptr ? kChannelHeaderSize : indicationHeader(peer.family());
  // Send indications are padded everywhere (RFC 8489 section 14), ChannelData over streams only
  // (RFC 8656 section 12.5).
  const bool pads = c == nullptr || isStream(path_.transport);
  const std::size_t total = head + payloadLength + (pads ? paddingOf(payloadLength) : 0);
  if (total > room.size() || (c == nullptr && total - stun::kHeaderSize > 0xFFFF)) return 0;
  std::fill(room.begin() + static_cast<std::ptrdiff_t>(head + payloadLength),
            room.begin() + static_cast<std::ptrdiff_t>(total), std::uint8_t{0});
  if (c != nullptr) {
    writeChannelHeader(room.data(), channels_.numberOf(*c), payloadLength);
    channels_.markCarried(*c);
    return total;
  }
  if (config_.bindsChannels && payloadLength != 0 &&
      !stun::Message::looksLikeStun(room.subspan(head, payloadLength)))
    heavyPeer_ = peer;
  storeBe64(indicationId_.data() + 4, loadBe64(indicationId_.data() + 4) + 1);
  stun::TransactionId id;
  id.bytes = indicationId_;
  ByteWriter w(room);
  w.u16(stun::encodeType(stun::Method::Send, stun::Class::Indication));
  w.u16(static_cast<std::uint16_t>(total - stun::kHeaderSize));
  w.u32(stun::kMagicCookie);
  w.bytes(id.bytes);
  w.u16(attr::kXorPeerAddress);
  w.u16(static_cast<std::uint16_t>(addressValueSize(peer.family())));
  stun::encodeXorAddress(w.reserve(addressValueSize(peer.family())), peer, id);
  w.u16(attr::kData);
  w.u16(static_cast<std::uint16_t>(payloadLength));
  return total;
}

std::optional<Unwrapped> Allocation::unwrap(Bytes message) {
  if (state_ != State::Live || message.size() < kChannelHeaderSize) return std::nullopt;
  if (looksLikeChannelData(message[0])) {
    Channel* c = channels_.find(ChannelNumber{loadBe16(message.data())});
    const std::size_t length = loadBe16(message.data() + 2);
    if (c == nullptr || length > message.size() - kChannelHeaderSize) return std::nullopt;
    c->carried = true;
    return Unwrapped{c->peer, message.subspan(kChannelHeaderSize, length)};
  }
  if (!stun::Message::looksLikeStun(message) ||
      loadBe16(message.data()) != stun::encodeType(stun::Method::Data, stun::Class::Indication))
    return std::nullopt;
  const auto m = stun::Message::parse(message);
  if (!m) return std::nullopt;
  const auto from = m->find(attr::kXorPeerAddress);
  const auto data = m->find(attr::kData);
  const auto peer = from ? stun::decodeXorAddress(*from, m->transactionId()) : std::nullopt;
  // RFC 8656 section 11.4: only from peers that we gave a permission.
  if (!peer || !data || permissions_.find(peer->ip()) == nullptr) return std::nullopt;
  const auto at = static_cast<std::size_t>(data->data() - message.data());
  return Unwrapped{*peer, message.subspan(at, data->size())};
}

}  // namespace parley::turn::client
