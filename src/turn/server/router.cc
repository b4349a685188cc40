#include "turn/server/router.h"

#include <cstring>

#include "stun/attributes.h"
#include "stun/message.h"
#include "turn/channel_data.h"

namespace parley::turn {
namespace {

// The largest UDP payload over IPv4; IPv6 has 20 bytes less, which the socket says.
constexpr std::size_t kMaxUdpPayload = 65'507;
// And what a framed STUN message may be (its length has 16 bits and is a multiple of four).
constexpr std::size_t kMaxStreamMessage = 0xFFFC;
constexpr std::uint16_t kSendType = stun::encodeType(stun::Method::Send, stun::Class::Indication);
constexpr std::uint16_t kDataType = stun::encodeType(stun::Method::Data, stun::Class::Indication);

enum class Kind : std::uint8_t { Channel, Send, Control, Other };

Kind kindOf(ConstBytes datagram) {
  if (datagram.size() < kChannelHeaderSize) return Kind::Other;
  if (looksLikeChannelData(datagram[0])) return Kind::Channel;
  if (datagram[0] > 3) return Kind::Other;  // RFC 7983: STUN is 0 to 3
  return loadBe16(datagram.data()) == kSendType ? Kind::Send : Kind::Control;
}

// How many datagrams from the front are of one kind.
std::size_t runOf(const Train& in, Kind kind) {
  const std::size_t size = in.size();  // a division
  std::size_t n = 1;
  while (n < size && kindOf(in[n]) == kind)
    ++n;
  return n;
}

// Adds a datagram of this payload to a run, which may end with one shorter than the rest.
template <class Run>
bool extend(Run& run, std::uint32_t length) {
  if (run.count > 0 && run.lastLength != run.length) return false;
  if (length > run.length) return false;
  run.lastLength = length;
  ++run.count;
  return true;
}

struct SendTarget {
  Address peer;
  std::uint32_t skip = 0;
  std::uint32_t length = 0;
};

std::optional<SendTarget> parseSend(ConstBytes datagram) {
  const auto message = stun::Message::parse(datagram);
  if (!message) return std::nullopt;
  std::optional<ConstBytes> peer;
  std::optional<ConstBytes> data;
  for (const stun::Attribute a : message->attributes()) {
    if (a.type == stun::attr::kXorPeerAddress) {
      if (!peer) peer = a.value;
    } else if (a.type == stun::attr::kData) {
      if (!data) data = a.value;
    } else if (stun::comprehensionRequired(a.type)) {
      return std::nullopt;  // RFC 8489 section 6.3.2; DONT-FRAGMENT among them, RFC 8656 11.2
    }
  }
  if (!peer || !data) return std::nullopt;
  const auto address = stun::decodeXorAddress(*peer, message->transactionId());
  if (!address) return std::nullopt;
  return SendTarget{*address, static_cast<std::uint32_t>(data->data() - datagram.data()),
                    static_cast<std::uint32_t>(data->size())};
}

}  // namespace

Verdict Router::drop(DropCause cause, std::size_t datagrams) {
  counters_.drops[static_cast<std::size_t>(cause)] += datagrams;
  return Verdict::drop(cause, datagrams);
}

Verdict Router::fromClient(const Train& in, Time now) {
  switch (kindOf(in[0])) {
    case Kind::Channel:
      return channelData(in, now);
    case Kind::Send:
      return sendIndication(in, now);
    case Kind::Control:
      return Verdict::control(runOf(in, Kind::Control));
    case Kind::Other:
      break;
  }
  return drop(DropCause::NotTurn, runOf(in, Kind::Other));
}

bool Router::mayPass(const Allocation& allocation, const Permission& permission,
                     const Address& peer) const {
  if (peer.port() < allocation.limits.minPeerPort) return false;
  return permission.judged == PeerClass::Open ||
         policy_.portPasses(permission.judged, peer, registry_);
}

Verdict Router::channelData(const Train& in, Time now) {
  Allocation* allocation = table_.byClient(in.path());
  if (allocation == nullptr) return drop(DropCause::NoAllocation, runOf(in, Kind::Channel));
  const Bytes first = in[0];
  const ChannelNumber number{loadBe16(first.data())};
  const Channel* channel = allocation->channel(number);
  if (channel == nullptr || channel->expires <= now) return drop(DropCause::NoChannel, 1);

  Run run;
  run.skip = kChannelHeaderSize;
  run.length = loadBe16(first.data() + 2);
  for (std::size_t i = 0, n = in.size(); i < n; ++i) {
    const Bytes d = in[i];
    if (d.size() < kChannelHeaderSize || loadBe16(d.data()) != number.value()) break;
    const std::uint32_t length = loadBe16(d.data() + 2);
    // RFC 8656 section 12.6: over UDP there may be padding, but never less than Length.
    if (length > d.size() - kChannelHeaderSize || !extend(run, length)) break;
  }
  if (run.count == 0) return drop(DropCause::Malformed, 1);
  return toPeer(*allocation, channel->peer, run, now);
}

Verdict Router::sendIndication(const Train& in, Time now) {
  Allocation* allocation = table_.byClient(in.path());
  if (allocation == nullptr) return drop(DropCause::NoAllocation, runOf(in, Kind::Send));
  const auto target = parseSend(in[0]);
  if (!target) return drop(DropCause::Malformed, 1);
  Run run;
  run.count = 1;
  run.skip = target->skip;
  run.length = target->length;
  run.lastLength = target->length;
  for (std::size_t i = 1, n = in.size(); i < n; ++i) {
    if (kindOf(in[i]) != Kind::Send) break;
    const auto next = parseSend(in[i]);
    if (!next || next->peer != target->peer || next->skip != target->skip) break;
    if (!extend(run, next->length)) break;
  }
  return toPeer(*allocation, target->peer, run, now);
}

Verdict Router::toPeer(Allocation& allocation, const Address& peer, const Run& run, Time now) {
  RelaySocket* relay = allocation.relayFor(peer.family());
  const Permission* permission = allocation.livePermission(peer.ip(), now);
  if (relay == nullptr || permission == nullptr) return drop(DropCause::NoPermission, run.count);
  if (!mayPass(allocation, *permission, peer)) return drop(DropCause::DeniedPeer, run.count);
  if (run.length > kMaxUdpPayload) return drop(DropCause::TooLarge, run.count);
  const DataRate rate = allocation.limits.bandwidth;
  if (rate > DataRate() && !allocation.toPeers.take(run.bytes(), rate, now)) {
    return drop(DropCause::OverRate, run.count);
  }
  allocation.traffic.packetsToPeers += run.count;
  allocation.traffic.bytesToPeers += run.bytes();
  counters_.packetsToPeers += run.count;
  counters_.bytesToPeers += run.bytes();

  Verdict v;
  v.kind = Verdict::Kind::Forward;
  v.count = run.count;
  v.skip = run.skip;
  v.length = run.length;
  v.lastLength = run.lastLength;
  v.out.link = relay->link;
  v.out.local = relay->bound;
  v.out.remote = permission->judged == PeerClass::Open ? peer : policy_.toBound(peer);
  return v;
}

Verdict Router::fromPeer(const Train& in, Time now) {
  Allocation* allocation = table_.byRelay(in.path().link);
  if (allocation == nullptr) return drop(DropCause::NoAllocation, in.size());
  return toClient(*allocation, in, policy_.toVisible(in.path().remote), now);
}

Verdict Router::toClient(Allocation& allocation, const Train& in, const Address& peer, Time now) {
  const std::size_t count = in.size();
  const Permission* permission = allocation.livePermission(peer.ip(), now);
  if (permission == nullptr) return drop(DropCause::NoPermission, count);
  if (!mayPass(allocation, *permission, peer)) return drop(DropCause::DeniedPeer, count);
  const DataRate rate = allocation.limits.bandwidth;
  const std::uint64_t bytes = in.bytes().size();
  if (rate > DataRate() && !allocation.toClient.take(bytes, rate, now)) {
    return drop(DropCause::OverRate, count);
  }

  Verdict v;
  v.kind = Verdict::Kind::Forward;
  v.count = static_cast<std::uint32_t>(count);
  v.lastLength = static_cast<std::uint32_t>(in[count - 1].size());
  v.length = count > 1 ? static_cast<std::uint32_t>(in.segmentSize()) : v.lastLength;
  const bool stream = isStream(allocation.client.transport);
  const Channel* channel = allocation.channelTo(peer);
  if (channel != nullptr && channel->expires > now) {
    prefixChannel(v, *channel, stream);
  } else {
    prefixData(v, peer);
  }
  if (v.sizeOf(0) > (stream ? kMaxStreamMessage : kMaxUdpPayload)) {
    return drop(DropCause::TooLarge, count);
  }

  allocation.traffic.packetsToClient += count;
  allocation.traffic.bytesToClient += bytes;
  counters_.packetsToClients += count;
  counters_.bytesToClients += bytes;
  v.out = allocation.client;
  return v;
}

void Router::prefixChannel(Verdict& v, const Channel& channel, bool stream) const {
  v.prefixLength = kChannelHeaderSize;
  writeChannelHeader(v.prefix.data(), channel.number, v.length);
  writeChannelHeader(v.lastPrefix.data(), channel.number, v.lastLength);
  if (!stream) return;
  v.padding = static_cast<std::uint8_t>(paddingOf(v.length));
  v.lastPadding = static_cast<std::uint8_t>(paddingOf(v.lastLength));
}

// RFC 8656 section 11.4: a Data indication with XOR-PEER-ADDRESS and, last, DATA.
void Router::prefixData(Verdict& v, const Address& peer) {
  stun::TransactionId id;
  indicationId_ += 0x9e3779b97f4a7c15u;  // tells indications apart, is no secret
  storeBe64(id.bytes.data(), indicationId_ ^ (indicationId_ >> 31));
  v.padding = static_cast<std::uint8_t>(paddingOf(v.length));
  v.lastPadding = static_cast<std::uint8_t>(paddingOf(v.lastLength));

  std::uint8_t* p = v.prefix.data();
  const std::size_t address =
      stun::encodeXorAddress(Bytes(p + stun::kHeaderSize + 4, stun::kMaxAddressValue), peer, id);
  const std::size_t data = stun::kHeaderSize + 4 + address;
  v.prefixLength = static_cast<std::uint8_t>(data + 4);
  storeBe16(p, kDataType);
  storeBe32(p + 4, stun::kMagicCookie);
  std::memcpy(p + 8, id.bytes.data(), id.bytes.size());
  storeBe16(p + stun::kHeaderSize, stun::attr::kXorPeerAddress);
  storeBe16(p + stun::kHeaderSize + 2, static_cast<std::uint16_t>(address));
  storeBe16(p + data, stun::attr::kData);
  v.lastPrefix = v.prefix;

  const auto setLengths = [&](std::uint8_t* at, std::uint32_t payload, std::uint8_t padding) {
    const std::size_t whole = v.prefixLength - stun::kHeaderSize + payload + padding;
    storeBe16(at + 2, static_cast<std::uint16_t>(whole));
    storeBe16(at + data + 2, static_cast<std::uint16_t>(payload));
  };
  setLengths(v.prefix.data(), v.length, v.padding);
  setLengths(v.lastPrefix.data(), v.lastLength, v.lastPadding);
}

}  // namespace parley::turn
