#include "ice/consent.h"

#include <gtest/gtest.h>

namespace parley::ice {
namespace {

class ConsentTest : public testing::Test {
 protected:
  SeededRandom random{3};
  Time start = Time{} + 100s;
  Consent consent{ConsentTiming{}, start, start, random};
};

TEST_F(ConsentTest, asksFourToSixSecondsAfterAnAnswer) {
  for (int i = 0; i < 200; ++i) {
    const Consent c(ConsentTiming{}, start, start, random);
    EXPECT_GE(c.nextTimeout(), start + 4s);
    EXPECT_LE(c.nextTimeout(), start + 6s);
  }
}

TEST_F(ConsentTest, anAnswerStartsAnew) {
  const Time at = consent.nextTimeout();
  EXPECT_FALSE(consent.due(at - 1ns));
  ASSERT_TRUE(consent.due(at));
  const auto id = consent.begin(Duration{}, at, random);
  EXPECT_FALSE(consent.due(at));
  EXPECT_EQ(consent.handleResponse(id, at + 30ms, random), Duration{30ms});
  EXPECT_GE(consent.nextTimeout(), at + 4s);
  EXPECT_EQ(consent.lastResponse(), at + 30ms);
  EXPECT_FALSE(consent.handleResponse(id, at + 40ms, random).has_value()) << "counted twice";
}

TEST_F(ConsentTest, asksFasterWhenNobodyAnswersAndSaysSo) {
  Time at = consent.nextTimeout();
  consent.begin(Duration{}, at, random);
  EXPECT_EQ(consent.nextTimeout(), at + 500ms);
  at = consent.nextTimeout();
  consent.begin(Duration{}, at, random);
  EXPECT_EQ(consent.unanswered(), 1u);
  EXPECT_EQ(consent.nextTimeout(), at + 1s);
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(consent.unresponsive());
    at = consent.nextTimeout();
    consent.begin(Duration{}, at, random);
  }
  EXPECT_TRUE(consent.unresponsive());
}

TEST_F(ConsentTest, waitsThreeRoundTrips) {
  const Time at = consent.nextTimeout();
  consent.begin(400ms, at, random);
  EXPECT_EQ(consent.nextTimeout(), at + 1200ms);
}

TEST_F(ConsentTest, neverWaitsLongerThanThreeSeconds) {
  const Time at = consent.nextTimeout();
  consent.begin(10s, at, random);
  EXPECT_EQ(consent.nextTimeout(), at + 3s);
}

TEST_F(ConsentTest, everyRequestIsATransactionOfItsOwnAndLateAnswersCount) {
  Time at = consent.nextTimeout();
  const auto first = consent.begin(Duration{}, at, random);
  at += 500ms;
  const auto second = consent.begin(Duration{}, at, random);
  EXPECT_NE(first, second);
  EXPECT_TRUE(consent.handleResponse(first, at + 100ms, random).has_value());
  EXPECT_EQ(consent.unanswered(), 0u);
  EXPECT_TRUE(consent.handleResponse(second, at + 200ms, random).has_value());
}

TEST_F(ConsentTest, endsThirtySecondsAfterTheLastAnswer) {
  while (!consent.expired(consent.nextTimeout())) {
    ASSERT_TRUE(consent.due(consent.nextTimeout()));
    consent.begin(Duration{}, consent.nextTimeout(), random);
  }
  EXPECT_EQ(consent.nextTimeout(), start + 30s);
  EXPECT_FALSE(consent.expired(start + 30s - 1ns));
}

TEST_F(ConsentTest, hurryAsksAtOnceButNotAllTheTime) {
  consent.hurry(start + 2s);
  EXPECT_TRUE(consent.due(start + 2s));
  const auto id = consent.begin(Duration{}, start + 2s, random);
  EXPECT_TRUE(consent.handleResponse(id, start + 2s, random).has_value());
  consent.hurry(start + 2500ms);
  EXPECT_FALSE(consent.due(start + 2500ms));
  consent.hurry(start + 3s);
  EXPECT_TRUE(consent.due(start + 3s));
}

TEST_F(ConsentTest, onePairThatWasValidLongAgoIsAskedAtOnce) {
  const Consent c(ConsentTiming{}, start, start + 20s, random);
  EXPECT_TRUE(c.due(start + 20s));
  EXPECT_TRUE(c.expired(start + 30s));
}

}  // namespace
}  // namespace parley::ice
