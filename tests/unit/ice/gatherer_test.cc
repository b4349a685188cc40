#include "ice/gatherer.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "ice/events.h"
#include "stun/attributes.h"
#include "stun/message_writer.h"

namespace parley::ice {
namespace {

Address at(const std::string& text) {
  return *Address::parse(text);
}

class GathererTest : public testing::Test {
 protected:
  struct Request {
    Path path;
    stun::TransactionId id;
  };
  void step() {
    gatherer.step(now, out, random);
    std::vector<std::uint8_t> arena(8192);
    std::vector<Transmit> items(64);
    TransmitBatch batch{arena, items};
    ASSERT_EQ(out.flush(batch), More::No);
    for (const Transmit& t : batch.trains()) {
      const Train train{t.path, batch.bytes(t), t.segmentSize};
      for (std::size_t i = 0; i < train.size(); ++i) {
        const auto message = stun::Message::parse(train[i]);
        ASSERT_TRUE(message.ok());
        requests.push_back({t.path, message->transactionId()});
      }
    }
  }
  void runUntil(Time end) {
    step();
    while (gatherer.nextTimeout() <= end) {
      now = std::max(now, gatherer.nextTimeout());
      step();
    }
    now = end;
  }
  template <class Fill>
  bool respond(const Request& to, stun::Class c, Fill&& fill) {
    std::vector<std::uint8_t> room(256);
    stun::MessageWriter w(room, stun::Method::Binding, c, to.id);
    fill(w);
    room.resize(w.finish());
    return gatherer.handleResponse(to.path, stun::Message::parse(room).value(), now);
  }
  bool map(const Request& to, const char* mapped) {
    return respond(to, stun::Class::Success, [&](stun::MessageWriter& w) {
      w.xorAddress(stun::attr::kXorMappedAddress, at(mapped));
    });
  }

  Time now{};
  SeededRandom random{1};
  Outbox out;
  Gatherer gatherer{{250ms, 9, 6, 8250ms, 1s}, 5ms, 15s};
  std::deque<Request> requests;
  const Address server = at("203.0.113.1:3478");
  const Address local = at("192.0.2.1:1000");
};

TEST_F(GathererTest, asksEveryServerFromEveryBaseOfItsFamily) {
  gatherer.addBase(0, LinkId{1}, local);
  ASSERT_TRUE(gatherer.addServer(server, 0));
  gatherer.addBase(1, LinkId{2}, at("[2001:db8::1]:1"));
  gatherer.addBase(2, LinkId{3}, at("127.0.0.1:1"));
  gatherer.addServer(at("[2001:db8::9]:3478"), 1);
  gatherer.addServer(at("203.0.113.2:3478"), 2);
  runUntil(now + 100ms);
  EXPECT_EQ(requests.size(), 3u);
  EXPECT_FALSE(gatherer.idle());
}

TEST_F(GathererTest, aNewRequestNeverComesSoonerThanThePaceAllows) {
  gatherer.addBase(0, LinkId{1}, local);
  for (int i = 1; i <= 8; ++i)
    gatherer.addServer(at("203.0.113." + std::to_string(i) + ":3478"), 0);
  for (int ms = 0; ms < 40; ms += 5) {
    runUntil(Time{} + std::chrono::milliseconds(ms));
    EXPECT_EQ(requests.size(), static_cast<std::size_t>(ms / 5 + 1));
  }
}

TEST_F(GathererTest, tellsWhatTheServerSaw) {
  gatherer.addBase(3, LinkId{1}, local);
  gatherer.addServer(server, 4);
  step();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_TRUE(map(requests[0], "198.51.100.1:7"));
  EXPECT_FALSE(map(requests[0], "198.51.100.1:8")) << "an answer twice";
  const auto result = gatherer.poll();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->base, 3);
  EXPECT_EQ(result->urlIndex, 4);
  EXPECT_EQ(result->mapped, at("198.51.100.1:7"));
  EXPECT_TRUE(gatherer.idle());
}

TEST_F(GathererTest, answersOfOthersAreNone) {
  gatherer.addBase(0, LinkId{1}, local);
  gatherer.addServer(server, 0);
  step();
  Request stranger = requests[0];
  stranger.path.remote = at("203.0.113.66:3478");
  EXPECT_FALSE(map(stranger, "198.51.100.1:7"));
  Request guessed = requests[0];
  guessed.id.bytes[3] ^= 1;
  EXPECT_FALSE(map(guessed, "198.51.100.1:7"));
  EXPECT_FALSE(gatherer.poll().has_value());
}

TEST_F(GathererTest, aDeadServerIsGivenUpAndDelaysNobody) {
  gatherer.addBase(0, LinkId{1}, local);
  gatherer.addServer(at("203.0.113.99:3478"), 7);
  gatherer.addServer(server, 8);
  runUntil(now + 10ms);
  ASSERT_EQ(requests.size(), 2u);
  ASSERT_TRUE(map(requests[1], "198.51.100.1:7"));
  ASSERT_TRUE(gatherer.poll()->mapped.has_value());
  EXPECT_FALSE(gatherer.idle());
  gatherer.stopRefreshing();
  runUntil(now + 9s);
  EXPECT_EQ(requests.size(), 1u + 9u);
  const auto result = gatherer.poll();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->urlIndex, 7);
  EXPECT_EQ(result->code, kServerNotReached);
  EXPECT_TRUE(gatherer.idle());
  EXPECT_EQ(gatherer.nextTimeout(), kNever);
}

