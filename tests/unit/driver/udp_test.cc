// Real sockets on loopback. What arrives may be coalesced or not as the kernel likes; asserted is
// what must hold either way, and that trains do form where nothing hinders them.
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "tests/unit/driver/udp_testing.h"

namespace parley::driver {
namespace {

class UdpFamily : public testing::TestWithParam<Family> {};
INSTANTIATE_TEST_SUITE_P(Families, UdpFamily, testing::Values(Family::V4, Family::V6));

TEST_P(UdpFamily, ATrainArrivesAsSent) {
  const UdpSocket from = bound(GetParam());
  const UdpSocket to = bound(GetParam());
  UdpSender sender;
  UdpReceiver receiver;
  const auto bytes = randomBytes(10 * 1000 + 300, 1);
  sender.begin(from, pathTo(to.local()), Ecn::NotEct);
  sender.addTrain(bytes, 1000);
  sender.flush();
  EXPECT_EQ(sender.counters().datagrams, 11u);
  EXPECT_EQ(sender.counters().calls, 1u);
  const Received got = receive(receiver, to, 11);
  ASSERT_EQ(got.datagrams.size(), 11u);
  EXPECT_EQ(got.longest, 11u);  // loopback carries the train whole
  std::vector<std::uint8_t> joined;
  for (const auto& d : got.datagrams) {
    EXPECT_EQ(d.size(), &d == &got.datagrams.back() ? 300u : 1000u);
    joined.insert(joined.end(), d.begin(), d.end());
  }
  EXPECT_EQ(joined, bytes);
  EXPECT_EQ(got.path.remote, from.local());
  EXPECT_EQ(got.path.local, to.local());
  EXPECT_EQ(got.path.link, kLink);
}

TEST_P(UdpFamily, EcnBitsTravel) {
  const UdpSocket from = bound(GetParam());
  const UdpSocket to = bound(GetParam());
  UdpSender sender;
  UdpReceiver receiver;
  for (const Ecn ecn : {Ecn::Ect0, Ecn::Ect1, Ecn::Ce, Ecn::NotEct}) {
    sender.begin(from, pathTo(to.local()), ecn);
    sender.add({}, asBytes("marked"));
    sender.flush();
    EXPECT_EQ(receive(receiver, to, 1).ecn, ecn);
  }
}

TEST_P(UdpFamily, AWildcardSocketAnswersFromTheAddressAsked) {
  const UdpSocket server = UdpSocket::bind(Address(IpAddress::any(GetParam()), 0)).value();
  const UdpSocket client = bound(GetParam());
  // 127.0.0.2 is an address the kernel would not choose by itself.
  const IpAddress asked =
      GetParam() == Family::V4 ? IpAddress::v4(127, 0, 0, 2) : IpAddress::loopback(Family::V6);
  UdpSender sender;
  UdpReceiver receiver;
  sender.begin(client, pathTo(Address(asked, server.local().port())), Ecn::NotEct);
  sender.add({}, asBytes("who are you"));
  sender.flush();
  const Received question = receive(receiver, server, 1);
  ASSERT_EQ(question.datagrams.size(), 1u);
  EXPECT_EQ(question.path.local, Address(asked, server.local().port()));
  sender.begin(server, question.path, Ecn::NotEct);
  sender.add({}, asBytes("it is me"));
  sender.flush();
  EXPECT_EQ(receive(receiver, client, 1).path.remote, question.path.local);
}

TEST(Udp, SlicesLeaveAsOneTrain) {
  const UdpSocket from = bound();
  const UdpSocket to = bound();
  UdpSender sender;
  UdpReceiver receiver;
  const auto payload = randomBytes(32 * 500, 2);
  sender.begin(from, pathTo(to.local()), Ecn::NotEct);
  for (std::size_t i = 0; i < 32; ++i) {
    sender.add(asBytes("HEAD"), ConstBytes(payload).subspan(i * 500, 500));
  }
  sender.flush();
  EXPECT_EQ(sender.counters().calls, 1u);
  const Received got = receive(receiver, to, 32);
  ASSERT_EQ(got.datagrams.size(), 32u);
  EXPECT_EQ(got.longest, 32u);
  for (std::size_t i = 0; i < 32; ++i) {
    std::vector<std::uint8_t> expected = {'H', 'E', 'A', 'D'};
    expected.insert(expected.end(), payload.begin() + static_cast<std::ptrdiff_t>(i * 500),
                    payload.begin() + static_cast<std::ptrdiff_t>(i * 500 + 500));
    EXPECT_EQ(got.datagrams[i], expected);
  }
}

TEST(Udp, PaddingFollowsThePayloadAndCountsInTheTrain) {
  const UdpSocket from = bound();
  const UdpSocket to = bound();
  UdpSender sender;
  UdpReceiver receiver;
  const auto payload = randomBytes(3 * 101, 9);
  sender.begin(from, pathTo(to.local()), Ecn::NotEct);
  for (std::size_t i = 0; i < 3; ++i) {
    sender.add(asBytes("HEAD"), ConstBytes(payload).subspan(i * 101, 101), 3);
  }
  sender.add(asBytes("HEAD"), ConstBytes(payload).first(50), 2);
  sender.flush();
  EXPECT_EQ(sender.counters().calls, 1u);
  const Received got = receive(receiver, to, 4);
  ASSERT_EQ(got.datagrams.size(), 4u);
  EXPECT_EQ(got.longest, 4u);
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<std::uint8_t> expected = {'H', 'E', 'A', 'D'};
    expected.insert(expected.end(), payload.begin() + static_cast<std::ptrdiff_t>(i * 101),
                    payload.begin() + static_cast<std::ptrdiff_t>(i * 101 + 101));
    expected.insert(expected.end(), 3, 0);
    EXPECT_EQ(got.datagrams[i], expected);
  }
  EXPECT_EQ(got.datagrams[3].size(), 56u);
}

TEST(Udp, TrainsAreCutAt64DatagramsAndAtTheLargestPayload) {
  const UdpSocket from = bound();
  const UdpSocket to = bound();
  UdpSender sender;
  UdpReceiver receiver;
  sender.begin(from, pathTo(to.local()), Ecn::NotEct);
  const auto small = randomBytes(200 * 10, 3);
  sender.addTrain(small, 10);  // 64 + 64 + 64 + 8
  for (int i = 0; i < 70; ++i) {
    sender.add({}, ConstBytes(small).first(20));  // 64 + 6
  }
  sender.flush();
  Received got = receive(receiver, to, 270);
  EXPECT_EQ(got.datagrams.size(), 270u);
  EXPECT_LE(got.longest, 64u);

  const auto large = randomBytes(1400 * 60, 4);  // 84,000 bytes: 46 datagrams fit into 65,507
  sender.begin(from, pathTo(to.local()), Ecn::NotEct);
  sender.addTrain(large, 1400);
  for (std::size_t i = 0; i < 60; ++i) {
    sender.add(asBytes("four"), ConstBytes(large).subspan(i * 1400, 1400));
  }
  sender.flush();
  got = receive(receiver, to, 120);
  EXPECT_EQ(got.datagrams.size(), 120u);
  EXPECT_LE(got.longest, 46u);
  EXPECT_EQ(sender.counters().failed, 0u);
  EXPECT_EQ(sender.counters().dropped, 0u);
  EXPECT_EQ(sender.counters().splits, 0u);
}

TEST(Udp, MixedSizesKeepTheirOrderAndEdges) {
  const UdpSocket from = bound();
  const UdpSocket to = bound();
  UdpSender sender;
  UdpReceiver receiver;
  SeededRandom random(5);
  const auto pool = randomBytes(70'000, 6);
  std::vector<std::vector<std::uint8_t>> sent;
  for (int round = 0; round < 20; ++round) {
    sender.begin(from, pathTo(to.local()), Ecn::NotEct);
    for (int i = 0; i < 20; ++i) {
      // Runs of equal sizes, shorter ones, empty ones and now and then a large one.
      const std::size_t size =
          std::array<std::size_t, 6>{0, 1, 100, 100, 100, 9000}[random.below(6)];
      const ConstBytes payload = ConstBytes(pool).subspan(random.below(1000), size);
      const bool header = random.below(2) == 0;
      const std::size_t padding = random.below(4);
      sender.add(header ? asBytes("hd") : ConstBytes{}, payload, padding);
      std::vector<std::uint8_t> datagram;
      if (header) datagram = {'h', 'd'};
      datagram.insert(datagram.end(), payload.begin(), payload.end());
      datagram.resize(datagram.size() + padding);
      sent.push_back(std::move(datagram));
    }
    sender.flush();
  }
  EXPECT_EQ(receive(receiver, to, sent.size()).datagrams, sent);
}

TEST(Udp, PathsOfOneSocketShareACallAndSocketsDoNot) {
  const UdpSocket from = bound();
  const UdpSocket other = bound();
  const UdpSocket a = bound();
  const UdpSocket b = bound();
  UdpSender sender;
  UdpReceiver receiver;
  for (int i = 0; i < 3; ++i) {
    sender.begin(from, pathTo(a.local()), Ecn::NotEct);
    sender.add({}, asBytes("to a"));
    sender.begin(from, pathTo(b.local()), Ecn::NotEct);
    sender.add({}, asBytes("to b"));
  }
  sender.begin(other, pathTo(a.local()), Ecn::NotEct);
  sender.add({}, asBytes("from other"));
  sender.flush();
  EXPECT_EQ(sender.counters().calls, 2u);
  EXPECT_EQ(receive(receiver, a, 4).datagrams.size(), 4u);
  EXPECT_EQ(receive(receiver, b, 3).datagrams.size(), 3u);
}

TEST(Udp, TooLargeADatagramIsCountedAndTheRestGoesOn) {
  const UdpSocket from = bound();
  const UdpSocket to = bound();
  UdpSender sender;
  UdpReceiver receiver;
  const auto huge = randomBytes(65'508, 7);
  sender.begin(from, pathTo(to.local()), Ecn::NotEct);
  sender.add({}, asBytes("before"));
  sender.add({}, huge);
  sender.add({}, asBytes("after"));
  sender.flush();
  EXPECT_EQ(sender.counters().failed, 1u);
  EXPECT_EQ(receive(receiver, to, 2).datagrams.size(), 2u);
}

TEST(Udp, SendingResumesBehindAnItemThatFails) {
  const UdpSocket from = bound();
  const UdpSocket to = bound();
  UdpSender sender;
  UdpReceiver receiver;
  // A socket bound to loopback may not send to the world.
  const Address unreachable(IpAddress::v4(192, 0, 2, 1), 9);
  for (int i = 0; i < 3; ++i) {
    sender.begin(from, pathTo(unreachable), Ecn::NotEct);
    sender.add({}, asBytes("lost"));
    sender.begin(from, pathTo(to.local()), Ecn::NotEct);
    sender.add({}, asBytes("arrives"));
  }
  sender.flush();
  EXPECT_EQ(sender.counters().failed, 3u);
  EXPECT_EQ(receive(receiver, to, 3).datagrams.size(), 3u);
}

TEST(Udp, OldErrorsAreReportedAndLoseNothing) {
  UdpOptions options;
  options.errors = true;
  const UdpSocket from = bound(Family::V4, options);
  const UdpSocket to = bound();
  Address closed;
  {
    closed = bound().local();  // nobody is there any more
  }
  UdpSender sender;
  UdpReceiver receiver;
  sender.begin(from, pathTo(closed), Ecn::NotEct);
  sender.add({}, asBytes("anybody?"));
  sender.flush();
  pollfd p{from.descriptor(), 0, 0};  // POLLERR
  ASSERT_EQ(::poll(&p, 1, kPatience), 1);
  // The error of the first is pending when the next are sent.
  for (int i = 0; i < 4; ++i) {
    sender.begin(from, pathTo(to.local()), Ecn::NotEct);
    sender.add({}, asBytes("fine"));
    sender.flush();
  }
  EXPECT_EQ(sender.counters().failed, 0u);
  EXPECT_EQ(receive(receiver, to, 4).datagrams.size(), 4u);
  const auto error = from.readError();
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->systemCode, ECONNREFUSED);
  EXPECT_EQ(error->remote, closed);
  EXPECT_EQ(error->type, 3);  // destination unreachable
  EXPECT_EQ(error->code, 3);  // port
  EXPECT_FALSE(from.readError().has_value());
  EXPECT_TRUE(receiver.receive(from, kLink).empty());
}

TEST(Udp, APortInUseIsAnErrorAndSharingIsByConsent) {
  UdpSocket first = bound();
  const Address at = first.local();
  UdpOptions shared;
  shared.shared = true;
  auto stranger = UdpSocket::bind(at, shared);
  ASSERT_FALSE(stranger.ok());
  EXPECT_EQ(stranger.error().code(), ErrorCode::InUse);
  ASSERT_TRUE(first.share());
  EXPECT_TRUE(UdpSocket::bind(at, shared).ok());
  auto alone = UdpSocket::bind(at);
  ASSERT_FALSE(alone.ok());
  EXPECT_EQ(alone.error().code(), ErrorCode::InUse);
}

TEST(Udp, ASharedPortSpreadsItsClients) {
  std::vector<UdpSocket> sockets;
  sockets.push_back(bound());
  ASSERT_TRUE(sockets[0].share());
  UdpOptions shared;
  shared.shared = true;
  for (int i = 1; i < 4; ++i) {
    sockets.push_back(UdpSocket::bind(sockets[0].local(), shared).value());
  }
  constexpr std::size_t kClients = 64;  // a socket without any: 4 * (3/4)^64 = 4e-8
  UdpSender sender;
  for (std::size_t i = 0; i < kClients; ++i) {
    const UdpSocket client = bound();
    sender.begin(client, pathTo(sockets[0].local()), Ecn::NotEct);
    sender.add({}, asBytes("one of many"));
    sender.flush();
  }
  UdpReceiver receiver;
  std::size_t total = 0;
  for (const UdpSocket& s : sockets) {
    std::size_t here = 0;
    for (auto trains = receiver.receive(s, kLink); !trains.empty();
         trains = receiver.receive(s, kLink)) {
      here += trains.size();
    }
    EXPECT_GT(here, 0u);
    total += here;
  }
  EXPECT_EQ(total, kClients);
}

TEST(Udp, AnAddressThatIsNotOursIsASystemError) {
  const auto s = UdpSocket::bind(Address(IpAddress::v4(192, 0, 2, 1), 0));
  ASSERT_FALSE(s.ok());
  EXPECT_EQ(s.error().code(), ErrorCode::System);
}

}  // namespace
}  // namespace parley::driver
