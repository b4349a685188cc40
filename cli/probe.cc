// `parley probe`: what this machine's network lets WebRTC do.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/arguments.h"
#include "cli/peer/room_link.h"
#include "cli/probe_room.h"
#include "cli/probe_run.h"
#include "cli/verbs.h"

namespace parley::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kName = "parley probe";
constexpr const char* kExamples = R"(Examples:
  parley probe
  parley probe stun:stun.example.org stun:other.example.net
  parley probe turn:turn.example.org turns:turn.example.org --turn-user ann:secret --json
  parley probe https://call.example.org    the servers that it gives to its members

turn:HOST without ?transport= is asked over UDP and over TCP. Two STUN servers, or one with a second
address (RFC 5780), tell what the NAT does with mappings; only the latter tells how it filters.
The command succeeds (0) when all servers answer; 1: some do not; 3: none does; 4: the room refuses.
)";

ExitCode wrong(const std::string& text) {
  std::cerr << kName << ": " << text << "\n";
  return ExitCode::Usage;
}

struct Wishes {
  std::vector<std::string> urls;
  std::string turnUser;
  std::string tlsCa;
  std::string tlsPin;
  std::string timeout = "20";
  bool json = false;
};

// The servers of one URL; what is wrong with it otherwise.
std::optional<std::string> addServers(const std::string& url, const Wishes& wishes,
                                      std::vector<ProbeServer>& servers) {
  if (isLink(url)) return std::nullopt;  // joined later
  const auto uri = stun::parseUri(url);
  if (!uri)
    return url +
           ": is not a server's URL; give stun:HOST[:PORT], turn:HOST[:PORT]"
           "[?transport=tcp], turns:HOST[:PORT] or https://HOST";
  ProbeServer s;
  s.url = url;
  s.uri = *uri;
  if (uri->turn) {
    const std::size_t colon = wishes.turnUser.rfind(':');
    if (wishes.turnUser.empty() || colon == std::string::npos)
      return url + ": a TURN server wants to know who asks; give --turn-user NAME:PASSWORD";
    s.username = wishes.turnUser.substr(0, colon);
    s.password = wishes.turnUser.substr(colon + 1);
  }
  servers.push_back(s);
  if (uri->turn && uri->transport == Transport::Udp && url.find('?') == std::string::npos) {
    s.uri.transport = Transport::Tcp;
    s.url = url + "?transport=tcp";
    servers.push_back(std::move(s));
  }
  return std::nullopt;
}

// What a room says: its servers are asked like those of the command line.
struct Signalling {
  std::vector<ProbeService> services;
  bool refused = false;
};
Signalling askRooms(const Wishes& wishes, const driver::TlsClientOptions& tls, Duration timeout,
                    std::vector<ProbeServer>& servers) {
  Signalling out;
  for (const std::string& url : wishes.urls) {
    if (!isLink(url)) continue;
    const RoomServers room = fetchServers(url, {tls.trustedPem, wishes.tlsPin}, timeout);
    ProbeService s;
    s.kind = "Signalling";
    s.url = url.substr(0, url.find('#'));  // what follows may be a token
    s.answers = room.joined;
    s.took = room.took;
    s.problem = room.problem;
    out.services.push_back(std::move(s));
    out.refused = out.refused || room.refused;
    for (const IceServer& group : room.servers)
      for (const std::string& text : group.urls)
        if (const auto uri = stun::parseUri(text))
          servers.push_back({text, *uri, group.username, group.credential});
  }
  return out;
}

double milliseconds(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

std::string shortTime(Duration d) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f ms", milliseconds(d));
  return text.data();
}

std::string natWords(const stun::NatReport& r, bool mapping) {
  const stun::NatBehaviour b = mapping ? r.mapping : r.filtering;
  if (b != stun::NatBehaviour::Unknown) return describe(b);
  const bool any = std::any_of(r.servers.begin(), r.servers.end(),
                               [](const auto& s) { return s.mapped.has_value(); });
  if (!any) return "unknown: no server answers over UDP";
  return mapping ? "unknown: it takes a second STUN server at another address to tell"
                 : "unknown: no server here has a second address (RFC 5780)";
}

const char* nameOf(Family f) {
  return f == Family::V4 ? "IPv4" : "IPv6";
}

// Columns as wide as their widest entry.
void printTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  for (const auto& row : rows) {
    std::cout << " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::cout << " " << row[i];
      if (i + 1 < row.size()) std::cout << std::string(widths[i] - row[i].size() + 1, ' ');
    }
    std::cout << "\n";
  }
}

void printWords(const ProbeReport& report) {
  std::cout << "Addresses\n";
  std::vector<std::vector<std::string>> rows;
  for (const driver::Interface& i : report.interfaces) {
    if (!i.up) continue;
    std::string notes;
    if (i.temporary) notes = "temporary";
    if (i.deprecated) notes += notes.empty() ? "deprecated" : ", deprecated";
    rows.push_back({i.name, name(i.kind), i.address.toString(), notes});
  }
  printTable(rows);
  for (const ProbeNat& nat : report.nat) {
    std::cout << "\nNAT, " << nameOf(nat.family) << "\n";
    std::vector<std::vector<std::string>> lines;
    for (const auto& s : nat.report.servers)
      if (s.mapped)
        lines.push_back({"seen as", s.mapped->toString() + " by " + s.server.toString()});
    lines.push_back({"mapping", natWords(nat.report, true)});
    lines.push_back({"filtering", natWords(nat.report, false)});
    printTable(lines);
  }
  if (report.services.empty()) {
    std::cout << "\nNo server was named, so nothing can be said of the NAT; see --help.\n";
    return;
  }
  std::cout << "\nServers\n";
  rows.clear();
  for (const ProbeService& s : report.services) {
    std::string detail = s.problem;
    if (s.answers && s.relayed) detail = "relays at " + s.relayed->toString();
    rows.push_back({s.answers ? "ok" : "BAD", s.kind, s.url, s.server ? s.server->toString() : "-",
                    s.answers ? shortTime(s.took) : "-", detail});
  }
  printTable(rows);
}

