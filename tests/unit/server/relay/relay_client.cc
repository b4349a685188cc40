#include "tests/unit/server/relay/relay_client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "crypto/random.h"
#include "driver/socket_address.h"
#include "stun/attributes.h"
#include "stun/long_term.h"
#include "stun/message.h"
#include "turn/channel_data.h"

namespace parley::server {
namespace {

namespace attr = stun::attr;
using stun::Class;
using stun::MessageWriter;
using stun::Method;

constexpr int kPatienceSeconds = 20;  // only a failing test waits so long
constexpr std::size_t kRoom = 70'000;

std::uint64_t seed() {
  return crypto::SystemRandom().next64();
}

}  // namespace

RelayClient::RelayClient(const Address& server, Options options)
    : options_(std::move(options)), server_(server), random_(seed()) {
  const int family = server.family() == Family::V4 ? AF_INET : AF_INET6;
  const bool stream = isStream(options_.transport);
  fd_ = driver::Descriptor(::socket(family, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  const timeval patience{kPatienceSeconds, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  if (stream) ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (options_.from) {
    const auto from = driver::toSocketAddress(Address(*options_.from, 0));
    EXPECT_EQ(::bind(fd_.get(), from.get(), from.length), 0);
  }
  const auto sa = driver::toSocketAddress(server);
  EXPECT_EQ(::connect(fd_.get(), sa.get(), sa.length), 0);
  local_ = driver::localAddress(fd_.get());
  if (options_.transport == Transport::Tls) handshake();
}

void RelayClient::handshake() {
  tls_.emplace(options_.tls, "localhost");
  writeAll({});
  while (tls_->state() == driver::TlsSession::State::Handshake && readSome()) {
  }
  EXPECT_EQ(tls_->state(), driver::TlsSession::State::Open);
}

void RelayClient::writeAll(ConstBytes bytes) {
  if (tls_) {
    EXPECT_EQ(tls_->write(bytes), bytes.size());
    const ConstBytes out = tls_->output();
    EXPECT_EQ(::send(fd_.get(), out.data(), out.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(out.size()));
    tls_->consumeOutput(out.size());
  } else {
    EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
}

// Nothing at the end of the stream or when patience is over.
std::optional<std::string> RelayClient::readSome() {
  std::string room(16 * 1024, '\0');
  if (options_.transport == Transport::Udp) room.resize(kRoom);
  const auto n = ::recv(fd_.get(), room.data(), room.size(), 0);
  if (n < 0 || (n == 0 && isStream(options_.transport))) return std::nullopt;
  room.resize(static_cast<std::size_t>(n));
  if (!tls_) return room;
  EXPECT_EQ(tls_->feed(asBytes(room)), room.size());
  std::string plain;
  std::array<std::uint8_t, 20'000> part{};
  while (const std::size_t k = tls_->read(part)) {
    plain += asText(ConstBytes(part).first(k));
  }
  if (!tls_->output().empty()) writeAll({});
  return plain;
}

std::optional<std::vector<std::uint8_t>> RelayClient::nextMessage() {
  while (messages_.empty()) {
    const auto bytes = readSome();
    if (!bytes) return std::nullopt;
    if (!isStream(options_.transport)) {
      messages_.emplace_back(bytes->begin(), bytes->end());
      continue;
    }
    framer_.append(asBytes(*bytes));
    while (const auto m = framer_.next()) {
      messages_.emplace_back(m->begin(), m->end());
    }
  }
  auto message = std::move(messages_.front());
  messages_.pop_front();
  return message;
}

void RelayClient::takeData(ConstBytes message) {
  if (turn::looksLikeChannelData(message[0])) {
    const std::size_t length = loadBe16(message.data() + 2);
    ASSERT_LE(length + turn::kChannelHeaderSize, message.size());
    data_.push_back({loadBe16(message.data()),
                     {},
                     std::string(asText(message.subspan(turn::kChannelHeaderSize, length)))});
    return;
  }
  const auto parsed = stun::Message::parse(message);
  if (!parsed || parsed->type() != stun::encodeType(Method::Data, Class::Indication)) return;
  const auto peer =
      stun::decodeXorAddress(parsed->find(attr::kXorPeerAddress).value(), parsed->transactionId());
  data_.push_back({0, peer.value(), std::string(asText(parsed->find(attr::kData).value()))});
}

std::optional<std::vector<std::uint8_t>> RelayClient::exchange(ConstBytes request) {
  sendRaw(request);
  while (auto message = nextMessage()) {
    const bool answer = message->size() >= stun::kHeaderSize && (*message)[0] < 0x40 &&
                        std::equal(request.begin() + 8, request.begin() + 20, message->begin() + 8);
    if (answer) return message;
    takeData(*message);
  }
  return std::nullopt;
}

template <class Body>
std::optional<std::vector<std::uint8_t>> RelayClient::ask(Method method, Body&& body) {
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::array<std::uint8_t, 1024> room{};
    stun::TransactionId id;
    random_.fill(id.bytes);
    MessageWriter w(room, method, Class::Request, id);
    body(w);
    if (!nonce_.empty()) {
      w.text(attr::kUsername, options_.user);
      w.text(attr::kRealm, realm_);
      w.text(attr::kNonce, nonce_);
      const stun::LongTermKey key(stun::PasswordAlgorithm::Md5, options_.user, realm_,
                                  options_.password);
      crypto::HmacKey hmac(crypto::HmacAlgorithm::Sha1, key.bytes());
      w.integrity(hmac);
    }
    const bool authenticated = !nonce_.empty();
    const auto answer = exchange(ConstBytes(room).first(w.finish()));
    if (!answer) return std::nullopt;
    const auto message = stun::Message::parse(*answer);
    EXPECT_TRUE(message.ok());
    lastError_ = 0;
    if (message->messageClass() == Class::Success) return answer;
    lastError_ = stun::decodeErrorCode(message->find(attr::kErrorCode).value())->code;
    const bool again = (lastError_ == 401 && !authenticated) || lastError_ == 438;
    if (!again) return std::nullopt;
    realm_ = asText(message->find(attr::kRealm).value());
    nonce_ = asText(message->find(attr::kNonce).value());
  }
  return std::nullopt;
}

template <class Body>
int RelayClient::code(Method method, Body&& body) {
  if (ask(method, std::forward<Body>(body))) return 0;
  return lastError_ == 0 ? -1 : lastError_;
}

std::optional<Address> RelayClient::binding() {
  std::array<std::uint8_t, 64> room{};
  stun::TransactionId id;
  random_.fill(id.bytes);
  MessageWriter w(room, Method::Binding, Class::Request, id);
  const auto answer = exchange(ConstBytes(room).first(w.finish()));
  if (!answer) return std::nullopt;
  const auto message = stun::Message::parse(*answer);
  return stun::decodeXorAddress(message->find(attr::kXorMappedAddress).value(), id);
}

std::optional<Address> RelayClient::allocate(Family family) {
  const auto answer = ask(Method::Allocate, [family](MessageWriter& w) {
    w.requestedTransport(stun::kTransportUdp);
    w.family(attr::kRequestedAddressFamily, family);
  });
  if (!answer) return std::nullopt;
  const auto message = stun::Message::parse(*answer);
  return stun::decodeXorAddress(message->find(attr::kXorRelayedAddress).value(),
                                message->transactionId());
}

int RelayClient::refresh(std::uint32_t lifetime) {
  return code(Method::Refresh, [lifetime](MessageWriter& w) { w.u32(attr::kLifetime, lifetime); });
}

int RelayClient::permit(const Address& peer) {
  return code(Method::CreatePermission,
              [&peer](MessageWriter& w) { w.xorAddress(attr::kXorPeerAddress, peer); });
}

int RelayClient::bindChannel(std::uint16_t channel, const Address& peer) {
  return code(Method::ChannelBind, [&](MessageWriter& w) {
    w.channelNumber(channel);
    w.xorAddress(attr::kXorPeerAddress, peer);
  });
}

std::vector<std::uint8_t> RelayClient::channelData(std::uint16_t channel,
                                                   std::string_view data) const {
  const std::size_t size = turn::kChannelHeaderSize + data.size();
  std::vector<std::uint8_t> out(
      size + (isStream(options_.transport) ? turn::paddingOf(size) : std::size_t{0}));
  turn::writeChannelHeader(out.data(), turn::ChannelNumber{channel}, data.size());
  std::memcpy(out.data() + turn::kChannelHeaderSize, data.data(), data.size());
  return out;
}

void RelayClient::sendOn(std::uint16_t channel, std::string_view data) {
  sendRaw(channelData(channel, data));
}

void RelayClient::sendTo(const Address& peer, std::string_view data) {
  std::vector<std::uint8_t> room(data.size() + 100);
  stun::TransactionId id;
  random_.fill(id.bytes);
  MessageWriter w(room, Method::Send, Class::Indication, id);
  w.xorAddress(attr::kXorPeerAddress, peer);
  w.text(attr::kData, data);
  sendRaw(ConstBytes(room).first(w.finish()));
}

void RelayClient::sendRaw(ConstBytes bytes) {
  writeAll(bytes);
}

void RelayClient::sendSlowly(ConstBytes bytes) {
  for (const std::uint8_t& b : bytes) {
    writeAll({&b, 1});
  }
}

std::optional<RelayClient::Data> RelayClient::receive() {
  while (data_.empty()) {
    const auto message = nextMessage();
    if (!message) return std::nullopt;
    takeData(*message);
  }
  Data data = std::move(data_.front());
  data_.pop_front();
  return data;
}

bool RelayClient::closed() {
  while (readSome()) {
  }
  return errno != EAGAIN;
}

}  // namespace parley::server
