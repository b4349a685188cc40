// `parley serve`: composes configuration, certificate, relay, signalling and HTTP, and runs them.
//
// One Server a process (it handles the process's signals while it runs). start() either has
// everything or says what is wrong in the words of the configuration.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/config/load.h"
#include "server/config/tls_files.h"
#include "server/ready.h"

namespace parley::server {

enum class StopReason : std::uint8_t { Terminated, Interrupted };

class Server {
 public:
  // How long members have to take their leave when the server stops.
  static constexpr Duration kGrace = 3s;

  static Result<std::unique_ptr<Server>, ConfigError> start(const Config& config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const ReadyInfo& ready() const;
  // Serves until SIGTERM or SIGINT: members are told, sockets closed. A second signal cuts short.
  StopReason run();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The names that a certificate of ours must hold for this configuration.
CertificateNames certificateNames(const Config& config);
// What a failed bind means for whoever configured it.
ConfigError bindError(const std::string& key, std::uint16_t port, const IpAddress& ip, int error);

}  // namespace parley::server
