// The PROXY protocol, versions 1 (text) and 2 (binary), as load balancers put it before the first
// byte of a connection (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt). A pure
// parser; who is allowed to send one is decided by the connection.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "net/address.h"

namespace parley::server {

struct ProxyHeader {
  enum class State : std::uint8_t { NeedMore, Done, Bad };
  // A longer header is Bad: version 1 has at most 107 bytes; version 2 may carry extensions.
  static constexpr std::size_t kMaxSize = 1024;

  State state = State::Bad;
  std::size_t size = 0;           // bytes to skip, when Done
  std::optional<Address> source;  // nothing for LOCAL and UNKNOWN: the connection's own address
};

ProxyHeader parseProxyHeader(ConstBytes bytes);

}  // namespace parley::server
