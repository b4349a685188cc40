// Many seeded runs of one scenario. A scenario is a function of its seed that gives what went
// wrong, nothing when nothing did. The first seed that fails is run again with its packets
// captured, and the test says how to see it once more:
//
//   PARLEY_SEED=N or --seed=N   that seed alone
//   --seeds=N                   N seeds instead of the usual number
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/network.h"

namespace parley::sim::test {

using Failures = std::vector<std::string>;

// Where a run may leave its packets; it calls net.startCapture() when `wanted`.
struct Capture {
  bool wanted = false;
  std::vector<std::uint8_t> bytes;
  void begin(Network& net) const {
    if (wanted) net.startCapture();
  }
  void end(const Network& net) {
    if (net.capture()) bytes = net.capture()->bytes();
  }
};

using Scenario = std::function<Failures(std::uint64_t seed, Capture& capture)>;

// Fails the test that calls it when a seed fails. `name` names the capture's file.
void forEachSeed(const std::string& name, std::uint64_t count, const Scenario& scenario);

// Whether only one seed was asked for: totals over many mean nothing then.
bool isOnlyOneSeed();

// From the command line; what gtest did not take.
void readSeedArguments(int argc, char** argv);

}  // namespace parley::sim::test
