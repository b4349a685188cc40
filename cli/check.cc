// `parley check`: what is wrong with a configuration, before or after it is used.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/arguments.h"
#include "cli/configuration.h"
#include "cli/verbs.h"
#include "server/clock.h"
#include "server/config/state_dir.h"
#include "server/config/tls_files.h"
#include "server/outside_check.h"
#include "server/port_check.h"

namespace parley::cli {
namespace {

using server::ConfigError;

constexpr const char* kName = "parley check";
constexpr const char* kExamples = R"(Examples:
  parley check --config parley.toml
  parley check --from-outside https://call.example.org
)";
constexpr auto kSoon = 14 * 24h;

// One line for each thing looked at.
class Report {
 public:
  explicit Report(bool json) : json_(json) {}

  void good(const std::string& check, const std::string& detail) { line(check, true, detail); }
  void bad(const std::string& check, const std::string& detail, ExitCode code) {
    line(check, false, detail);
    if (code_ == ExitCode::Done || code == ExitCode::Usage) code_ = code;
  }
  void bad(const ConfigError& error) {
    bad(error.key.empty() ? "configuration" : error.key, error.text(), ExitCode::Usage);
  }
  // Neither good nor bad: to be known.
  void note(const std::string& check, const nlohmann::ordered_json& fields,
            const std::string& words) {
    if (json_) {
      nlohmann::ordered_json out{{"check", check}};
      out.update(fields);
      std::cout << out.dump() << "\n";
    } else {
      std::cout << "     " << words << "\n";
    }
  }
  ExitCode code() const { return code_; }

 private:
  void line(const std::string& check, bool isGood, const std::string& detail) {
    if (json_) {
      std::cout
          << nlohmann::ordered_json{{"check", check}, {"ok", isGood}, {"detail", detail}}.dump()
          << "\n";
    } else {
      std::cout << (isGood ? "ok   " : "BAD  ") << detail << "\n";
    }
  }

  bool json_;
  ExitCode code_ = ExitCode::Done;
};

void checkCertificate(const server::Loaded& loaded, Report& report) {
  const server::Config& config = loaded.config;
  if (!config.ownCertificate()) {
    report.good("certificate", config.tls() ? "a self-signed certificate is made and kept"
                                            : "HTTP without TLS: browsers give cameras and "
                                              "microphones to pages of this machine only");
    return;
  }
  const auto material = server::loadCertificate(config.tlsCert, config.tlsKey, server::wallNow());
  if (!material) return report.bad(loaded.withSource(material.error()));
  const auto& info = material->info;
  for (const std::string& host : config.hosts) {
    if (info.covers(host)) continue;
    report.bad(loaded.withSource({"host", host, "", "is not covered by the certificate",
                                  "get one that names it, or correct host"}));
  }
  if (!material->trusted) {
    report.note("certificate", {{"selfSigned", true}},
                "The certificate is self-signed: browsers warn, and turns: is not handed out.");
  }
  const auto left = info.notAfter - server::wallNow();
  const auto days = std::chrono::duration_cast<std::chrono::hours>(left).count() / 24;
  if (left < kSoon) {
    report.bad("tls-cert", "the certificate expires in " + std::to_string(days) + " days; renew it",
               ExitCode::Failed);
  } else {
    report.good("tls-cert", "certificate and key fit; " + std::to_string(days) + " days left");
  }
}

void checkPorts(const server::Loaded& loaded, Report& report) {
  const auto errors = server::tryPorts(loaded.config);
  for (const ConfigError& error : errors)
    report.bad(loaded.withSource(error));
  if (errors.empty()) report.good("ports", "all ports are free");
  if (loaded.config.loopbackOnly()) {
    report.note("firewall", {{"ports", nlohmann::json::array()}},
                "Only this machine can reach the server: no port needs to be open.");
    return;
  }
  for (const server::PortUse& use : server::portsOf(loaded.config)) {
    if (use.first == 0) continue;
    const char* protocol = use.udp ? "udp" : "tcp";
    std::string range = std::to_string(use.first);
    if (use.last != use.first) range += "-" + std::to_string(use.last);
    report.note("firewall", {{"protocol", protocol}, {"ports", range}, {"purpose", use.purpose}},
                "Let in " + std::string(use.udp ? "UDP " : "TCP ") + range + ": " + use.purpose);
  }
}

ExitCode checkHere(const server::Loaded& loaded) {
  Report report(loaded.config.json);
  report.good("configuration", "the configuration makes sense");
  if (const auto state = server::StateDir::open(loaded.config.stateDir); !state) {
    report.bad(loaded.withSource(state.error()));
  } else {
    report.good("state-dir", "state is kept in " + loaded.config.stateDir);
  }
  checkCertificate(loaded, report);
  checkPorts(loaded, report);
  return report.code();
}

}  // namespace

ExitCode runCheck(const Words& words) {
  server::Sources sources;
  std::string url;
  Arguments arguments(kName, "Tries a configuration without starting anything.", kExamples);
  arguments.option("from-outside", "URL",
                   "Instead: whether a running server can be reached by this address, by HTTP and "
                   "STUN. Run it from another network.",
                   url);
  arguments.settings(sources);
  if (const auto code = arguments.parse(words)) return *code;
  const server::Loaded loaded = loadConfiguration(sources);
  if (!loaded.errors.empty()) {
    printErrors(kName, loaded.errors);
    return ExitCode::Usage;
  }
  if (url.empty()) return checkHere(loaded);
  const auto target = server::parseHttpUrl(url);
  if (!target) {
    std::cerr << kName << ": --from-outside = " << url
              << ": is not an address; give one such as https://call.example.org\n";
    return ExitCode::Usage;
  }
  Report report(loaded.config.json);
  for (const server::OutsideFinding& finding : server::checkFromOutside(*target)) {
    if (finding.good) {
      report.good(finding.check, finding.detail);
    } else {
      report.bad(finding.check, finding.detail, ExitCode::Failed);
    }
  }
  return report.code();
}

}  // namespace parley::cli
