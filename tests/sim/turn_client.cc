#include "tests/sim/turn_client.h"

#include <algorithm>

#include "stun/attributes.h"
#include "stun/long_term.h"

namespace parley::sim::test {
namespace {

using stun::Class;
using stun::Message;
using stun::MessageWriter;
using stun::Method;
namespace attr = stun::attr;

// RFC 8489 section 6.2.1: Rc requests, then Rm times the first wait.
constexpr Duration kFirstWait = 500ms;
constexpr int kMaxSent = 7;
constexpr Duration kLastWait = kFirstWait * 16;
constexpr Duration kStreamWait = 39'500ms;
constexpr int kMaxChallenges = 3;
// A binding of 600 s, 300 s more, and the time that a request may still be repeated.
constexpr Duration kRebindAfter = 600s + 300s + 40s;

std::size_t roundedUp(std::size_t n) {
  return (n + 3) & ~std::size_t{3};
}

}  // namespace

void TurnClient::reset() {
  transactions_.clear();
  out_.clear();
  relayed_.reset();
  refreshAt_ = kNever;
  permissions_.clear();
  channels_.clear();
}

void TurnClient::bind(Time now) {
  start({.method = Method::Binding, .lifetime = {}, .peers = {}, .channel = {}}, now);
}

void TurnClient::allocate(Time now, std::optional<Duration> lifetime) {
  start({.method = Method::Allocate, .lifetime = lifetime, .peers = {}, .channel = {}}, now);
}

void TurnClient::refresh(Duration lifetime, Time now) {
  start({.method = Method::Refresh, .lifetime = lifetime, .peers = {}, .channel = {}}, now);
}

void TurnClient::permit(const std::vector<Address>& peers, Time now) {
  start({.method = Method::CreatePermission, .lifetime = {}, .peers = peers, .channel = {}}, now);
}

void TurnClient::bindChannel(const Address& peer, turn::ChannelNumber channel, Time now) {
  const auto last = lastAsked_.find(channel);
  if (waitsToRebind && last != lastAsked_.end() && last->second.first != peer &&
      last->second.second + kRebindAfter > now)
    return;
  lastAsked_[channel] = {peer, now};
  start({.method = Method::ChannelBind, .lifetime = {}, .peers = {peer}, .channel = channel}, now);
}

void TurnClient::start(Request request, Time now) {
  stun::TransactionId id;
  random_.fill(id.bytes);
  Transaction t;
  std::vector<std::uint8_t> room(1024 + 24 * request.peers.size());
  MessageWriter w(room, request.method, Class::Request, id);
  if (request.method == Method::Allocate) w.requestedTransport(stun::kTransportUdp);
  if (request.method == Method::ChannelBind) w.channelNumber(request.channel.value());
  if (request.lifetime) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*request.lifetime);
    w.u32(attr::kLifetime, static_cast<std::uint32_t>(seconds.count()));
  }
  for (const Address& peer : request.peers)
    w.xorAddress(attr::kXorPeerAddress, peer);
  if (key_ && request.method != Method::Binding) {
    w.text(attr::kUsername, user_);
    w.text(attr::kRealm, realm_);
    w.text(attr::kNonce, nonce_);
    w.integrity(*key_);
  }
  if (usesFingerprint) w.fingerprint();
  room.resize(w.finish());
  t.request = std::move(request);
  t.bytes = std::move(room);
  t.wait = kFirstWait;
  transmit(transactions_[id] = std::move(t), now);
}

void TurnClient::transmit(Transaction& t, Time now) {
  out_.push_back(t.bytes);
  ++t.sent;
  if (isStream(path_.transport)) {
    t.sent = kMaxSent;
    t.next = now + kStreamWait;
  } else {
    t.next = now + (t.sent == kMaxSent ? kLastWait : t.wait);
    t.wait *= 2;
  }
}

void TurnClient::send(const Address& peer, ConstBytes bytes) {
  const auto channel = channels_.find(peer);
  std::vector<std::uint8_t> room;
  if (channel != channels_.end()) {
    room.resize(turn::kChannelHeaderSize + bytes.size());
    turn::writeChannelHeader(room.data(), channel->second.first, bytes.size());
    std::copy(bytes.begin(), bytes.end(), room.begin() + turn::kChannelHeaderSize);
    // RFC 8656 section 12.5.
    if (isStream(path_.transport)) room.resize(roundedUp(room.size()));
  } else {
    stun::TransactionId id;
    random_.fill(id.bytes);
    room.resize(128 + bytes.size());
    MessageWriter w(room, Method::Send, Class::Indication, id);
    w.xorAddress(attr::kXorPeerAddress, peer);
    w.attribute(attr::kData, bytes);
    if (usesFingerprint) w.fingerprint();
    room.resize(w.finish());
  }
  out_.push_back(std::move(room));
}

void TurnClient::handleDatagrams(const Train& in, Time now) {
  for (std::size_t i = 0; i < in.size(); ++i)
    handleMessage(in[i], now);
}

void TurnClient::handleMessage(Bytes bytes, Time now) {
  if (bytes.size() >= turn::kChannelHeaderSize && turn::looksLikeChannelData(bytes[0])) {
    if (!relayed_) return;  // not told yet that it has an allocation
    const turn::ChannelNumber number{loadBe16(bytes.data())};
    const std::size_t length = loadBe16(bytes.data() + 2);
    if (length > bytes.size() - turn::kChannelHeaderSize) return;
    for (const auto& [peer, channel] : channels_) {
      if (channel.first != number) continue;
      const Bytes payload = bytes.subspan(turn::kChannelHeaderSize, length);
      events_.push_back(Heard{peer, {payload.begin(), payload.end()}});
      return;
    }
    return;
  }
  const auto message = Message::parse(bytes);
  if (!message) return;
  if (message->method() != Method::Data || message->messageClass() != Class::Indication)
    return handleAnswer(*message, now);
  const auto peer = message->find(attr::kXorPeerAddress);
  const auto data = message->find(attr::kData);
  if (!peer || !data || !relayed_) return;
  const auto from = stun::decodeXorAddress(*peer, message->transactionId());
  if (from) events_.push_back(Heard{*from, {data->begin(), data->end()}});
}

