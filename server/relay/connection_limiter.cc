#include "server/relay/connection_limiter.h"

#include "base/check.h"

namespace parley::server {
namespace {

constexpr unsigned kSourceBitsV6 = 56;

IpAddress sourceOf(const IpAddress& remote) {
  const IpAddress ip = remote.unmapped();
  return ip.isV4() ? ip : Prefix(ip, kSourceBitsV6).address();
}

}  // namespace

bool ConnectionLimiter::admit(const IpAddress& remote) {
  const IpAddress source = sourceOf(remote);
  const std::lock_guard lock(mutex_);
  if (count_ >= most_) return false;
  const auto it = sources_.try_emplace(source, 0).first;
  if (it->second >= mostPerSource_) {
    if (it->second == 0) sources_.erase(it);  // a limit of zero
    return false;
  }
  ++it->second;
  ++count_;
  return true;
}

void ConnectionLimiter::release(const IpAddress& remote) {
  const std::lock_guard lock(mutex_);
  const auto it = sources_.find(sourceOf(remote));
  PARLEY_CHECK(it != sources_.end() && count_ > 0);
  --count_;
  if (--it->second == 0) sources_.erase(it);
}

}  // namespace parley::server
