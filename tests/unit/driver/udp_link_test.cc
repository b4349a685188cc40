// A link with an MTU of 1500 between two network namespaces, which loopback (65,536) hides. Needs
// the right to make namespaces and links; without it the tests say SKIPPED.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <thread>

#include "driver/descriptor.h"
#include "driver/interfaces.h"
#include "tests/unit/driver/loop_testing.h"
#include "tests/unit/driver/udp_testing.h"

namespace parley::driver {
namespace {

constexpr std::size_t kLargestWhole = 1500 - 20 - 8;

const IpAddress kNear = IpAddress::v4(10, 99, 0, 1);
const IpAddress kFar = IpAddress::v4(10, 99, 0, 2);
const IpAddress kNobody = IpAddress::v4(10, 99, 0, 9);

bool shell(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

Descriptor currentNamespace() {
  return Descriptor(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

// Runs `body` on a thread of its own in a fresh namespace `near`, linked to another one.
class TwoNamespaces {
 public:
  template <class F>
  auto inFar(F&& f) {
    ::setns(far_.get(), CLONE_NEWNET);
    auto result = f();
    ::setns(near_.get(), CLONE_NEWNET);
    return result;
  }

  bool setUp() {
    if (::unshare(CLONE_NEWNET) != 0) return false;
    far_ = currentNamespace();
    if (!shell("ip link set lo up") || ::unshare(CLONE_NEWNET) != 0) return false;
    near_ = currentNamespace();
    const std::string far =
        "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(far_.get());
    return shell("ip link add va type veth peer name vb") && shell("ip link set vb netns " + far) &&
           shell("ip addr add 10.99.0.1/24 dev va") && shell("ip link set va up") && inFar([] {
             return shell("ip addr add 10.99.0.2/24 dev vb") && shell("ip link set vb up");
           });
  }

 private:
  Descriptor far_;
  Descriptor near_;
};

void onALink(const std::function<void(TwoNamespaces&)>& body) {
  bool ready = false;
  std::thread([&] {
    TwoNamespaces link;
    ready = link.setUp();
    if (ready) body(link);
  }).join();
  if (!ready) {
    std::cout << "SKIPPED: no right to make network namespaces here\n";
    GTEST_SKIP() << "no right to make network namespaces here";
  }
}

UdpSocket at(const IpAddress& ip, int sendBuffer = 0) {
  UdpOptions options;
  options.receiveBufferBytes = 4 * 1024 * 1024;
  options.sendBufferBytes = sendBuffer;
  return UdpSocket::bind(Address(ip, 0), options).value();
}

TEST(UdpLink, ATrainThatFitsTheLinkGoesWhole) {
  onALink([](TwoNamespaces& link) {
    const UdpSocket from = at(kNear);
    const UdpSocket to = link.inFar([] { return at(kFar); });
    UdpSender sender;
    UdpReceiver receiver;
    const auto bytes = randomBytes(30 * kLargestWhole, 1);
    sender.begin(from, pathTo(to.local()), Ecn::NotEct);
    sender.addTrain(bytes, kLargestWhole);
    sender.flush();
    EXPECT_EQ(sender.counters().splits, 0u);
    EXPECT_EQ(sender.counters().calls, 1u);
    EXPECT_EQ(receive(receiver, to, 30).datagrams.size(), 30u);
  });
}

TEST(UdpLink, AHeaderThatPassesTheMtuSendsSingly) {
  onALink([](TwoNamespaces& link) {
    const UdpSocket from = at(kNear);
    const UdpSocket to = link.inFar([] { return at(kFar); });
    UdpSender sender;
    UdpReceiver receiver;
    const auto bytes = randomBytes(20 * kLargestWhole, 2);
    const auto payload = [&bytes](std::size_t i) {
      return ConstBytes(bytes).subspan(i * kLargestWhole, i == 19 ? 100 : kLargestWhole);
    };
    sender.begin(from, pathTo(to.local()), Ecn::NotEct);
    for (std::size_t i = 0; i < 20; ++i) {
      sender.add(asBytes("HEAD"), payload(i));
    }
    sender.add({}, asBytes("behind"));
    sender.flush();
    EXPECT_EQ(sender.counters().splits, 1u);
    EXPECT_EQ(sender.counters().failed, 0u);
    EXPECT_EQ(sender.counters().datagrams, 21u);
    const Received got = receive(receiver, to, 21);
    ASSERT_EQ(got.datagrams.size(), 21u);
    for (std::size_t i = 0; i < 20; ++i) {
      std::vector<std::uint8_t> expected = {'H', 'E', 'A', 'D'};
      expected.insert(expected.end(), payload(i).begin(), payload(i).end());
      EXPECT_EQ(got.datagrams[i], expected) << i;
    }
  });
}

TEST(UdpLink, AFullSocketBufferDropsTheRestAndCounts) {
  onALink([](TwoNamespaces&) {
    // Datagrams for a neighbour that does not answer wait in the kernel and fill the buffer.
    const UdpSocket from = at(kNear, 1);
    UdpSender sender;
    const auto bytes = randomBytes(1000, 3);
    sender.begin(from, pathTo(Address(kNobody, 9)), Ecn::NotEct);
    for (int i = 0; i < 50; ++i) {
      sender.add({}, bytes);
      sender.add({}, ConstBytes(bytes).first(1));  // each pair is a train of its own
    }
    sender.flush();
    EXPECT_GT(sender.counters().datagrams, 0u);
    EXPECT_GT(sender.counters().dropped, 0u);
    EXPECT_EQ(sender.counters().datagrams + sender.counters().dropped, 100u);
  });
}

class Watcher final : public InterfaceMonitor::Owner {
 public:
  void handleInterfaces(const std::vector<Interface>& now) override {
    last = now;
    ++times;
  }
  bool knows(const char* address) const {
    return std::any_of(last.begin(), last.end(),
                       [&](const Interface& i) { return i.address == *IpAddress::parse(address); });
  }
  std::vector<Interface> last;
  int times = 0;
};

TEST(UdpLink, ChangesOfAddressesAreTold) {
  onALink([](TwoNamespaces&) {
    auto loop = Loop::make().value();
    Watcher watcher;
    const auto monitor = InterfaceMonitor::make(*loop, watcher).value();
    ASSERT_TRUE(shell("ip addr add 10.99.7.1/24 dev va"));
    ASSERT_TRUE(runUntil(*loop, [&] { return watcher.knows("10.99.7.1"); }));
    ASSERT_TRUE(shell("ip addr del 10.99.7.1/24 dev va"));
    ASSERT_TRUE(runUntil(*loop, [&] { return !watcher.knows("10.99.7.1"); }));
    EXPECT_EQ(watcher.times, 2);
    // A pair's end is a container's for all we know; its address is usable.
    EXPECT_EQ(usableAddresses(monitor->interfaces(), {.ipv6 = false}).at(0).address, kNear);
  });
}

}  // namespace
}  // namespace parley::driver
