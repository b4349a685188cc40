#include "signal/proof.h"

#include <gtest/gtest.h>

namespace parley::signal {
namespace {

class ProofTest : public ::testing::Test {
 protected:
  SeededRandom random{5};
  std::vector<std::uint8_t> key = std::vector<std::uint8_t>(32, 9);
  WallTime now = wallTimeFromUnixSeconds(1'790'000'000);
  MemberId id = MemberId::random(random);
  ProofMaker before{key, 2h, random};
  ProofMaker after{key, 2h, random};
  Rights rights = Rights().with(Right::Lock);
};

TEST_F(ProofTest, HoldsInALaterRunForItsRoomAndName) {
  const std::string text = before.make(id, rights, "room", "Ada", now);
  EXPECT_LE(text.size(), 128u);
  const auto proof = after.check(text, "room", "Ada", now + 1h);
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->id, id);
  EXPECT_EQ(proof->rights, rights);
  EXPECT_FALSE(proof->ofThisRun);
  EXPECT_TRUE(before.check(text, "room", "Ada", now)->ofThisRun);
  EXPECT_FALSE(after.check(text, "room2", "Ada", now));
  EXPECT_FALSE(after.check(text, "room", "Eve", now));
}

TEST_F(ProofTest, Expires) {
  const std::string text = before.make(id, rights, "room", "Ada", now);
  EXPECT_TRUE(after.check(text, "room", "Ada", now + 2h - 1s));
  EXPECT_FALSE(after.check(text, "room", "Ada", now + 2h));
}

TEST_F(ProofTest, AnyChangedCharacterBreaksIt) {
  const std::string text = before.make(id, rights, "room", "Ada", now);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(after.check(changed, "room", "Ada", now)) << i;
    EXPECT_FALSE(after.check(text.substr(0, i), "room", "Ada", now)) << i;
  }
  EXPECT_FALSE(after.check(text + "A", "room", "Ada", now));
}

TEST_F(ProofTest, AnotherKeyMakesNothingOfIt) {
  ProofMaker other(std::vector<std::uint8_t>(32, 8), 2h, random);
  EXPECT_FALSE(other.check(before.make(id, rights, "room", "Ada", now), "room", "Ada", now));
  EXPECT_NE(other.roomDigest("room"), before.roomDigest("room"));
  EXPECT_EQ(after.roomDigest("room"), before.roomDigest("room"));
  EXPECT_NE(after.roomDigest("room"), before.roomDigest("room2"));
}

TEST_F(ProofTest, RoomAndNameDoNotFlowTogether) {
  const std::string text = before.make(id, rights, "a", "b c", now);
  EXPECT_FALSE(after.check(text, "a\nb", "c", now));
}

}  // namespace
}  // namespace parley::signal
