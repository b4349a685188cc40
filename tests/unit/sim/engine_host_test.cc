#include "sim/engine_host.h"

#include <gtest/gtest.h>

#include <deque>
#include <variant>

namespace parley::sim {
namespace {

// Answers each datagram with two of its kind, sends one by itself at each alarm, and tells of all.
class Echo {
 public:
  struct Answered {
    std::size_t size;
  };
  struct Rang {
    Time when;
  };
  using Event = std::variant<Answered, Rang>;

  void handleDatagrams(const Train& in, Time) {
    for (std::size_t i = 0; i < in.size(); ++i) {
      events_.push_back(Answered{in[i].size()});
      if (!answers) continue;
      out_.push_back({in.path(), in[i].size()});
      out_.push_back({in.path(), in[i].size()});
    }
  }
  void handleTimeout(Time now) {
    if (now < next_) return;
    next_ = now + 1s;
    events_.push_back(Rang{now});
  }
  Time nextTimeout() const { return next_; }
  More pollTransmit(TransmitBatch& batch, Time) {
    while (!out_.empty()) {
      const auto& [path, size] = out_.front();
      const Bytes room = batch.reserve(size);
      if (room.empty() && size != 0) return More::Yes;
      batch.commit(path, size);
      out_.pop_front();
    }
    return More::No;
  }
  std::optional<Event> pollEvent() {
    if (events_.empty()) return std::nullopt;
    const Event e = events_.front();
    events_.pop_front();
    return e;
  }
  void say(const Path& path, std::size_t size) { out_.push_back({path, size}); }
  void startAt(Time when) { next_ = when; }

  bool answers = true;

 private:
  std::deque<std::pair<Path, std::size_t>> out_;
  std::deque<Event> events_;
  Time next_ = kNever;
};
static_assert(Engine<Echo>);

TEST(EngineHost, drivesAMachine) {
  Network net(1);
  Host& a = net.addHost("a");
  Host& b = net.addHost("b");
  a.attach(net.internet(), IpAddress::v4(192, 0, 2, 1), {});
  b.attach(net.internet(), IpAddress::v4(192, 0, 2, 2), {});
  Echo asker;
  asker.answers = false;
  Echo answerer;
  std::size_t heard = 0;
  std::vector<Time> rung;
  EngineHost<Echo> left(a, asker, [&](Echo::Event& e) {
    if (std::holds_alternative<Echo::Answered>(e)) ++heard;
    if (const auto* r = std::get_if<Echo::Rang>(&e)) rung.push_back(r->when);
  });
  EngineHost<Echo> right(b, answerer, [](Echo::Event&) {});
  const auto from = left.bind({IpAddress::v4(192, 0, 2, 1), 0});
  const auto to = right.bind({IpAddress::v4(192, 0, 2, 2), 0});
  ASSERT_TRUE(from.ok() && to.ok());

  // More paths and sizes than one batch holds: nothing may be lost to a full batch.
  Path path = *from;
  path.remote = to->local;
  for (std::size_t i = 0; i < 100; ++i)
    asker.say(path, i);
  asker.startAt(Time{500ms});
  left.pump();
  net.events().runUntil(Time{2600ms});
  EXPECT_EQ(heard, 200u);
  EXPECT_EQ(rung, (std::vector<Time>{Time{500ms}, Time{1500ms}, Time{2500ms}}));

  right.unbind(to->link);
  asker.say(path, 1);
  left.pump();
  net.events().runFor(100ms);
  EXPECT_EQ(heard, 200u);
  EXPECT_EQ(b.statistics().noSocket, 1u);
}

TEST(EngineHost, leavesNoSocketBehind) {
  Network net(1);
  Host& a = net.addHost("a");
  a.attach(net.internet(), IpAddress::v4(192, 0, 2, 1), {});
  Echo echo;
  {
    EngineHost<Echo> host(a, echo, [](Echo::Event&) {});
    ASSERT_TRUE(host.bind({IpAddress::v4(192, 0, 2, 1), 0}).ok());
    echo.startAt(Time{1s});
    host.pump();
    EXPECT_EQ(a.socketCount(), 1u);
  }
  EXPECT_EQ(a.socketCount(), 0u);
  net.events().runFor(5s);
  EXPECT_TRUE(net.events().empty());
}

}  // namespace
}  // namespace parley::sim