void TurnClient::handleAnswer(const Message& message, Time now) {
  const auto it = transactions_.find(message.transactionId());
  if (it == transactions_.end() || message.method() != it->second.request.method) return;
  const bool failed = message.messageClass() == Class::Error;
  if (!failed && message.messageClass() != Class::Success) return;
  // RFC 8489 section 9.2.5. Of the errors only challenges come without integrity.
  const bool authenticated = key_ && message.verify(*key_);
  if (!failed && !authenticated && message.method() != Method::Binding) return;
  const Request request = std::move(it->second.request);
  transactions_.erase(it);
  if (failed)
    handleError(message, request, now);
  else
    handleSuccess(message, request, now);
}

bool TurnClient::adoptChallenge(const Message& message) {
  const auto realm = message.find(attr::kRealm);
  const auto nonce = message.find(attr::kNonce);
  if (!realm || !nonce) return false;
  realm_ = asText(*realm);
  nonce_ = asText(*nonce);
  const stun::LongTermKey key(stun::PasswordAlgorithm::Md5, user_, realm_, password_);
  key_.emplace(crypto::HmacAlgorithm::Sha1, key.bytes());
  return true;
}

void TurnClient::handleError(const Message& message, Request request, Time now) {
  const auto value = message.find(attr::kErrorCode);
  const auto error = value ? stun::decodeErrorCode(*value) : std::nullopt;
  if (!error) return;
  if ((error->code == 401 || error->code == 438) && ++request.challenges < kMaxChallenges &&
      adoptChallenge(message)) {
    start(std::move(request), now);
    return;
  }
  // RFC 8656 section 8.3: an allocation that the server does not know is gone.
  if (error->code == 437 && request.method == Method::Refresh) reset();
  events_.push_back(Refused{request.method, error->code});
}

void TurnClient::handleSuccess(const Message& message, const Request& request, Time now) {
  const auto lifetimeValue = message.find(attr::kLifetime);
  const std::chrono::seconds lifetime{lifetimeValue ? stun::decodeU32(*lifetimeValue).value_or(0)
                                                    : 0};
  switch (request.method) {
    case Method::Allocate: {
      const auto relayed = message.find(attr::kXorRelayedAddress);
      const auto mapped = message.find(attr::kXorMappedAddress);
      if (!relayed || !mapped) return;
      relayed_ = stun::decodeXorAddress(*relayed, message.transactionId());
      const auto self = stun::decodeXorAddress(*mapped, message.transactionId());
      if (!relayed_ || !self) return;
      refreshAt_ = now + lifetime - 60s;
      events_.push_back(Allocated{*relayed_, *self, lifetime});
      return;
    }
    case Method::Refresh:
      refreshAt_ = now + lifetime - 60s;
      if (request.lifetime == Duration{}) reset();
      break;
    case Method::ChannelBind:
      // Its number may have been another peer's, whose binding ended at the server unheard.
      std::erase_if(channels_, [&](const auto& c) { return c.second.first == request.channel; });
      channels_[request.peers.front()] = {request.channel, now + 540s};
      [[fallthrough]];
    case Method::CreatePermission:
      for (const Address& peer : request.peers)
        permissions_[peer.ip()] = now + 240s;
      break;
    default:
      break;
  }
  events_.push_back(Done{request.method, request.peers});
}

void TurnClient::handleTimeout(Time now) {
  for (auto it = transactions_.begin(); it != transactions_.end();) {
    Transaction& t = it->second;
    if (t.next > now) {
      ++it;
    } else if (t.sent < kMaxSent) {
      transmit(t, now);
      ++it;
    } else {
      events_.push_back(NoAnswer{t.request.method});
      it = transactions_.erase(it);
    }
  }
  if (keepsAlive && relayed_) keepAlive(now);
}

void TurnClient::keepAlive(Time now) {
  if (refreshAt_ <= now) {
    refreshAt_ = now + 30s;  // until the answer says better
    refresh(600s, now);
  }
  std::vector<Address> due;
  for (auto& [ip, at] : permissions_) {
    if (at > now) continue;
    at = now + 30s;
    due.emplace_back(ip, 0);
  }
  if (!due.empty()) permit(due, now);
  for (auto& [peer, channel] : channels_) {
    if (channel.second > now) continue;
    channel.second = now + 30s;
    bindChannel(peer, channel.first, now);
  }
}

Time TurnClient::nextTimeout() const {
  Time next = kNever;
  for (const auto& [id, t] : transactions_)
    next = std::min(next, t.next);
  if (!keepsAlive || !relayed_) return next;
  next = std::min(next, refreshAt_);
  for (const auto& [ip, at] : permissions_)
    next = std::min(next, at);
  for (const auto& [peer, channel] : channels_)
    next = std::min(next, channel.second);
  return next;
}

More TurnClient::pollTransmit(TransmitBatch& out, Time) {
  while (!out_.empty()) {
    const Bytes room = out.reserve(out_.front().size());
    if (room.empty()) return More::Yes;
    std::copy(out_.front().begin(), out_.front().end(), room.begin());
    out.commit(path_, out_.front().size());
    out_.pop_front();
  }
  return More::No;
}

std::optional<TurnClient::Event> TurnClient::pollEvent() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace parley::sim::test
