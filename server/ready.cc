#include "server/ready.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "net/address.h"
#include "server/ice_directory.h"

namespace parley::server {

std::string readyJson(const ReadyInfo& info) {
  nlohmann::ordered_json out;
  out["http"] = info.http;
  out["signal"] = info.signal;
  out["stun"] = info.stun;
  out["turn"] = info.turn;
  if (!info.metrics.empty()) out["metrics"] = info.metrics;
  if (!info.fingerprint.empty()) out["fingerprint"] = info.fingerprint;
  return out.dump();
}

std::optional<std::string> sshForward(const ReadyInfo& info, const std::string& sshConnection,
                                      const std::string& user) {
  // sshd(8): client address, client port, server address, server port.
  std::istringstream in(sshConnection);
  std::string client;
  std::string clientPort;
  std::string server;
  std::string serverPort;
  if (!(in >> client >> clientPort >> server >> serverPort)) return {};
  const auto ip = IpAddress::parse(server);
  if (!ip || !IpAddress::parse(client)) return {};
  const auto forward = [](unsigned port) {
    return " -L " + std::to_string(port) + ":127.0.0.1:" + std::to_string(port);
  };
  std::string line = "ssh";
  if (serverPort != "22" && serverPort.find_first_not_of("0123456789") == std::string::npos) {
    line += " -p " + serverPort;
  }
  line += forward(info.httpPort);
  if (info.turnPort != 0) line += forward(info.turnPort);  // so that the relay works over TCP
  return line + " " + (user.empty() ? "" : user + "@") + ip->toString();
}

std::string readyWords(const ReadyInfo& info, const std::string& sshConnection,
                       const std::string& user, bool colour) {
  std::string out = "Parley is ready. Open " + info.http + "\n";
  if (info.lan) {
    out += "\nOn another device in this network open the same address, or scan:\n\n" +
           qrCode(info.http, colour);
  }
  if (!info.fingerprint.empty()) {
    out += "\nThe certificate is self-signed: browsers warn once. Its SHA-256 fingerprint:\n" +
           info.fingerprint + "\n";
  }
  if (const auto line = sshForward(info, sshConnection, user)) {
    out += "\nYou are here over SSH. To open it on your own machine, run there\n  " + *line +
           "\nand open " + (info.tls ? "https" : "http") +
           "://localhost:" + std::to_string(info.httpPort) + "\n";
  }
  return out;
}

}  // namespace parley::server
