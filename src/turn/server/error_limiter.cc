#include "turn/server/error_limiter.h"

#include <algorithm>

namespace parley::turn {
namespace {

IpAddress network(const IpAddress& source) {
  return Prefix(source, source.isV4() ? 24 : 56).address();
}

}  // namespace

double ErrorLimiter::tokensNow(const Bucket& bucket, Time now) const {
  const double elapsed = std::chrono::duration<double>(now - bucket.at).count();
  return std::min(burst_, static_cast<double>(bucket.tokens) + std::max(0.0, elapsed) * perSecond_);
}

bool ErrorLimiter::allow(const IpAddress& source, Time now) {
  if (source.isLoopback()) return true;
  if (sets_.empty()) sets_.resize(kSets);
  // The hash stands for the network: two that share all 64 bits share a bucket.
  const std::uint64_t id = hash_(network(source)) | 1;
  Set& set = sets_[(id >> 8) % kSets];
  Bucket* mine = nullptr;
  Bucket* quietest = &set[0];
  double most = -1;
  for (Bucket& b : set) {
    if (b.network == id) mine = &b;
    const double tokens = b.network == 0 ? burst_ + 1 : tokensNow(b, now);
    if (tokens > most) {
      most = tokens;
      quietest = &b;
    }
  }
  if (mine == nullptr) {
    mine = quietest;
    *mine = {id, now, static_cast<float>(burst_)};
  }
  const double tokens = tokensNow(*mine, now);
  mine->at = now;
  mine->tokens = static_cast<float>(tokens < 1 ? tokens : tokens - 1);
  return tokens >= 1;
}

}  // namespace parley::turn
