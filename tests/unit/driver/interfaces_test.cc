#include "driver/interfaces.h"

#include <gtest/gtest.h>

#include "driver/udp_receiver.h"
#include "driver/udp_sender.h"
#include "tests/unit/driver/udp_testing.h"

namespace parley::driver {
namespace {

Interface one(const char* name, unsigned index, const char* address, InterfaceKind kind) {
  Interface i;
  i.name = name;
  i.index = index;
  i.address = *IpAddress::parse(address);
  i.up = true;
  i.kind = kind;
  i.loopback = kind == InterfaceKind::Loopback;
  return i;
}

std::vector<std::string> texts(const std::vector<Interface>& list) {
  std::vector<std::string> out;
  for (const Interface& i : list)
    out.push_back(i.address.toString());
  return out;
}

using Texts = std::vector<std::string>;

TEST(UsableAddresses, LeaveOutWhatNoPeerCanUse) {
  auto down = one("eth1", 3, "192.0.2.9", InterfaceKind::Wired);
  down.up = false;
  auto old = one("eth0", 2, "2001:db8::1", InterfaceKind::Wired);
  old.deprecated = true;
  auto unsure = one("eth0", 2, "2001:db8::2", InterfaceKind::Wired);
  unsure.tentative = true;
  const std::vector<Interface> all = {
      one("lo", 1, "127.0.0.1", InterfaceKind::Loopback),
      one("eth0", 2, "192.0.2.1", InterfaceKind::Wired),
      one("eth0", 2, "fe80::1", InterfaceKind::Wired),
      down,
      old,
      unsure,
      one("eth0", 2, "2001:db8::3", InterfaceKind::Wired),
      one("eth0", 2, "192.0.2.1", InterfaceKind::Wired),
  };
  EXPECT_EQ(texts(usableAddresses(all, {})), (Texts{"192.0.2.1", "2001:db8::3"}));
  AddressWishes wishes;
  wishes.ipv6 = false;
  wishes.loopback = true;
  EXPECT_EQ(texts(usableAddresses(all, wishes)), (Texts{"192.0.2.1", "127.0.0.1"}));
}

TEST(UsableAddresses, TemporaryIPv6StandsForThePermanentOfItsInterface) {
  auto temporary = one("eth0", 2, "2001:db8::abcd", InterfaceKind::Wired);
  temporary.temporary = true;
  const std::vector<Interface> all = {one("eth0", 2, "2001:db8::1", InterfaceKind::Wired),
                                      temporary,
                                      one("wlan0", 3, "2001:db8:1::1", InterfaceKind::Wifi),
                                      one("eth0", 2, "192.0.2.1", InterfaceKind::Wired)};
  EXPECT_EQ(texts(usableAddresses(all, {})),
            (Texts{"2001:db8::abcd", "192.0.2.1", "2001:db8:1::1"}));
}

TEST(UsableAddresses, HardwareComesFirstAndTheNumberIsBounded) {
  std::vector<Interface> all = {one("docker0", 9, "172.17.0.1", InterfaceKind::Virtual),
                                one("wg0", 8, "10.9.0.1", InterfaceKind::Vpn),
                                one("wlan0", 3, "192.0.2.3", InterfaceKind::Wifi),
                                one("eth0", 2, "192.0.2.2", InterfaceKind::Wired)};
  EXPECT_EQ(texts(usableAddresses(all, {})),
            (Texts{"192.0.2.2", "192.0.2.3", "10.9.0.1", "172.17.0.1"}));
  AddressWishes wishes;
  wishes.containers = false;
  EXPECT_EQ(usableAddresses(all, wishes).size(), 3u);
  wishes.only = {"docker0"};
  EXPECT_EQ(texts(usableAddresses(all, wishes)), Texts{"172.17.0.1"});
  for (int i = 0; i < 40; ++i)
    all.push_back(one("wg0", 8, ("10.9.1." + std::to_string(i)).c_str(), InterfaceKind::Vpn));
  const auto most = usableAddresses(all, {});
  EXPECT_EQ(most.size(), kMaxUsable);
  EXPECT_EQ(most.front().name, "eth0");
}

TEST(InterfaceKinds, AreGuessedFromNames) {
  EXPECT_EQ(kindByName("lo"), InterfaceKind::Loopback);
  EXPECT_EQ(kindByName("eth0"), InterfaceKind::Wired);
  EXPECT_EQ(kindByName("enp0s31f6"), InterfaceKind::Wired);
  EXPECT_EQ(kindByName("wlp2s0"), InterfaceKind::Wifi);
  EXPECT_EQ(kindByName("wwan0"), InterfaceKind::Cellular);
  EXPECT_EQ(kindByName("wg0"), InterfaceKind::Vpn);
  EXPECT_EQ(kindByName("docker0"), InterfaceKind::Virtual);
  EXPECT_EQ(kindByName("br-1234"), InterfaceKind::Virtual);
  EXPECT_EQ(kindByName("what"), InterfaceKind::Unknown);
  const auto list = listInterfaces().value();
  for (const Interface& i : list) {
    if (i.loopback) {
      EXPECT_EQ(i.kind, InterfaceKind::Loopback);
    }
  }
}

TEST(PortRange, FreePortsOfItAreFoundAndThenThereAreNone) {
  // Three ports next to each other that are free now.
  const IpAddress ip = IpAddress::loopback(Family::V4);
  std::uint16_t first = 0;
  for (std::uint16_t p = 40'000; p < 60'000 && first == 0; p = static_cast<std::uint16_t>(p + 3)) {
    if (UdpSocket::bind({ip, p}) && UdpSocket::bind({ip, static_cast<std::uint16_t>(p + 1)}) &&
        UdpSocket::bind({ip, static_cast<std::uint16_t>(p + 2)}))
      first = p;
  }
  ASSERT_NE(first, 0);
  const PortRange range{first, static_cast<std::uint16_t>(first + 2)};
  std::vector<UdpSocket> held;
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < 3; ++i) {
    held.push_back(UdpSocket::bindInRange(ip, range, 100 * 3 + 1).value());
    ports.push_back(static_cast<std::uint16_t>(held.back().local().port() - first));
  }
  EXPECT_EQ(ports, (std::vector<std::uint16_t>{1, 2, 0}));
  EXPECT_EQ(UdpSocket::bindInRange(ip, range, 0).error().code(), ErrorCode::InUse);
  EXPECT_EQ(UdpSocket::bindInRange(ip, {9, 3}, 0).error().code(), ErrorCode::Invalid);
  EXPECT_EQ(UdpSocket::bindInRange(ip, {0, 3}, 0).error().code(), ErrorCode::Invalid);
  EXPECT_NE(UdpSocket::bindInRange(ip, {}, 5).value().local().port(), 0);
}

// Two programs of one machine hear each other: what a browser and we need.
TEST(MdnsSocket, TwoShareThePortAndHearEachOther) {
  const auto list = usableAddresses(listInterfaces().value(), {.ipv6 = false});
  if (list.empty()) GTEST_SKIP() << "no interface but loopback";
  auto a = UdpSocket::bindMdns(list[0].address, list[0].index);
  auto b = UdpSocket::bindMdns(list[0].address, list[0].index);
  ASSERT_TRUE(a.ok()) << a.error().describe();
  ASSERT_TRUE(b.ok()) << b.error().describe();
  EXPECT_EQ(a->local().port(), 5353);
  UdpSender sender;
  const std::vector<std::uint8_t> said = randomBytes(60, 5);
  Path path{kLink, Transport::Udp, Address(list[0].address, 5353),
            UdpSocket::mdnsGroup(Family::V4)};
  sender.begin(*a, path, Ecn::NotEct);
  sender.add({}, said);
  sender.flush();
  UdpReceiver receiver;
  bool heard = false;
  while (!heard && readable(b->descriptor(), 2000)) {
    for (const Train& t : receiver.receive(*b, kLink))
      heard = heard || std::equal(t.bytes().begin(), t.bytes().end(), said.begin(), said.end());
  }
  EXPECT_TRUE(heard);
}

class Watcher final : public InterfaceMonitor::Owner {
 public:
  void handleInterfaces(const std::vector<Interface>& now) override { last = now; }
  std::vector<Interface> last;
};

TEST(InterfaceMonitor, KnowsWhatThereIsAtItsStart) {
  auto loop = Loop::make().value();
  Watcher watcher;
  auto monitor = InterfaceMonitor::make(*loop, watcher);
  ASSERT_TRUE(monitor.ok()) << monitor.error().describe();
  EXPECT_EQ((*monitor)->interfaces(), listInterfaces().value());
  loop->runOnce(1ms);
  EXPECT_TRUE(watcher.last.empty());  // nothing changed
}

}  // namespace
}  // namespace parley::driver
