#include "stun/client/transaction.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "stun/message_writer.h"

namespace parley::stun {
namespace {

using Step = ClientTransaction::Step;

TransactionId someId() {
  SeededRandom random(7);
  return randomTransactionId(random);
}

ClientTransaction overUdp() {
  return {someId(), RetransmitConfig{}, Transport::Udp};
}

// When it sends, and when it fails.
std::vector<Duration> schedule(ClientTransaction t) {
  std::vector<Duration> times{Duration{}};
  t.sent(Time{});
  while (t.active()) {
    const Time at = t.nextTimeout();
    EXPECT_EQ(t.handleTimeout(at - 1ns), Step::Wait);
    if (t.handleTimeout(at) == Step::Send) t.sent(at);
    times.push_back(at.time_since_epoch());
  }
  return times;
}

std::vector<std::uint8_t> message(Class c, const TransactionId& id) {
  std::vector<std::uint8_t> room(64);
  MessageWriter w(room, Method::Binding, c, id);
  room.resize(w.finish());
  return room;
}

TEST(ClientTransaction, sendsAtTheTimesOfRfc8489) {
  const std::vector<Duration> expected = {0ms,    500ms,    1500ms,   3500ms,
                                          7500ms, 15'500ms, 31'500ms, 39'500ms};
  EXPECT_EQ(schedule(overUdp()), expected);
}

TEST(ClientTransaction, takesItsTimesFromTheConfiguration) {
  const RetransmitConfig config{100ms, 3, 10, 5s};
  const std::vector<Duration> expected = {0ms, 100ms, 300ms, 1300ms};
  EXPECT_EQ(schedule({someId(), config, Transport::Udp}), expected);
}

TEST(ClientTransaction, doublesUpToAnEnd) {
  const RetransmitConfig config{100ms, 5, 10, 5s, 300ms};
  const std::vector<Duration> expected = {0ms, 100ms, 300ms, 600ms, 900ms, 1900ms};
  EXPECT_EQ(schedule({someId(), config, Transport::Udp}), expected);
}

TEST(ClientTransaction, neverSendsTwiceOnAStream) {
  for (const Transport t : {Transport::Tcp, Transport::Tls}) {
    const std::vector<Duration> expected = {0ms, 39'500ms};
    EXPECT_EQ(schedule({someId(), RetransmitConfig{}, t}), expected);
  }
}

TEST(ClientTransaction, matchesAnswersOfItsOwnId) {
  ClientTransaction t = overUdp();
  TransactionId other = t.id();
  other.bytes[11] ^= 1;
  const auto is = [&](Class c, const TransactionId& id) {
    const auto bytes = message(c, id);
    return t.matches(Message::parse(bytes).value());
  };
  EXPECT_FALSE(is(Class::Success, t.id())) << "nothing was sent yet";
  t.sent(Time{});
  EXPECT_TRUE(is(Class::Success, t.id()));
  EXPECT_TRUE(is(Class::Error, t.id()));
  EXPECT_FALSE(is(Class::Request, t.id()));
  EXPECT_FALSE(is(Class::Indication, t.id()));
  EXPECT_FALSE(is(Class::Success, other));
  t.stop();
  EXPECT_FALSE(is(Class::Success, t.id()));
}

TEST(ClientTransaction, anIdleOneDoesNothing) {
  ClientTransaction t;
  EXPECT_EQ(t.nextTimeout(), kNever);
  EXPECT_EQ(t.handleTimeout(Time{} + 1h), Step::Wait);
}

TEST(ClientTransaction, measuresOnlyWhatWasSentOnce) {
  ClientTransaction t = overUdp();
  t.sent(Time{} + 1s);
  EXPECT_EQ(t.roundTrip(Time{} + 1030ms), Duration{30ms});
  t.sent(t.nextTimeout());
  EXPECT_FALSE(t.roundTrip(Time{} + 2s).has_value());
  EXPECT_EQ(t.sends(), 2u);
}

TEST(ClientTransaction, idsAreRandom) {
  SeededRandom random(1);
  EXPECT_NE(randomTransactionId(random), randomTransactionId(random));
}

}  // namespace
}  // namespace parley::stun
