#include <gtest/gtest.h>

#include "tests/sim/seeds.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  parley::sim::test::readSeedArguments(argc, argv);
  return RUN_ALL_TESTS();
}
