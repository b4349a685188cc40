#include "tests/sim/relay_oracle.h"

#include <optional>

#include "stun/attributes.h"
#include "stun/long_term.h"
#include "turn/channel_data.h"

namespace parley::sim::test {
namespace {

using stun::Class;
using stun::Message;
using stun::Method;
namespace attr = stun::attr;

constexpr std::size_t kMaxFailures = 10;
// RFC 8656 section 9.
constexpr Duration kPermission = 300s;
// Section 12.
constexpr Duration kChannel = 600s;

std::uint64_t hashOf(ConstBytes bytes) {  // FNV-1a
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const std::uint8_t b : bytes)
    h = (h ^ b) * 0x100000001b3u;
  return h;
}

struct Relayed {
  Address peer;
  std::optional<std::uint16_t> channel;
  ConstBytes payload;
};

// The payload of ChannelData, or of a Send or Data indication; nothing for other messages.
std::optional<Relayed> relayedIn(ConstBytes bytes, Method indication) {
  if (bytes.size() >= turn::kChannelHeaderSize && turn::looksLikeChannelData(bytes[0])) {
    const std::size_t length = loadBe16(bytes.data() + 2);
    if (length > bytes.size() - turn::kChannelHeaderSize) return std::nullopt;
    return Relayed{{}, loadBe16(bytes.data()), bytes.subspan(turn::kChannelHeaderSize, length)};
  }
  const auto message = Message::parse(bytes);
  if (!message || message->method() != indication || message->messageClass() != Class::Indication)
    return std::nullopt;
  const auto peer = message->find(attr::kXorPeerAddress);
  const auto data = message->find(attr::kData);
  if (!peer || !data) return std::nullopt;
  const auto address = stun::decodeXorAddress(*peer, message->transactionId());
  if (!address) return std::nullopt;
  return Relayed{*address, std::nullopt, *data};
}

}  // namespace

void RelayOracle::addUser(const std::string& name, const std::string& password) {
  const stun::LongTermKey md5(stun::PasswordAlgorithm::Md5, name, realm_, password);
  keys_.emplace(name, crypto::HmacKey(crypto::HmacAlgorithm::Sha1, md5.bytes()));
  // RFC 8489 section 9.2.5: who was offered password algorithms; the name may be hashed then.
  const stun::LongTermKey sha256(stun::PasswordAlgorithm::Sha256, name, realm_, password);
  keys256_.emplace(name, crypto::HmacKey(crypto::HmacAlgorithm::Sha256, sha256.bytes()));
  const auto hash = stun::userhash(name, realm_);
  keys256_.emplace(std::string(asText(hash)),
                   crypto::HmacKey(crypto::HmacAlgorithm::Sha256, sha256.bytes()));
}

void RelayOracle::fail(const std::string& what, Time now) {
  if (failures_.size() == kMaxFailures) return;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  failures_.push_back("at " + std::to_string(ms.count()) + " ms: " + what);
}

void RelayOracle::received(const Path& path, ConstBytes message, Time now) {
  if (path.local != listener_) {
    ++counts_[hashOf(message)].in;
    return;
  }
  if (const auto relayed = relayedIn(message, Method::Send)) {
    ++counts_[hashOf(relayed->payload)].in;
    return;
  }
  const auto parsed = Message::parse(message);
  if (parsed && parsed->messageClass() == Class::Request) noteRequest(clientOf(path), *parsed, now);
}

void RelayOracle::noteRequest(const Client& client, const Message& message, Time now) {
  const bool binds = message.method() == Method::ChannelBind;
  if (!binds && message.method() != Method::CreatePermission) return;
  auto user = message.find(attr::kUsername);
  if (!user) user = message.find(attr::kUserhash);
  if (!user) return;
  auto& keys = message.integrity() == stun::Integrity::Sha256 ? keys256_ : keys_;
  const auto key = keys.find(std::string{asText(*user)});
  if (key == keys.end() || !message.verify(key->second)) return;
  Asked asked{now, {}, {}};
  for (const stun::Attribute a : message.attributes()) {
    if (a.type != attr::kXorPeerAddress) continue;
    if (const auto peer = stun::decodeXorAddress(a.value, message.transactionId()))
      asked.peers.push_back(*peer);
  }
  const auto number = message.find(attr::kChannelNumber);
  if (binds && number) asked.channel = stun::decodeChannelNumber(*number);
  asked_[{client, message.transactionId()}] = asked;
}

