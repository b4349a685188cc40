// What a server says when it is ready: one JSON line for programs, words for people.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace parley::server {

struct ReadyInfo {
  std::string http;  // "http://127.0.0.1:8080"
  std::string signal;
  std::vector<std::string> stun;
  std::vector<std::string> turn;
  std::string metrics;      // URL, when there is a listener of its own
  bool lan = false;         // for other devices: a QR code is worth its lines
  std::string fingerprint;  // of a self-signed certificate that browsers will ask about
  unsigned httpPort = 0;
  unsigned turnPort = 0;
  bool tls = false;
};

std::string readyJson(const ReadyInfo& info);
// `sshConnection`: $SSH_CONNECTION, empty when not over SSH. `colour`: the terminal knows ANSI.
std::string readyWords(const ReadyInfo& info, const std::string& sshConnection,
                       const std::string& user, bool colour);

// A QR code in UTF-8 half blocks, with its quiet zone; empty when the text is too long for one.
std::string qrCode(const std::string& text, bool colour);
// "ssh -L …", or nothing when the variable does not look like sshd's.
std::optional<std::string> sshForward(const ReadyInfo& info, const std::string& sshConnection,
                                      const std::string& user);

}  // namespace parley::server
