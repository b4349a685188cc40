// What happens to two agents after they are connected: consent, silence, moving addresses, links
// that come and go, restarts; and a lite implementation on the other side.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "ice/check_message.h"
#include "tests/sim/ice_world.h"
#include "tests/sim/turn_world.h"

namespace parley::sim::test {
namespace {

using ice::PairNews;
using ice::Role;
using ice::State;

constexpr NatKind kHomeNat{true, Dependence::EndpointIndependent,
                           Dependence::AddressAndPortDependent};

IceWorldConfig homes() {
  IceWorldConfig config;
  config.natA = config.natB = kHomeNat;
  config.internet.delay = 15ms;
  return config;
}

bool reported(const IceSide& side, PairNews news) {
  return std::any_of(side.reports.begin(), side.reports.end(),
                     [&](const ice::PairReport& r) { return r.news == news; });
}

void setDown(IceWorld& w, bool down) {
  for (IceSide* s : {&w.a, &w.b}) {
    LinkConditions c = s->router->uplink().up().conditions();
    c.down = down;
    s->router->uplink().setConditions(c);
  }
}

TEST(IceLife, aBreakIsToldWithinTenSecondsAndItsEndToo) {
  forEachSeed("ice-break", 30, [](std::uint64_t seed, Capture& capture) {
    IceWorld w(seed, homes());
    capture.begin(w.net);
    w.start();
    w.expect(w.runUntil(5s, [&] { return w.bothCompleted(); }), "not completed");
    w.runFor(Duration{static_cast<std::int64_t>(w.random.below(10'000'000'000))});
    setDown(w, true);
    const Time from = w.now();
    w.expect(w.runUntil(10s,
                        [&] {
                          return w.a.agent->state() == State::Disconnected &&
                                 w.b.agent->state() == State::Disconnected;
                        }),
             "not disconnected");
    w.expect(w.a.agent->selectedPath().has_value(), "the path is given up too early");
    w.net.events().runUntil(from + 20s);
    setDown(w, false);
    w.expect(w.runUntil(3s, [&] { return w.bothCompleted(); }), "not back");
    w.expect(w.a.nominations == 1 && w.b.nominations == 1, "nominated again");
    capture.end(w.net);
    return w.failures;
  });
}

TEST(IceLife, consentEndsThirtySecondsAfterTheLastAnswer) {
  forEachSeed("ice-consent", 30, [](std::uint64_t seed, Capture& capture) {
    IceWorld w(seed, homes());
    capture.begin(w.net);
    w.start();
    w.startData();
    w.expect(w.runUntil(5s, [&] { return w.bothCompleted(); }), "not completed");
    w.runFor(12s);
    setDown(w, true);
    const Time from = w.now();
    w.expect(w.runUntil(40s, [&] { return w.bothFailed(); }), "not failed");
    // The last answer is at most one interval old when the line breaks, or on its way.
    w.expect(w.now() >= from + 23s && w.now() <= from + 30'100ms, "consent ended at another time");
    w.expect(reported(w.a, PairNews::ConsentLost) && reported(w.b, PairNews::ConsentLost),
             "silent");
    w.expect(!w.a.agent->selectedPath() && !w.b.agent->selectedPath(), "data may still go out");
    w.expect(w.a.agent->nextTimeout() == kNever, "a failed agent waits for something");
    // A restart brings it back.
    setDown(w, false);
    w.restart();
    w.expect(w.runUntil(5s, [&] { return w.bothCompleted(); }), "not back after a restart");
    w.runFor(1s);
    w.checkEnd();
    capture.end(w.net);
    return w.failures;
  });
}

TEST(IceLife, consentIsAskedForFourToSixSecondsApart) {
  IceWorld w(3, homes());
  w.start();
  ASSERT_TRUE(w.runUntil(5s, [&] { return w.bothCompleted(); }));
  std::set<std::int64_t> gaps;
  Time last{};
  std::uint64_t count = w.a.agent->stats().pairs[0].counters.consentRequestsSent;
  const auto sum = [&] {
    std::uint64_t n = 0;
    for (const auto& p : w.a.agent->stats().pairs)
      n += p.counters.consentRequestsSent;
    return n;
  };
  count = sum();
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(w.runUntil(10s, [&] { return sum() > count; }));
    count = sum();
    if (i > 0) {
      const Duration gap = w.now() - last;
      EXPECT_GE(gap, 4s);
      EXPECT_LE(gap, 6s + 100ms);
      gaps.insert(gap / 1ms);
    }
    last = w.now();
  }
  EXPECT_GT(gaps.size(), 30u) << "no jitter";
}

// The router of one side forgets its mappings: its packets come from another port from then on.
TEST(IceLife, aNewMappingIsFollowedByBothRoles) {
  for (const bool controllingMoves : {true, false}) {
    forEachSeed("ice-rebind", 40, [&](std::uint64_t seed, Capture& capture) {
      IceWorldConfig config = homes();
      // The other side lets in whom it does not know, or nobody would ever hear.
      (controllingMoves ? config.natB : config.natA) = {};
      IceWorld w(seed, config);
      capture.begin(w.net);
      w.start();
      w.startData();
      w.expect(w.runUntil(5s, [&] { return w.bothCompleted(); }), "not completed");
      w.runFor(Duration{static_cast<std::int64_t>(w.random.below(10'000'000'000))});
      IceSide& mover = controllingMoves ? w.a : w.b;
      mover.router->nat().forget();
      const Time moved = w.now();
      w.expect(w.runUntil(10s,
                          [&] {
                            // What goes to the old mapping is not heard any more.
                            return mover.heardAt && *mover.heardAt > moved + 100ms && w.agree();
                          }),
               "the new mapping was not followed");
      w.expect(!reported(w.a, PairNews::ConsentLost) && !reported(w.b, PairNews::ConsentLost),
               "consent was lost");
      w.runFor(60s);
      w.expect(w.bothConnected() && w.agree(), "not on one pair a minute later");
      capture.end(w.net);
      return w.failures;
    });
  }
}

TEST(IceLife, aRestartKeepsTheOldPathUntilThereIsANewOne) {
  forEachSeed("ice-restart", 60, [](std::uint64_t seed, Capture& capture) {
    SeededRandom layout(seed);
    IceWorldConfig config = homes();
    config.internet = conditionsOf(layout.below(2) == 0 ? Weather::Fair : Weather::Lossy, layout);
    config.signalDelay = 200ms;
    IceWorld w(seed, config);
    capture.begin(w.net);
    w.start();
    w.startData(20ms);
    w.expect(w.runUntil(30s, [&] { return w.bothCompleted(); }), "not completed");
    w.runFor(3s);
    for (int i = 0; i < 3; ++i) {
      const std::string before = w.a.agent->localCredentials().ufrag;
      const auto selections = w.a.selections.size();
      w.restart();
      w.expect(w.a.agent->localCredentials().ufrag != before, "the same credentials");
      w.expect(w.a.agent->selectedPath().has_value(), "A has no path after a restart");
      bool always = true;
      w.expect(w.runUntil(30s,
                          [&] {
                            always = always && w.bothConnected();
                            return w.a.selections.size() > selections && w.bothCompleted();
                          }),
               "not completed after a restart");
      w.expect(always, "there was no path for a while");
      w.runFor(2s);
      if (!reported(w.a, PairNews::Unresponsive) && !reported(w.b, PairNews::Unresponsive)) {
        w.checkEnd();
      }
    }
    w.expect(w.a.strangers + w.b.strangers < 5, "data from strangers");
    for (const State s : w.a.states)
      w.expect(s != State::Failed && s != State::New, "a state that a restart does not have");
    capture.end(w.net);
    return w.failures;
  });
}

// From one network to another, without a restart: the old socket goes, a new one comes.
TEST(IceLife, aLinkThatIsReplacedIsMovedFrom) {
  forEachSeed("ice-roam", 30, [](std::uint64_t seed, Capture& capture) {
    IceWorldConfig config;
    config.natB = kHomeNat;
    IceWorld w(seed, config);
    const bool aMoves = seed % 2 == 0;
    const IpAddress second = IpAddress::v4(198, 51, 100, aMoves ? 77 : 78);
    IceSide& mover = aMoves ? w.a : w.b;
    mover.host->attach(aMoves ? w.net.internet() : mover.router->inside(),
                       aMoves ? second : IpAddress::v4(192, 168, 2, 77), config.internet);
    capture.begin(w.net);
    w.start();
    w.startData();
    w.expect(w.runUntil(5s, [&] { return w.bothCompleted(); }), "not completed");
    w.runFor(5s);
    const LinkId old = mover.agent->selectedPath()->link;
    const IpAddress next = aMoves ? second : IpAddress::v4(192, 168, 2, 77);
    mover.agent->removeLink(old, w.now());
    w.pump(mover);
    mover.driver->unbind(old);
    w.expect(mover.agent->state() == State::Disconnected, "still connected without a socket");
    w.expect(w.addSocket(mover, next).ok(), "no socket");
    w.expect(w.runUntil(10s,
                        [&] {
                          const auto path = mover.agent->selectedPath();
                          return path && path->link != old && w.agree();
                        }),
             "not connected by the new link");
    w.runFor(40s);
    w.expect(w.bothConnected() && w.agree(), "not on one pair later");
    capture.end(w.net);
    return w.failures;
  });
}

// RFC 8445 section 2.5: answers checks, sends none.
class LiteSide {
 public:
  LiteSide(Host& host, const Address& address, RandomSource& random)
      : credentials(ice::makeCredentials(random)),
        host_(host),
        key_(crypto::HmacAlgorithm::Sha1, asBytes(credentials.password)) {
    path_ = host.bind(address, [this](const Train& t) { handle(t); }).value();
  }
  const ice::Credentials credentials;
  unsigned requests = 0;
  unsigned nominations = 0;
  bool wrongRole = false;
  Address local() const { return path_.local; }

 private:
  void handle(const Train& train) {
    for (std::size_t i = 0; i < train.size(); ++i) {
      const auto message = stun::Message::parse(train[i]);
      if (!message || message->messageClass() != stun::Class::Request) continue;
      const auto check = ice::readCheck(*message);
      if (!check || !message->verify(key_)) continue;
      ++requests;
      nominations += check->useCandidate ? 1u : 0u;
      wrongRole = wrongRole || check->role != Role::Controlling;
      std::array<std::uint8_t, 256> room{};
      const std::size_t n = ice::writeCheckSuccess(room, check->id, train.path().remote, key_);
      host_.send(path_.link, train.path().remote, ConstBytes(room).first(n));
    }
  }
  Host& host_;
  crypto::HmacKey key_;
  Path path_;
};

TEST(IceLife, aLiteImplementationIsControlled) {
  forEachSeed("ice-lite", 30, [](std::uint64_t seed, Capture& capture) {
    SeededRandom layout(seed);
    IceWorldConfig config;
    config.natA = allNatKinds()[layout.below(10)];
    config.internet = conditionsOf(layout.below(2) == 0 ? Weather::Fair : Weather::Lossy, layout);
    config.roleA = layout.below(2) == 0 ? Role::Controlled : Role::Controlling;
    IceWorld w(seed, config);
    Host& host = w.net.addHost("lite");
    const IpAddress ip = IpAddress::v4(203, 0, 113, 50);
    host.attach(w.net.internet(), ip, config.internet);
    LiteSide lite(host, {ip, 5000}, layout);
    capture.begin(w.net);
    w.startSide(w.a);
    w.a.agent->setRemoteCredentials(lite.credentials, true, w.now());
    ice::Candidate candidate;
    candidate.foundation = "1";
    candidate.priority = ice::candidatePriority(126, 65535, 1);
    candidate.address = lite.local();
    w.expect(w.a.agent->addRemoteCandidate(candidate, w.now()).ok(), "candidate refused");
    w.a.agent->setRemoteEnd(w.now());
    w.pump(w.a);
    w.expect(w.runUntil(20s, [&] { return w.a.agent->state() == State::Completed; }),
             "not completed");
    w.expect(w.a.agent->role() == Role::Controlling, "not controlling");
    w.expect(lite.nominations >= 1 && !lite.wrongRole, "not nominated");
    w.runFor(60s);
    w.expect(w.a.agent->state() == State::Completed || w.a.agent->state() == State::Disconnected,
             "did not last");
    w.expect(lite.requests >= 10, "no consent");
    capture.end(w.net);
    return w.failures;
  });
}

}  // namespace
}  // namespace parley::sim::test
