// How many TCP and TLS connections the server holds, in all and of one source (an IPv4 address or
// an IPv6 /56), over all shards. Thread-safe; asked once a connection.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "net/address.h"

namespace parley::server {

class ConnectionLimiter {
 public:
  ConnectionLimiter(std::uint32_t most, std::uint32_t mostPerSource)
      : most_(most), mostPerSource_(mostPerSource) {}

  // true: counted, and release() must follow once.
  bool admit(const IpAddress& remote);
  void release(const IpAddress& remote);

 private:
  const std::uint32_t most_;
  const std::uint32_t mostPerSource_;
  std::mutex mutex_;
  std::uint32_t count_ = 0;
  std::unordered_map<IpAddress, std::uint32_t> sources_;  // at most `most_` entries
};

}  // namespace parley::server
