#include "turn/server/nonce.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/base64.h"
#include "turn/server/config.h"

namespace parley::turn {
namespace {

constexpr std::string_view kCookie = "obMatJos2";
constexpr std::size_t kTagSize = 16;

std::uint32_t secondsOf(Time now) {
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return static_cast<std::uint32_t>(s);
}

}  // namespace

NonceSource::NonceSource(ConstBytes key, bool usernameAnonymity)
    : key_(crypto::HmacAlgorithm::Sha256, key) {
  setUsernameAnonymity(usernameAnonymity);
}

void NonceSource::setUsernameAnonymity(bool offered) {
  // RFC 8489 section 18.1: bit 0, the leftmost of 24, is password algorithms; bit 1 user names.
  const std::array<std::uint8_t, 3> features = {static_cast<std::uint8_t>(offered ? 0xC0 : 0x80), 0,
                                                0};
  std::copy(kCookie.begin(), kCookie.end(), cookie_.begin());
  const std::string encoded = base64Encode(features);
  std::copy(encoded.begin(), encoded.end(), cookie_.begin() + kCookie.size());
}

std::array<std::uint8_t, 16> NonceSource::tag(std::uint32_t seconds, const Path& client) {
  std::array<std::uint8_t, 4 + 16 + 2 + 2> input{};
  storeBe32(input.data(), seconds);
  const ConstBytes ip = client.remote.ip().bytes();
  std::copy(ip.begin(), ip.end(), input.begin() + 4);
  storeBe16(input.data() + 20, client.remote.port());
  input[22] = static_cast<std::uint8_t>(client.transport);
  input[23] = client.remote.ip().isV4() ? 4 : 6;
  std::array<std::uint8_t, 32> full{};
  key_.sign(input, {}, full);
  std::array<std::uint8_t, kTagSize> tag{};
  std::copy_n(full.begin(), kTagSize, tag.begin());
  return tag;
}

NonceSource::Text NonceSource::issue(const Path& client, Time now) {
  std::array<std::uint8_t, 4 + kTagSize> body{};
  storeBe32(body.data(), secondsOf(now));
  const auto t = tag(secondsOf(now), client);
  std::copy(t.begin(), t.end(), body.begin() + 4);
  Text text{};
  std::copy(cookie_.begin(), cookie_.end(), text.begin());
  const std::string encoded = base64UrlEncode(body);
  std::copy(encoded.begin(), encoded.end(), text.begin() + cookie_.size());
  return text;
}

bool NonceSource::isValid(ConstBytes nonce, const Path& client, Time now) {
  if (nonce.size() != kSize) return false;
  const std::string_view text = asText(nonce);
  // Features changed since (a secret was added) make it stale: the client is told the new ones.
  if (text.substr(0, cookie_.size()) != std::string_view(cookie_.data(), cookie_.size())) {
    return false;
  }
  const auto body = base64UrlDecode(text.substr(cookie_.size()));
  if (!body || body->size() != 4 + kTagSize) return false;
  const std::uint32_t issued = loadBe32(body->data());
  const std::uint32_t age = secondsOf(now) - issued;  // wraps with the clock's 32 bits
  if (std::chrono::seconds{age} > kNonceLifetime) return false;
  return crypto::constantTimeEqual(tag(issued, client), ConstBytes(*body).subspan(4));
}

}  // namespace parley::turn