void RelayOracle::noteSuccess(const Client& client, const Message& message, Time now) {
  const auto it = asked_.find({client, message.transactionId()});
  if (it == asked_.end() || message.messageClass() != Class::Success) return;
  const Asked asked = std::move(it->second);
  asked_.erase(it);
  Book& book = books_[client];
  for (const Address& peer : asked.peers) {
    if (forbidden_.contains(peer.ip())) fail("permitted " + peer.toString(), now);
    book.permissions[peer.ip()] = asked.when + kPermission;
  }
  if (asked.channel && !asked.peers.empty())
    grantChannel(book, *asked.channel, asked.peers.front(), asked.when);
}

// RFC 8656 section 12: a channel has one peer and a peer one channel as long as they are bound.
void RelayOracle::grantChannel(Book& book, std::uint16_t number, const Address& peer, Time asked) {
  for (const auto& [other, channel] : book.channels)
    if (channel.until > asked && (other == number) != (channel.peer == peer))
      fail("channel " + std::to_string(number) + " bound to " + peer.toString() +
               " besides another binding",
           asked);
  book.channels[number] = {peer, asked + kChannel};
}

bool RelayOracle::permits(const Client& client, const IpAddress& peer, Time now) const {
  const auto book = books_.find(client);
  if (book == books_.end()) return false;
  const auto it = book->second.permissions.find(peer);
  return it != book->second.permissions.end() && it->second > now;
}

void RelayOracle::noteOut(ConstBytes payload, Time now) {
  Count& count = counts_[hashOf(payload)];
  if (++count.out > count.in)
    fail("a payload left " + std::to_string(count.out) + " times and came " +
             std::to_string(count.in) + " times",
         now);
}

void RelayOracle::sent(const Packet& packet, Time now) {
  if (packet.flow.protocol != Protocol::Udp) return;
  if (packet.flow.source == listener_)
    checkToClient({packet.flow.destination, {}}, packet.payload, false, now);
  else
    checkToPeer(packet, now);
}

void RelayOracle::sentOnStream(const Path& path, ConstBytes message, Time now) {
  checkToClient(clientOf(path), message, true, now);
}

void RelayOracle::checkToClient(const Client& client, ConstBytes message, bool stream, Time now) {
  const auto relayed = relayedIn(message, Method::Data);
  if (!relayed) {
    if (const auto answer = Message::parse(message)) noteSuccess(client, *answer, now);
    return;
  }
  ++toClients_;
  Address peer = relayed->peer;
  if (relayed->channel) {
    const auto& channels = books_[client].channels;
    const auto channel = channels.find(*relayed->channel);
    if (channel == channels.end() || channel->second.until <= now)
      return fail("ChannelData to " + client.remote.toString() + " on a channel that is not bound",
                  now);
    peer = channel->second.peer;
    const std::size_t exact = turn::kChannelHeaderSize + relayed->payload.size();
    if (message.size() != (stream ? (exact + 3) / 4 * 4 : exact))
      fail("ChannelData of " + std::to_string(message.size()) + " bytes says it has " +
               std::to_string(exact),
           now);
  }
  if (!permits(client, peer.ip(), now))
    fail("relayed from " + peer.toString() + " to " + client.remote.toString() +
             " without permission",
         now);
  noteOut(relayed->payload, now);
}

void RelayOracle::checkToPeer(const Packet& packet, Time now) {
  ++toPeers_;
  const Address& peer = packet.flow.destination;
  const auto relay = byRelay_.find(packet.flow.source);
  if (relay == byRelay_.end())
    return fail("a packet from " + packet.flow.source.toString() + ", which relays for nobody",
                now);
  if (!permits(relay->second, peer.ip(), now))
    fail("relayed to " + peer.toString() + " without permission", now);
  if (forbidden_.contains(peer.ip()) || peer == listener_)
    fail("relayed to " + peer.toString() + ", which is denied", now);
  noteOut(packet.payload, now);
}

void RelayOracle::handleEvent(const turn::ServerEvent& event) {
  if (const auto* made = std::get_if<turn::AllocationMade>(&event)) {
    byRelay_[made->relayed] = clientOf(made->client);
    relayOf_[made->allocation] = made->relayed;
  }
  if (const auto* ended = std::get_if<turn::AllocationEnded>(&event)) {
    const auto it = relayOf_.find(ended->allocation);
    if (it == relayOf_.end()) return;
    // Permissions and channels die with their allocation (RFC 8656 sections 9 and 12).
    books_.erase(clientOf(ended->client));
    byRelay_.erase(it->second);
    relayOf_.erase(it);
  }
}

}  // namespace parley::sim::test