TEST_F(GathererTest, errorsAndRubbishEndATask) {
  gatherer.addBase(0, LinkId{1}, local);
  gatherer.addServer(server, 0);
  gatherer.addServer(at("203.0.113.2:3478"), 1);
  gatherer.addServer(at("203.0.113.3:3478"), 2);
  gatherer.addServer(at("203.0.113.4:3478"), 3);
  runUntil(now + 50ms);
  ASSERT_EQ(requests.size(), 4u);
  respond(requests[0], stun::Class::Error,
          [](stun::MessageWriter& w) { w.errorCode(401, "Unauthorized"); });
  EXPECT_EQ(gatherer.poll()->code, 401);
  map(requests[1], "224.0.0.1:7");
  EXPECT_EQ(gatherer.poll()->code, kServerNotReached);
  respond(requests[2], stun::Class::Success, [](stun::MessageWriter&) {});
  EXPECT_EQ(gatherer.poll()->code, kServerNotReached);
  gatherer.handleRefused(requests[3].path);
  EXPECT_EQ(gatherer.poll()->code, kServerNotReached);
  EXPECT_TRUE(gatherer.idle());
}

TEST_F(GathererTest, mappingsAreKeptOpenUntilNobodyNeedsThem) {
  gatherer.addBase(0, LinkId{1}, local);
  gatherer.addServer(server, 0);
  step();
  map(requests[0], "198.51.100.1:7");
  gatherer.poll();
  requests.clear();
  runUntil(now + 15s);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_TRUE(gatherer.idle()) << "a refresh is no gathering";
  map(requests[0], "198.51.100.1:8");
  EXPECT_EQ(gatherer.poll()->mapped, at("198.51.100.1:8")) << "it has changed";
  gatherer.stopRefreshing();
  EXPECT_EQ(gatherer.nextTimeout(), kNever);
}

TEST_F(GathererTest, aBaseThatGoesTakesItsTasksAndARestartAsksAnew) {
  gatherer.addServer(server, 0);
  gatherer.addBase(0, LinkId{1}, local);
  gatherer.addBase(1, LinkId{2}, at("192.0.2.2:1"));
  runUntil(now + 10ms);
  gatherer.removeBase(0);
  map(requests[1], "198.51.100.1:7");
  EXPECT_TRUE(gatherer.poll().has_value());
  EXPECT_TRUE(gatherer.idle());
  requests.clear();
  gatherer.restart();
  EXPECT_FALSE(gatherer.idle());
  runUntil(now + 10ms);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].path.link, LinkId{2});
}

TEST_F(GathererTest, serversAndTasksAreBounded) {
  for (std::size_t i = 1; i <= Gatherer::kMaxServers; ++i)
    ASSERT_TRUE(gatherer.addServer(at("203.0.113.1:" + std::to_string(i)), 0));
  EXPECT_FALSE(gatherer.addServer(at("203.0.113.2:1"), 0));
  EXPECT_TRUE(gatherer.addServer(at("203.0.113.1:1"), 0)) << "the same again";
  for (std::size_t i = 0; i < 20; ++i)
    gatherer.addBase(static_cast<BaseIndex>(i), LinkId{i}, local);
  runUntil(now + 500ms);
  std::set<std::pair<LinkId, Address>> asked;
  for (const Request& r : requests)
    asked.insert({r.path.link, r.path.remote});
  EXPECT_EQ(asked.size(), Gatherer::kMaxTasks);
}

}  // namespace
}  // namespace parley::ice