ordered_json toJson(const ProbeReport& report) {
  ordered_json out;
  out["addresses"] = ordered_json::array();
  for (const driver::Interface& i : report.interfaces)
    out["addresses"].push_back({{"interface", i.name},
                                {"kind", name(i.kind)},
                                {"address", i.address.toString()},
                                {"up", i.up},
                                {"temporary", i.temporary},
                                {"deprecated", i.deprecated}});
  out["nat"] = ordered_json::array();
  for (const ProbeNat& nat : report.nat) {
    ordered_json one{{"family", nameOf(nat.family)},
                     {"mapping", describe(nat.report.mapping)},
                     {"filtering", describe(nat.report.filtering)},
                     {"rfc5780", nat.report.byRfc5780},
                     {"seen", ordered_json::array()}};
    for (const auto& s : nat.report.servers)
      if (s.mapped)
        one["seen"].push_back({{"by", s.server.toString()}, {"as", s.mapped->toString()}});
    out["nat"].push_back(std::move(one));
  }
  out["servers"] = ordered_json::array();
  for (const ProbeService& s : report.services) {
    ordered_json one{{"kind", s.kind}, {"url", s.url}, {"ok", s.answers}};
    if (s.server) one["address"] = s.server->toString();
    if (s.answers) one["milliseconds"] = milliseconds(s.took);
    if (s.mapped) one["mapped"] = s.mapped->toString();
    if (s.relayed) one["relayed"] = s.relayed->toString();
    if (!s.answers) one["problem"] = s.problem;
    out["servers"].push_back(std::move(one));
  }
  return out;
}

ExitCode verdict(const ProbeReport& report) {
  const auto answers = [](const ProbeService& s) { return s.answers; };
  const auto& all = report.services;
  if (std::all_of(all.begin(), all.end(), answers)) return ExitCode::Done;
  return std::any_of(all.begin(), all.end(), answers) ? ExitCode::Failed : ExitCode::NoPath;
}

std::optional<std::string> readTls(const Wishes& wishes, driver::TlsClientOptions& tls) {
  if (!wishes.tlsCa.empty()) {
    std::ifstream file(wishes.tlsCa);
    tls.trustedPem.assign(std::istreambuf_iterator<char>(file), {});
    if (!file || tls.trustedPem.empty())
      return "--tls-ca = " + wishes.tlsCa + ": cannot be read; give a file of PEM certificates";
  }
  if (!wishes.tlsPin.empty()) {
    const auto pin = driver::parseTlsPin(wishes.tlsPin);
    if (!pin)
      return "--tls-pin = " + wishes.tlsPin +
             ": is no fingerprint; give the certificate's SHA-256, in hexadecimal or base64";
    tls.pins.push_back(*pin);
  }
  return std::nullopt;
}

}  // namespace

ExitCode runProbe(const Words& words) {
  Wishes wishes;
  Arguments arguments(kName,
                      "Says what this machine's network lets calls do: addresses, NAT, and "
                      "which STUN and TURN servers answer.",
                      kExamples);
  arguments.words("URL", "stun:, turn:, turns: or https: of a server or room; several may be given",
                  wishes.urls);
  arguments.option("turn-user", "NAME:PASSWORD", "Who asks the TURN servers", wishes.turnUser);
  arguments.option("tls-ca", "FILE", "Certificates trusted instead of the system's (PEM)",
                   wishes.tlsCa);
  arguments.option("tls-pin", "SHA256", "The only certificate trusted, by its fingerprint",
                   wishes.tlsPin);
  arguments.option("timeout", "SECONDS", "For all of it (default: 20)", wishes.timeout);
  arguments.flag("json", "One JSON object instead of words", wishes.json);
  if (const auto code = arguments.parse(words)) return *code;

  ProbeOptions options;
  for (const std::string& url : wishes.urls)
    if (const auto problem = addServers(url, wishes, options.servers)) return wrong(*problem);
  if (const auto problem = readTls(wishes, options.tls)) return wrong(*problem);
  char* end = nullptr;
  const double seconds = std::strtod(wishes.timeout.c_str(), &end);
  if (end == wishes.timeout.c_str() || *end != '\0' || !(seconds > 0 && seconds <= 600))
    return wrong("--timeout = " + wishes.timeout + ": is no time; give seconds, at most 600");
  options.timeout = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));

  const Signalling rooms = askRooms(wishes, options.tls, options.timeout, options.servers);
  auto report = runProbe(options);
  if (!report) {
    std::cerr << kName << ": " << report.error().describe() << "\n";
    return ExitCode::Failed;
  }
  report->services.insert(report->services.begin(), rooms.services.begin(), rooms.services.end());
  if (wishes.json)
    std::cout << toJson(*report).dump() << "\n";
  else
    printWords(*report);
  return rooms.refused ? ExitCode::Refused : verdict(*report);
}

}  // namespace parley::cli
