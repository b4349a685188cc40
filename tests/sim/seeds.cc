#include "tests/sim/seeds.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

namespace parley::sim::test {
namespace {

std::optional<std::uint64_t> onlySeed;
std::optional<std::uint64_t> seedCount;

std::string save(const std::string& name, std::uint64_t seed, const Capture& capture) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                     ("parley-" + name + "-seed" + std::to_string(seed) + ".pcap");
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(capture.bytes.data()),
            static_cast<std::streamsize>(capture.bytes.size()));
  return out ? path.string() : "(could not be written)";
}

// False when it failed, and then the test has failed.
bool runOne(const std::string& name, std::uint64_t seed, const Scenario& scenario) {
  Capture none;
  const Failures failures = scenario(seed, none);
  if (failures.empty()) return true;
  Capture capture{true, {}};
  const Failures again = scenario(seed, capture);
  std::string text;
  for (const std::string& f : failures)
    text += "  " + f + "\n";
  ADD_FAILURE() << name << ", seed " << seed << ":\n"
                << text << "once more: PARLEY_SEED=" << seed
                << "\npackets: " << save(name, seed, capture)
                << (again == failures ? "" : "\nIT DID NOT FAIL THE SAME WAY AGAIN");
  return false;
}

}  // namespace

bool isOnlyOneSeed() {
  return onlySeed.has_value();
}

void readSeedArguments(int argc, char** argv) {
  if (const char* one = std::getenv("PARLEY_SEED")) onlySeed = std::strtoull(one, nullptr, 10);
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("--seed=")) onlySeed = std::strtoull(argv[i] + 7, nullptr, 10);
    if (argument.starts_with("--seeds=")) seedCount = std::strtoull(argv[i] + 8, nullptr, 10);
  }
}

void forEachSeed(const std::string& name, std::uint64_t count, const Scenario& scenario) {
  if (onlySeed) {
    runOne(name, *onlySeed, scenario);
    return;
  }
  for (std::uint64_t seed = 1; seed <= seedCount.value_or(count); ++seed)
    if (!runOne(name, seed, scenario)) return;
}

}  // namespace parley::sim::test
