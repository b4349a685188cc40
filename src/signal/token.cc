#include "signal/token.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "crypto/hmac.h"
#include "signal/json_scan.h"
#include "signal/names.h"

namespace parley::signal {
namespace {

using Json = nlohmann::json;
using Verdict = Result<TokenClaims, SignalError>;

constexpr Duration kSkew = 60s;
constexpr std::size_t kMinSecret = 32;     // RFC 7518 section 3.2
constexpr double kMaxNumericDate = 9.0e9;  // far beyond, and far from overflowing

// A JSON object from hostile text. scanJsonObject bounds depth and values and refuses doubled
// names first; nlohmann's own parser would not.
std::optional<Json> parseObject(std::string_view text) {
  if (!scanJsonObject(text)) return std::nullopt;
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

std::optional<Json> decodePart(std::string_view part) {
  const auto bytes = base64UrlDecode(part);
  if (!bytes) return std::nullopt;
  return parseObject(asText(*bytes));
}

const std::string* stringAt(const Json& object, const char* name) {
  const auto it = object.find(name);
  return it == object.end() ? nullptr : it->get_ptr<const std::string*>();
}

// RFC 7519 section 2, NumericDate: seconds, maybe with a fraction. Nothing if it is absent;
// `good` says whether what is there can be used.
std::optional<WallTime> dateAt(const Json& object, const char* name, bool& good) {
  const auto it = object.find(name);
  if (it == object.end()) return std::nullopt;
  const double v = it->is_number() ? it->get<double>() : -1;
  if (!(v >= 0 && v < kMaxNumericDate)) {
    good = false;
    return std::nullopt;
  }
  return wallTimeFromUnixSeconds(static_cast<std::int64_t>(std::floor(v)));
}

// RFC 7519 section 4.1.3: one string, or an array of them.
bool audienceContains(const Json& object, const std::string& audience) {
  const auto it = object.find("aud");
  if (it == object.end()) return false;
  if (it->is_string()) return *it->get_ptr<const std::string*>() == audience;
  if (!it->is_array()) return false;
  for (const Json& one : *it) {
    if (one.is_string() && *one.get_ptr<const std::string*>() == audience) return true;
  }
  return false;
}

std::optional<Rights> rightsAt(const Json& object) {
  const auto it = object.find("rights");
  if (it == object.end()) return Rights::all();
  if (!it->is_array()) return std::nullopt;
  Rights rights;
  for (const Json& one : *it) {
    const auto* text = one.get_ptr<const std::string*>();
    if (text == nullptr) return std::nullopt;
    if (*text == "create") rights = rights.with(Right::Create);
    if (*text == "lock") rights = rights.with(Right::Lock);
    if (*text == "relay") rights = rights.with(Right::Relay);
  }
  return rights;
}

Verdict judge(const Json& payload, const std::string& audience, std::string_view room,
              WallTime now) {
  bool good = true;
  const auto expiry = dateAt(payload, "exp", good);
  const auto notBefore = dateAt(payload, "nbf", good);
  const auto issued = dateAt(payload, "iat", good);
  if (!good || !expiry || !audienceContains(payload, audience)) return SignalError::BadToken;
  if (notBefore && *notBefore > now + kSkew) return SignalError::BadToken;
  if (issued && *issued > now + kSkew) return SignalError::BadToken;
  if (*expiry + kSkew <= now) return SignalError::TokenExpired;

  TokenClaims claims;
  claims.audience = audience;
  claims.expiry = *expiry;
  claims.notBefore = notBefore;
  const std::string* claimedRoom = stringAt(payload, "room");
  const auto rights = rightsAt(payload);
  if (claimedRoom == nullptr || !rights) return SignalError::BadToken;
  claims.rights = *rights;
  claims.room = *claimedRoom == "*" ? "*" : foldRoom(*claimedRoom).value_or("");
  if (claims.room.empty()) return SignalError::BadToken;
  if (payload.contains("name")) {
    const std::string* text = stringAt(payload, "name");
    claims.name = text == nullptr ? std::nullopt : cleanName(*text);
    if (!claims.name) return SignalError::BadToken;
  }
  if (claims.room != "*" && claims.room != room) return SignalError::WrongRoom;
  return claims;
}

}  // namespace

Result<TokenKey> TokenKey::hs256(ConstBytes secret, std::string keyId) {
  if (secret.size() < kMinSecret) {
    return Error{ErrorCode::Limit, "token key: an HS256 secret must have 32 bytes or more",
                 static_cast<std::int32_t>(secret.size())};
  }
  return TokenKey(Secret(secret.begin(), secret.end()), std::move(keyId));
}

Result<TokenKey> TokenKey::pem(std::string_view pem, std::string keyId) {
  auto key = crypto::SignatureKey::fromPem(pem);
  if (!key) return key.error();
  return TokenKey(std::move(key).value(), std::move(keyId));
}

std::string_view TokenKey::algorithm() const {
  const auto* pair = std::get_if<crypto::SignatureKey>(&key_);
  if (pair == nullptr) return "HS256";
  return pair->algorithm() == crypto::SignatureAlgorithm::Rs256 ? "RS256" : "ES256";
}

bool TokenKey::canMint() const {
  const auto* pair = std::get_if<crypto::SignatureKey>(&key_);
  return pair == nullptr || pair->canSign();
}

bool TokenKey::verify(ConstBytes data, ConstBytes signature) const {
  if (const auto* pair = std::get_if<crypto::SignatureKey>(&key_))
    return pair->verify(data, signature);
  return crypto::constantTimeEqual(crypto::hmacSha256(*std::get_if<Secret>(&key_), data),
                                   signature);
}

Result<std::vector<std::uint8_t>> TokenKey::sign(ConstBytes data) const {
  if (const auto* pair = std::get_if<crypto::SignatureKey>(&key_)) return pair->sign(data);
  const auto digest = crypto::hmacSha256(*std::get_if<Secret>(&key_), data);
  return std::vector<std::uint8_t>(digest.begin(), digest.end());
}

TokenVerifier::TokenVerifier(std::vector<TokenKey> keys, std::string audience)
    : keys_(std::move(keys)), audience_(std::move(audience)) {}

bool TokenVerifier::signedByOneOf(std::string_view algorithm,
                                  const std::optional<std::string>& keyId, ConstBytes data,
                                  ConstBytes signature) const {
  for (const TokenKey& key : keys_) {
    if (key.algorithm() != algorithm) continue;
    if (keyId && key.keyId() != *keyId) continue;
    if (key.verify(data, signature)) return true;
  }
  return false;
}

// RFC 7515 section 5.2, compact form only: HEADER.PAYLOAD.SIGNATURE.
Result<std::string, SignalError> TokenVerifier::verifiedPayload(std::string_view token) const {
  if (token.size() > kMaxTokenBytes) return SignalError::BadToken;
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return SignalError::BadToken;

  const auto header = decodePart(token.substr(0, first));
  const auto payload = base64UrlDecode(token.substr(first + 1, second - first - 1));
  const auto signature = base64UrlDecode(token.substr(second + 1));
  if (!header || !payload || !signature) return SignalError::BadToken;
  // RFC 7515 section 4.1.11: extensions that must be understood are not.
  if (header->contains("crit")) return SignalError::BadToken;
  const std::string* algorithm = stringAt(*header, "alg");
  std::optional<std::string> keyId;
  if (header->contains("kid")) {
    const std::string* text = stringAt(*header, "kid");
    if (text == nullptr) return SignalError::BadToken;
    keyId = *text;
  }
  if (algorithm == nullptr ||
      !signedByOneOf(*algorithm, keyId, asBytes(token.substr(0, second)), *signature))
    return SignalError::BadToken;
  return std::string(asText(*payload));
}

Verdict TokenVerifier::verify(std::string_view token, std::string_view room, WallTime now) const {
  const auto text = verifiedPayload(token);
  if (!text) return text.error();
  const auto payload = parseObject(*text);
  if (!payload) return SignalError::BadToken;
  return judge(*payload, audience_, room, now);
}

Result<std::string> mintToken(const TokenKey& key, const TokenClaims& claims, WallTime now) {
  if (!key.canMint()) return Error{ErrorCode::Invalid, "mint token: this key can only verify"};
  if (claims.room != "*" && foldRoom(claims.room) != claims.room)
    return Error{ErrorCode::Invalid, "mint token: the room's name is not allowed"};
  if (claims.name && cleanName(*claims.name) != claims.name)
    return Error{ErrorCode::Invalid, "mint token: the member's name is not allowed"};
  Json header = {{"alg", key.algorithm()}, {"typ", "JWT"}};
  if (!key.keyId().empty()) header["kid"] = key.keyId();
  Json payload = {{"aud", claims.audience},
                  {"iat", unixSeconds(now)},
                  {"exp", unixSeconds(claims.expiry)},
                  {"room", claims.room}};
  if (claims.notBefore) payload["nbf"] = unixSeconds(*claims.notBefore);
  if (claims.name) payload["name"] = *claims.name;
  if (!(claims.rights == Rights::all())) {
    Json rights = Json::array();
    if (claims.rights.has(Right::Create)) rights.push_back("create");
    if (claims.rights.has(Right::Lock)) rights.push_back("lock");
    if (claims.rights.has(Right::Relay)) rights.push_back("relay");
    payload["rights"] = std::move(rights);
  }
  // "replace": audience and key id are the owner's and may be no UTF-8; dump() must not throw.
  const auto encode = [](const Json& j) {
    return base64UrlEncode(asBytes(j.dump(-1, ' ', false, Json::error_handler_t::replace)));
  };
  std::string out = encode(header) + "." + encode(payload);
  const auto signature = key.sign(asBytes(out));
  if (!signature) return signature.error();
  out += "." + base64UrlEncode(*signature);
  if (out.size() > kMaxTokenBytes) return Error{ErrorCode::Limit, "mint token", kMaxTokenBytes};
  return out;
}

}  // namespace parley::signal
