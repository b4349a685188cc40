// One shard's counters where other threads may read them: published by the shard at the end of a
// round, read at any time. Each number is whole; together they are not of one instant.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "server/relay/relay_metrics.h"

namespace parley::server {

class SharedMetrics {
 public:
  void publish(const RelayMetrics& metrics) {
    const auto values = std::bit_cast<Values>(metrics);
    for (std::size_t i = 0; i < values.size(); ++i) {
      cells_[i].store(values[i], std::memory_order_relaxed);
    }
  }
  void addTo(RelayMetrics& sum) const {
    auto values = std::bit_cast<Values>(sum);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] += cells_[i].load(std::memory_order_relaxed);
    }
    sum = std::bit_cast<RelayMetrics>(values);
  }

 private:
  using Values = std::array<std::uint64_t, sizeof(RelayMetrics) / sizeof(std::uint64_t)>;
  alignas(64) std::array<std::atomic<std::uint64_t>, std::tuple_size_v<Values>> cells_{};
};

}  // namespace parley::server
