// `parley token`: mints room tokens (docs/signalling.md, section 10).
#include "signal/token.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/arguments.h"
#include "cli/configuration.h"
#include "cli/verbs.h"
#include "server/clock.h"
#include "server/config/values.h"
#include "server/hub_settings.h"
#include "signal/names.h"

namespace parley::cli {
namespace {

constexpr const char* kName = "parley token";
constexpr const char* kExamples = R"(Examples:
  parley token --room blue-fox-sings --token-key hs256:@token.key
  parley token --room '*' --name Ada --right create --right relay --expires 8h --config parley.toml
)";

struct Wanted {
  std::string room;
  std::string name;
  std::vector<std::string> rights;
  std::string expires = "1h";
};

ExitCode wrong(const std::string& text) {
  std::cerr << kName << ": " << text << "\n";
  return ExitCode::Usage;
}

// The claims, or what is wrong with the wishes.
std::variant<signal::TokenClaims, std::string> claimsOf(const Wanted& wanted,
                                                        const server::Config& config) {
  signal::TokenClaims claims;
  claims.audience = config.tokenAudience;
  // A link to a room names it as well.
  const std::size_t link = wanted.room.find("/r/");
  const bool isLink = wanted.room.starts_with("http") && link != std::string::npos;
  const std::string roomText = isLink ? wanted.room.substr(link + 3) : wanted.room;
  if (roomText == "*") {
    claims.room = "*";
  } else if (const auto room = signal::foldRoom(roomText)) {
    claims.room = *room;
  } else {
    return "--room = " + wanted.room +
           ": is not a room; give letters, digits and hyphens (at most 64), or '*' for any";
  }
  if (!wanted.name.empty()) {
    auto name = signal::cleanName(wanted.name);
    if (!name)
      return "--name = " + wanted.name + ": is not a name; give 1 to 64 printable characters";
    claims.name = std::move(*name);
  }
  if (!wanted.rights.empty()) claims.rights = signal::Rights();
  for (const std::string& right : wanted.rights) {
    if (right == "create") {
      claims.rights = claims.rights.with(signal::Right::Create);
    } else if (right == "lock") {
      claims.rights = claims.rights.with(signal::Right::Lock);
    } else if (right == "relay") {
      claims.rights = claims.rights.with(signal::Right::Relay);
    } else if (right != "none") {
      return "--right = " + right + ": is not a right; give create, lock, relay or none";
    }
  }
  const auto life = server::parseDuration(wanted.expires, 1s, 10 * 365 * 24h);
  if (const auto* bad = std::get_if<server::ValueProblem>(&life)) {
    return "--expires = " + wanted.expires + ": " + bad->problem + "; " + bad->remedy;
  }
  claims.expiry = server::wallNow() + std::get<Duration>(life);
  return claims;
}

}  // namespace

ExitCode runToken(const Words& words) {
  server::Sources sources;
  Wanted wanted;
  Arguments arguments(kName, "Mints a token that lets its bearer into a room.", kExamples);
  arguments.option("room", "ROOM", "The room or a link to it, or * for any.", wanted.room);
  arguments.option("name", "NAME", "The name that the bearer will have.", wanted.name);
  arguments.list("right", "RIGHT", "create, lock, relay or none; again for more [all].",
                 wanted.rights);
  arguments.option("expires", "TIME", "How long the token is good for [1h].", wanted.expires);
  arguments.settings(sources, {"token-key", "token-audience", "json"});
  if (const auto code = arguments.parse(words)) return *code;
  if (wanted.room.empty()) return wrong("--room is needed; see parley token --help");
  const server::Loaded loaded = loadConfiguration(sources);
  if (!loaded.errors.empty()) {
    printErrors(kName, loaded.errors);
    return ExitCode::Usage;
  }
  const auto claims = claimsOf(wanted, loaded.config);
  if (const auto* problem = std::get_if<std::string>(&claims)) return wrong(*problem);
  for (const server::TokenKey& candidate : loaded.config.tokenKeys) {
    const auto key = server::tokenKey(candidate);
    if (!key || !key->canMint()) continue;
    const auto token =
        signal::mintToken(*key, std::get<signal::TokenClaims>(claims), server::wallNow());
    if (!token) return wrong(token.error().describe());
    if (loaded.config.json) {
      const auto expiry = unixSeconds(std::get<signal::TokenClaims>(claims).expiry);
      std::cout << nlohmann::ordered_json{{"token", *token}, {"expires", expiry}}.dump() << "\n";
    } else {
      std::cout << *token << "\n";
    }
    return ExitCode::Done;
  }
  return wrong(loaded.config.tokenKeys.empty()
                   ? "token-key: is not set; give --token-key or a configuration that has one"
                   : "token-key: holds public keys only; give the private key, or an hs256 key");
}

}  // namespace parley::cli
