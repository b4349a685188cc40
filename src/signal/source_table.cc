#include "signal/source_table.h"

#include "base/check.h"

namespace parley::signal {

SourceKey::SourceKey(const IpAddress& address) {
  const IpAddress ip = address.unmapped();
  if (ip.isV4()) {
    value_ = (std::uint64_t{ip.v4HostOrder()} << 8) | 1;
  } else {
    value_ = loadBe64(ip.bytes().data()) & ~std::uint64_t{0xff};
  }
}

std::size_t SourceTable::count(SourceKey key, SourceUse use) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? 0 : it->second[static_cast<std::size_t>(use)];
}

void SourceTable::add(SourceKey key, SourceUse use) {
  ++entries_[key][static_cast<std::size_t>(use)];
}

void SourceTable::remove(SourceKey key, SourceUse use) {
  const auto it = entries_.find(key);
  PARLEY_CHECK(it != entries_.end() && it->second[static_cast<std::size_t>(use)] > 0);
  --it->second[static_cast<std::size_t>(use)];
  if (it->second == Counts{}) entries_.erase(it);
}

}  // namespace parley::signal
