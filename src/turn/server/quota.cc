#include "turn/server/quota.h"

namespace parley::turn {
namespace {

template <class Map, class Key>
void decrease(Map& map, const Key& key) {
  const auto found = map.find(key);
  if (found != map.end() && --found->second == 0) map.erase(found);
}

}  // namespace

Quota::Verdict Quota::take(std::string_view account, std::uint32_t perUser,
                           const IpAddress& source) {
  const IpAddress network = sourceOf(source);
  const auto user = users_.find(account);
  if (perUser == 0 || (user != users_.end() && user->second >= perUser)) return Verdict::UserFull;
  const auto held = sources_.find(network);
  if (perSource_ == 0 || (held != sources_.end() && held->second >= perSource_)) {
    return Verdict::SourceFull;
  }
  if (user != users_.end()) {
    ++user->second;
  } else {
    users_.emplace(account, 1);
  }
  ++sources_[network];
  return Verdict::Taken;
}

void Quota::give(std::string_view account, const IpAddress& source) {
  decrease(users_, account);
  decrease(sources_, sourceOf(source));
}

}  // namespace parley::turn
