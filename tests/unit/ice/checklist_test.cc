#include "ice/checklist.h"

#include <gtest/gtest.h>

namespace parley::ice {
namespace {

class ChecklistTest : public testing::Test {
 protected:
  CandidatePair* add(std::uint64_t priority, std::uint64_t foundation = 0) {
    CandidatePair p;
    p.priority = priority;
    p.foundation = foundation == 0 ? ++foundations : foundation;
    p.base = static_cast<BaseIndex>(++made % 200);
    p.remote = static_cast<RemoteIndex>(made / 200);
    return list.add(std::move(p));
  }
  // As the agent does when it sends.
  void send(CandidatePair* p, Time now = Time{}) {
    if (!p->check.active()) {
      p->check = {stun::randomTransactionId(random), {}, Transport::Udp};
    }
    p->state = PairState::InProgress;
    p->check.sent(now);
  }
  Checklist list;
  SeededRandom random{1};
  std::uint64_t foundations = 1000;
  unsigned made = 0;
};

TEST_F(ChecklistTest, theBestPriorityGoesFirst) {
  CandidatePair* low = add(1);
  CandidatePair* high = add(3);
  CandidatePair* middle = add(2);
  for (CandidatePair* expected : {high, middle, low}) {
    CandidatePair* next = list.next(Time{});
    ASSERT_EQ(next, expected);
    send(next);
  }
  EXPECT_EQ(list.next(Time{}), nullptr);
  EXPECT_EQ(list.nextTime(), Time{} + 500ms);
  EXPECT_TRUE(list.hasOpen());
}

TEST_F(ChecklistTest, aTriggeredCheckGoesBeforeAllAndOnlyOnce) {
  CandidatePair* low = add(1);
  CandidatePair* high = add(3);
  list.trigger(*low);
  list.trigger(*low);
  EXPECT_EQ(list.next(Time{}), low);
  send(low);
  EXPECT_EQ(list.next(Time{}), high);
}

TEST_F(ChecklistTest, ofOneFoundationTheBestGoesAndTheRestWaitsForOthers) {
  CandidatePair* first = add(9, 5);
  CandidatePair* second = add(8, 5);
  CandidatePair* other = add(1, 6);
  EXPECT_EQ(second->state, PairState::Frozen);
  for (CandidatePair* expected : {first, other, second}) {
    CandidatePair* next = list.next(Time{});
    ASSERT_EQ(next, expected);
    send(next);
  }
}

TEST_F(ChecklistTest, thawingLetsTheRestOfAFoundationGo) {
  send(add(9, 5));
  CandidatePair* second = add(8, 5);
  add(1, 6);
  ASSERT_EQ(second->state, PairState::Frozen);
  list.thaw(5);
  EXPECT_EQ(list.next(Time{}), second);
}

TEST_F(ChecklistTest, retransmissionsComeLastInTheOrderOfTheirTime) {
  CandidatePair* a = add(1);
  CandidatePair* b = add(2);
  send(a, Time{});
  send(b, Time{} + 1ms);
  EXPECT_EQ(list.next(Time{} + 499ms), nullptr);
  EXPECT_EQ(list.next(Time{} + 600ms), a);
  send(a, Time{} + 600ms);
  EXPECT_EQ(list.next(Time{} + 600ms), b);
  CandidatePair* fresh = add(1);
  EXPECT_EQ(list.next(Time{} + 600ms), fresh);
}

TEST_F(ChecklistTest, finishedItOnlyAnswersTriggers) {
  CandidatePair* p = add(1);
  list.setFinished(true);
  EXPECT_EQ(list.next(Time{}), nullptr);
  EXPECT_EQ(list.nextTime(), kNever);
  list.trigger(*p);
  EXPECT_EQ(list.nextTime(), Time::min());
  EXPECT_EQ(list.next(Time{}), p);
}

TEST_F(ChecklistTest, whenFullTheLowestPriorityGoes) {
  std::vector<CandidatePair*> all;
  for (std::size_t i = 0; i < Checklist::kMaxPairs; ++i)
    all.push_back(add(100 + i));
  EXPECT_EQ(add(50), nullptr) << "worse than all";
  EXPECT_EQ(add(500), all[0]) << "in the place of the worst";
  EXPECT_EQ(list.pairs().size(), Checklist::kMaxPairs);
  // What is under way or valid is not thrown out.
  for (CandidatePair& p : list.pairs())
    p.state = PairState::InProgress;
  EXPECT_EQ(add(1000), nullptr);
  all[7]->state = PairState::Failed;
  EXPECT_EQ(add(1), all[7]) << "a failed one is";
}

TEST_F(ChecklistTest, pairsHaveNumbersOfTheirOwn) {
  CandidatePair* a = add(1);
  const PairId first = a->id;
  a->gone = true;
  CandidatePair* b = add(2);
  EXPECT_EQ(b, a);
  EXPECT_NE(b->id, first);
}

TEST_F(ChecklistTest, isFoundByItsTransaction) {
  CandidatePair* p = add(1);
  send(p);
  EXPECT_EQ(list.byTransaction(p->check.id()), p);
  p->check.stop();
  EXPECT_EQ(list.byTransaction(p->check.id()), nullptr);
}

}  // namespace
}  // namespace parley::ice
