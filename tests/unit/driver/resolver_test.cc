#include "driver/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>

#include "tests/unit/driver/loop_testing.h"

namespace parley::driver {
namespace {

// A name server of the test's: "slow…" waits until it is let go.
std::mutex gate;
std::atomic<int> asked{0};

Resolver::Answer lookup(const std::string& name) {
  ++asked;
  if (name.starts_with("slow")) {
    const std::lock_guard wait(gate);
    return std::vector<IpAddress>{IpAddress::v4(192, 0, 2, 1)};
  }
  if (name == "two.example") {
    return std::vector<IpAddress>{IpAddress::v4(192, 0, 2, 2), *IpAddress::parse("2001:db8::2")};
  }
  return Error{ErrorCode::NotFound, "Name or service not known"};
}

struct Fixture : testing::Test {
  Resolver::Id ask(const std::string& name, Duration timeout = 10s) {
    return resolver
        ->resolve(
            name,
            [this](Resolver::Id id, const Resolver::Answer& a) {
              order.push_back(id);
              if (a)
                found = *a;
              else
                error = a.error();
            },
            timeout)
        .value();
  }
  bool answered(std::size_t n) {
    return runUntil(*loop, [&] { return order.size() == n; });
  }

  std::unique_ptr<Loop> loop = Loop::make().value();
  std::unique_ptr<Resolver> resolver = Resolver::make(*loop, lookup).value();
  std::vector<Resolver::Id> order;
  std::vector<IpAddress> found;
  std::optional<Error> error;
};
using ResolverTest = Fixture;

TEST_F(ResolverTest, NamesAreAnsweredOnTheLoop) {
  const auto id = ask("two.example");
  EXPECT_TRUE(order.empty());
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(order[0], id);
  EXPECT_EQ(found.size(), 2u);
  EXPECT_EQ(resolver->pending(), 0u);
  ask("no.example");
  ASSERT_TRUE(answered(2));
  EXPECT_EQ(error->code(), ErrorCode::NotFound);
}

TEST_F(ResolverTest, LiteralsNeedNoNameServer) {
  const int before = asked;
  ask("192.0.2.77");
  EXPECT_TRUE(order.empty());  // not from within
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(found, std::vector<IpAddress>{IpAddress::v4(192, 0, 2, 77)});
  ask("2001:db8::7");
  ASSERT_TRUE(answered(2));
  EXPECT_EQ(found, std::vector<IpAddress>{*IpAddress::parse("2001:db8::7")});
  EXPECT_EQ(asked, before);
}

TEST_F(ResolverTest, ASlowNameHoldsUpNobody) {
  std::unique_lock closed(gate);
  const auto slow = ask("slow.example");
  const auto fast = ask("two.example");
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(order[0], fast);
  closed.unlock();
  ASSERT_TRUE(answered(2));
  EXPECT_EQ(order[1], slow);
}

TEST_F(ResolverTest, TheTimeIsLimited) {
  const std::lock_guard closed(gate);
  ask("slow.example", 20ms);
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(error->code(), ErrorCode::TimedOut);
}

TEST_F(ResolverTest, ACancelledLookupIsNeverHeardOf) {
  std::unique_lock closed(gate);
  const auto slow = ask("slow.example");
  const auto literal = ask("192.0.2.77");
  resolver->cancel(slow);
  resolver->cancel(literal);
  resolver->cancel(999);
  closed.unlock();
  ask("two.example");
  ASSERT_TRUE(answered(1));
  for (int i = 0; i < 3; ++i)
    loop->runOnce(1ms);
  EXPECT_EQ(order.size(), 1u);
}

TEST_F(ResolverTest, ItIsBounded) {
  std::unique_lock closed(gate);
  for (std::size_t i = 0; i < Resolver::kMaxPending; ++i)
    ask("slow" + std::to_string(i));
  const auto refused = resolver->resolve("one.more", [](Resolver::Id, const Resolver::Answer&) {});
  EXPECT_EQ(refused.error().code(), ErrorCode::Limit);
  closed.unlock();
  EXPECT_TRUE(answered(Resolver::kMaxPending));
}

TEST_F(ResolverTest, NamesThatAreNoneAreRefused) {
  for (const std::string& name : {std::string(), std::string(300, 'a'), std::string("a\0b", 3)}) {
    const auto r = resolver->resolve(name, [](Resolver::Id, const Resolver::Answer&) {});
    EXPECT_EQ(r.error().code(), ErrorCode::Invalid);
  }
}

TEST_F(ResolverTest, ItMayEndWhileALookupIsUnderWay) {
  std::unique_lock closed(gate);
  ask("slow.example");
  const int before = asked;
  runUntil(*loop, [&] { return asked > before || asked > 0; });
  resolver.reset();
  closed.unlock();
  loop->runOnce(1ms);
  EXPECT_TRUE(order.empty());
}

TEST(SystemLookup, KnowsTheMachineItself) {
  const auto found = Resolver::systemLookup("localhost");
  ASSERT_TRUE(found.ok()) << found.error().describe();
  for (const IpAddress& ip : *found)
    EXPECT_TRUE(ip.isLoopback()) << ip.toString();
}

}  // namespace
}  // namespace parley::driver
