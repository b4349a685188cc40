// All sockets that a relay listens on, bound before anything runs: for each address and shard one
// of each kind, on one port number for all. The first of a port is bound alone, so that a port in
// use is an error and never shared with a stranger; then it is opened to the other shards'.
#pragma once

#include <vector>

#include "driver/tcp_listener.h"
#include "driver/udp_socket.h"
#include "server/relay/relay_config.h"
#include "server/relay/relay_server.h"

namespace parley::server {

struct ListenSockets {
  // [shard][address]
  std::vector<std::vector<driver::UdpSocket>> udp;
  std::vector<std::vector<driver::UdpSocket>> stunAlt;
  std::vector<std::vector<driver::TcpSocket>> tcp;
  std::vector<std::vector<driver::TcpSocket>> tls;
  RelayEndpoints endpoints;

  static Result<ListenSockets, RelayStartError> bind(const RelayConfig& config, unsigned shards);
};

}  // namespace parley::server
