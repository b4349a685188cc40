// How fast bytes move and when they will be done: over the last seconds, not since the beginning.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/time.h"

namespace parley::cli {

class Meter {
 public:
  static constexpr Duration kSpan = 5s;

  void add(std::uint64_t total, Time now);
  // Bytes a second; nothing before there are two moments to compare.
  std::optional<double> speed() const;

 private:
  struct Sample {
    Time at;
    std::uint64_t total;
  };
  std::deque<Sample> samples_;
};

// "report.pdf  45 % ██████░░░░░░  12.3 MB/s  0:34 left  direct, UDP, 12 ms", cut to `width`.
std::string progressLine(const std::string& what, std::uint64_t done, std::uint64_t all,
                         const Meter& meter, const std::string& path, std::size_t width);

}  // namespace parley::cli
