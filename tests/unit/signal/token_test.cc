#include "signal/token.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "crypto/certificate.h"
#include "crypto/hmac.h"

namespace parley::signal {
namespace {

using Json = nlohmann::json;

// Made for this test; guards nothing.
constexpr const char* kRsaKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDaDHubHk0Nip1K\n"
    "0FBTd6CBqlsgwTa4U3D3yXSxqsrEaZnaMIZrw2u4XavmGe0ErzbMaBDV2X+Hjqkw\n"
    "Uom6I/BYF+zgnrPzvHuix3UlN0rJIZksBOfJCYm+/VdD7CdkuGrUtrSgMekfAV+C\n"
    "EpjyZoihOxe0a6Rwg7WknDiIiKHoIGEmz3i9iQfrRX+S3FWzlAbC4FcVMVlKDg/Q\n"
    "DeFetCfzsB68RnZ6RUDg8IC8JDdKCazEZfFIO5IxG+/R3iOZVFRWcERc+4s1XM22\n"
    "4eCnJd3eeRexloiHF0YJgLsAE+msExLiDYiHBCUV0Gh4+s5Kx9FY5MK4JdwwYM/r\n"
    "iKea+mctAgMBAAECggEAD3RVCnCCW5RYg6XyG4heCvKtFMw8+aGIXzebGsCVMIif\n"
    "i/RmgprONroE5gEuaGeWxbQWhWGuBUiaOz+OXXAQp93CP0VgUcUpKidi6SlbFphY\n"
    "B+OtHfWcGrpQBhNl02CyybLNaJFBCZ6KS2jQCFY2Ft9eVb5PYF4lcK5V3293skD/\n"
    "wskiSoNx6XalWq3G0On6OtbC5B5CL82Jb/yv+qWHuQ5B19qVOM3BX7IoQPAX2tW6\n"
    "cFGYqDg9Wqx6xxNldqzcBciPqjDBKPXeNndmObX3uAc86C67g7YiJE4h6sObqcKl\n"
    "YXd6wpaCN9oITg7dwSn1j86PI1uFsQKDpORhepfMLQKBgQDwQIwivmKSUJx9CUSj\n"
    "Ly0OQpfFyCJxKBy82CtgWWsfOh1Mol1H3pUvKEKZzwtcMFekLoorXM44de/LBKnm\n"
    "plPG/KhJEWER+9r1eGgRbjrxXcoJDphN2iLw/DwScp76c9wY/6CRSzikri5nu8bc\n"
    "4Yq6nd+APwhGASeBbWsUw0HHWwKBgQDoV1xaXrsTZdTHmo9nMdqzO/GdNknOR/xj\n"
    "eSxNXIBKxeuAzaqDrm1tg8vxAbC0I7Gh9lwFwCtLIYbHoUT2dKpRIcERWq5ntuNG\n"
    "ZYRofE9tIv56hlqrogGfYAhoWgHj2JOdA0fcuHIecvjoUar/Wl+3AxoKUUmeiEZx\n"
    "TTqZBEraFwKBgF53cuKia43OhomfoE5t2VB3HMhW9jv6IrqaYQvkfPttVWHxoa4F\n"
    "tjExqmZiA7x/Aab76bY9KpUGwn/YWJnpop1mcSEx5TI2DpVgf8MCzchkMXG4PGi4\n"
    "Me8Brvkt+pbOAagOs2sN4brXBkYhjoMBaBQSyXPa1Pz5rTf19xnV4MJrAoGAXg63\n"
    "uXHuI/0udZvRgAJDuhmDR5SprlOgDhkI4UyYNy0GmL8pz2M2s4YOcsOvaE2m5J1a\n"
    "RY21ORYafQiBZZB3Pp7+jOr7/cqhGWeRgccJVHI9ORbY7/CG3aE/5hbB+x47K+4f\n"
    "EnCs6jy7HTmqkvNgGjOsQA8GUaJzefy8wyNktgMCgYEA3bv6vXCU8+UtBHsztZwm\n"
    "1KXcl8o/oNzfi5MRxcAqT+kZJSmKnNj9U08qc3o68Ev/Ym3DU5E2yJA58XcA1vLh\n"
    "S/gYMv34eI4lamUX7UC6Ga6/pOwIU6+2jxLomi1TiA6aUZSzyVYwZFJGC2Ljc95O\n"
    "amzzPqSq1J4ci8H/lHIU6yU=\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kRsaPublic =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2gx7mx5NDYqdStBQU3eg\n"
    "gapbIME2uFNw98l0sarKxGmZ2jCGa8NruF2r5hntBK82zGgQ1dl/h46pMFKJuiPw\n"
    "WBfs4J6z87x7osd1JTdKySGZLATnyQmJvv1XQ+wnZLhq1La0oDHpHwFfghKY8maI\n"
    "oTsXtGukcIO1pJw4iIih6CBhJs94vYkH60V/ktxVs5QGwuBXFTFZSg4P0A3hXrQn\n"
    "87AevEZ2ekVA4PCAvCQ3SgmsxGXxSDuSMRvv0d4jmVRUVnBEXPuLNVzNtuHgpyXd\n"
    "3nkXsZaIhxdGCYC7ABPprBMS4g2IhwQlFdBoePrOSsfRWOTCuCXcMGDP64inmvpn\n"
    "LQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

const std::string kSecret(32, 's');
const WallTime kNow = wallTimeFromUnixSeconds(1'790'000'000);
constexpr std::int64_t kNowSeconds = 1'790'000'000;

std::string encode(const Json& j) {
  return base64UrlEncode(asBytes(j.dump()));
}
std::string signHs256(const Json& header, const std::string& payload,
                      const std::string& secret = kSecret) {
  const std::string data = encode(header) + "." + base64UrlEncode(asBytes(payload));
  return data + "." + base64UrlEncode(crypto::hmacSha256(asBytes(secret), asBytes(data)));
}
Json goodClaims() {
  return {{"aud", "parley"}, {"exp", kNowSeconds + 600}, {"room", "blue"}};
}
std::string withClaims(const Json& claims) {
  return signHs256({{"alg", "HS256"}}, claims.dump());
}
TokenVerifier verifier() {
  std::vector<TokenKey> keys;
  keys.push_back(*TokenKey::hs256(asBytes(kSecret)));
  return TokenVerifier(std::move(keys));
}
// "ok" or the name of the error.
std::string verdict(const std::string& token, std::string_view room = "blue", WallTime now = kNow) {
  const auto r = verifier().verify(token, room, now);
  return r.ok() ? "ok" : std::string(info(r.error()).name);
}

TEST(TokenTest, MintedTokensHoldForEachAlgorithm) {
  crypto::SelfSignedOptions options;
  options.dnsNames = {"localhost"};
  options.notAfter = wallTimeFromUnixSeconds(1'900'000'000);
  const auto pem = crypto::makeSelfSigned(options);
  ASSERT_TRUE(pem.ok());
  std::vector<TokenKey> keys;
  keys.push_back(*TokenKey::hs256(asBytes(kSecret), "h"));
  keys.push_back(*TokenKey::pem(kRsaKey, "r"));
  keys.push_back(*TokenKey::pem(pem->privateKey, "e"));
  EXPECT_EQ(keys[0].algorithm(), "HS256");
  EXPECT_EQ(keys[1].algorithm(), "RS256");
  EXPECT_EQ(keys[2].algorithm(), "ES256");
  const TokenVerifier verify(keys);
  TokenClaims claims;
  claims.room = "blue";
  claims.name = "Ada";
  claims.rights = Rights().with(Right::Relay);
  claims.expiry = kNow + 1h;
  for (const TokenKey& key : keys) {
    const auto token = mintToken(key, claims, kNow);
    ASSERT_TRUE(token.ok());
    const auto r = verify.verify(*token, "blue", kNow);
    ASSERT_TRUE(r.ok()) << key.algorithm();
    EXPECT_EQ(r->name, "Ada");
    EXPECT_EQ(r->rights, Rights().with(Right::Relay));
    EXPECT_EQ(r->expiry, kNow + 1h);
    std::string broken = *token;
    broken[broken.size() / 2] = broken[broken.size() / 2] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify.verify(broken, "blue", kNow).ok());
  }
}

TEST(TokenTest, ExpiryHasOneMinuteOfSkew) {
  Json c = goodClaims();
  c["exp"] = kNowSeconds - 59;
  EXPECT_EQ(verdict(withClaims(c)), "ok");
  c["exp"] = kNowSeconds - 60;
  EXPECT_EQ(verdict(withClaims(c)), "token-expired");
  c["exp"] = kNowSeconds + 0.5;
  EXPECT_EQ(verdict(withClaims(c)), "ok");
  c["nbf"] = kNowSeconds + 60;
  EXPECT_EQ(verdict(withClaims(c)), "ok");
  c["nbf"] = kNowSeconds + 61;
  EXPECT_EQ(verdict(withClaims(c)), "bad-token");
  c.erase("nbf");
  c["iat"] = kNowSeconds + 61;
  EXPECT_EQ(verdict(withClaims(c)), "bad-token");
}

TEST(TokenTest, AudienceExpiryAndRoomAreRequired) {
  EXPECT_EQ(verdict(withClaims(goodClaims())), "ok");
  for (const char* name : {"aud", "exp", "room"}) {
    Json c = goodClaims();
    c.erase(name);
    EXPECT_EQ(verdict(withClaims(c)), "bad-token") << name;
    for (const Json& wrong : {Json(nullptr), Json(true), Json::object(), Json("elsewhere!")}) {
      c[name] = wrong;
      EXPECT_EQ(verdict(withClaims(c)), "bad-token") << name << wrong;
    }
  }
  Json c = goodClaims();
  c["aud"] = {"other", "parley"};
  EXPECT_EQ(verdict(withClaims(c)), "ok");
  c["aud"] = {"other"};
  EXPECT_EQ(verdict(withClaims(c)), "bad-token");
  c["exp"] = 1e300;
  EXPECT_EQ(verdict(withClaims(c)), "bad-token");
}

TEST(TokenTest, RoomNameAndRights) {
  Json c = goodClaims();
  EXPECT_EQ(verdict(withClaims(c), "red"), "wrong-room");
  c["room"] = "BLUE";
  EXPECT_EQ(verdict(withClaims(c)), "ok") << "folded like a join's";
  c["room"] = "*";
  EXPECT_EQ(verdict(withClaims(c), "red"), "ok");
  c["name"] = "a\nb";
  EXPECT_EQ(verdict(withClaims(c)), "bad-token");
  c["name"] = 3;
  EXPECT_EQ(verdict(withClaims(c)), "bad-token");
  c.erase("name");
  c["rights"] = {"lock", "fly"};
  const auto r = verifier().verify(withClaims(c), "red", kNow);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r->rights, Rights().with(Right::Lock));
  c["rights"] = {1};
  EXPECT_EQ(verdict(withClaims(c)), "bad-token");
  c["rights"] = "lock";
  EXPECT_EQ(verdict(withClaims(c)), "bad-token");
}

TEST(TokenTest, TheKeyFixesTheAlgorithm) {
  const std::string payload = goodClaims().dump();
  EXPECT_EQ(verdict(signHs256({{"alg", "HS256"}}, payload)), "ok");
  for (const char* alg : {"none", "None", "HS512", "RS256", "hs256", ""})
    EXPECT_EQ(verdict(signHs256({{"alg", alg}}, payload)), "bad-token") << alg;
  EXPECT_EQ(verdict(encode({{"alg", "none"}}) + "." + base64UrlEncode(asBytes(payload)) + "."),
            "bad-token");
  // The public key used as an HMAC secret.
  std::vector<TokenKey> keys;
  keys.push_back(*TokenKey::pem(kRsaPublic));
  EXPECT_FALSE(keys[0].canMint());
  const TokenVerifier rsa(std::move(keys));
  EXPECT_FALSE(rsa.verify(signHs256({{"alg", "HS256"}}, payload, kRsaPublic), "blue", kNow).ok());
  EXPECT_FALSE(rsa.verify(signHs256({{"alg", "RS256"}}, payload, kRsaPublic), "blue", kNow).ok());
}

TEST(TokenTest, KidChoosesAndCritIsRefused) {
  std::vector<TokenKey> keys;
  keys.push_back(*TokenKey::hs256(asBytes(kSecret), "one"));
  keys.push_back(*TokenKey::hs256(asBytes(std::string(32, 't')), "two"));
  const TokenVerifier v(std::move(keys));
  const std::string payload = goodClaims().dump();
  const auto holds = [&](const Json& header, const std::string& secret) {
    return v.verify(signHs256(header, payload, secret), "blue", kNow).ok();
  };
  EXPECT_TRUE(holds({{"alg", "HS256"}, {"kid", "two"}}, std::string(32, 't')));
  EXPECT_FALSE(holds({{"alg", "HS256"}, {"kid", "one"}}, std::string(32, 't')));
  EXPECT_FALSE(holds({{"alg", "HS256"}, {"kid", 2}}, std::string(32, 't')));
  EXPECT_TRUE(holds({{"alg", "HS256"}}, std::string(32, 't')));
  EXPECT_FALSE(holds({{"alg", "HS256"}, {"crit", {"b64"}}}, kSecret));
}

TEST(TokenTest, RubbishIsRefused) {
  const std::string good = withClaims(goodClaims());
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("a.b.c"), good + ".",
        good + "=", "=" + good, good.substr(0, good.size() - 1), std::string(5000, 'a')})
    EXPECT_EQ(verdict(bad), "bad-token") << bad;
  EXPECT_EQ(verdict(signHs256({{"alg", "HS256"}}, "[1]")), "bad-token");
  EXPECT_EQ(verdict(signHs256({{"alg", "HS256"}}, "{")), "bad-token");
  EXPECT_EQ(verdict(signHs256({{"alg", "HS256"}}, R"({"exp":1,"exp":99999999999})")), "bad-token");
  EXPECT_EQ(verdict(signHs256({{"alg", "HS256"}}, "{\"a\":" + std::string(2000, '['))),
            "bad-token");
}

TEST(TokenTest, WeakKeysAndBadClaimsAreNotMinted) {
  EXPECT_FALSE(TokenKey::hs256(asBytes(std::string(31, 'x'))).ok());
  EXPECT_FALSE(TokenKey::pem("no key").ok());
  const auto key = TokenKey::hs256(asBytes(kSecret));
  TokenClaims claims;
  claims.expiry = kNow + 1h;
  for (const char* room : {"", "Blue", "a b"}) {
    claims.room = room;
    EXPECT_FALSE(mintToken(*key, claims, kNow).ok()) << room;
  }
  claims.room = "blue";
  claims.name = " x";
  EXPECT_FALSE(mintToken(*key, claims, kNow).ok());
  claims.name.reset();
  EXPECT_FALSE(mintToken(*TokenKey::pem(kRsaPublic), claims, kNow).ok());
  EXPECT_TRUE(mintToken(*key, claims, kNow).ok());
}

}  // namespace
}  // namespace parley::signal
