// Two ends, each a book of channels over an association of its own, on a virtual pipe with one
// clock: packets take kDelay and may be lost.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "datachannel/channels.h"

namespace parley::datachannel::test {

using Octets = std::vector<std::uint8_t>;

struct Received {
  ChannelId channel;
  MessageKind kind;
  std::string text;
  friend bool operator==(const Received&, const Received&) = default;
};

// What happened to a channel, in its order: "opened", "announced", "closing", "closed",
// "closed: <why>", "message".
struct End {
  End(const sctp::AssociationConfig& sctpConfig, const ChannelsConfig& config, Side which,
      std::uint64_t seed)
      : random(seed), association(sctpConfig, random), channels(config), side(which) {}

  void start(Time now) { channels.start(association, side, now); }

  void drainChannels() {
    while (auto e = channels.pollEvent())
      std::visit([this](const auto& one) { note(one); }, *e);
  }
  void drain(Time now) {
    while (const auto m = association.nextMessage()) {
      const auto data = channels.receive(*m, now);
      drainChannels();
      if (!data) continue;
      history[data->channel].push_back("message");
      received.push_back({data->channel, data->kind, std::string(asText(data->bytes))});
    }
    while (const auto e = association.pollEvent())
      channels.handleEvent(*e, now);
    drainChannels();
  }
  ChannelId create(const std::string& label, ChannelInit init = {}, Time now = {}) {
    init.label = label;
    const auto id = channels.create(std::move(init), now);
    EXPECT_TRUE(id.ok());
    return id.ok() ? *id : ChannelId(0);
  }
  // The channel that the other side announced with this label.
  ChannelId announced(const std::string& label) const {
    const auto it = announcements.find(label);
    return it == announcements.end() ? ChannelId(0) : it->second.channel;
  }
  std::vector<std::string> of(ChannelId id) { return history[id]; }
  std::vector<std::string> texts(ChannelId id) const {
    std::vector<std::string> all;
    for (const Received& r : received) {
      if (r.channel == id) all.push_back(r.text);
    }
    return all;
  }

  SeededRandom random;
  sctp::Association association;
  Channels channels;
  Side side;
  std::map<ChannelId, std::vector<std::string>> history;
  std::map<std::string, event::Announced> announcements;
  std::vector<Received> received;
  std::map<ChannelId, int> lows;

 private:
  void note(const event::Opened& e) { history[e.channel].push_back("opened"); }
  void note(const event::Announced& e) {
    history[e.channel].push_back("announced");
    announcements.insert_or_assign(e.init.label, e);
  }
  void note(const event::Closing& e) { history[e.channel].push_back("closing"); }
  void note(const event::Closed& e) {
    history[e.channel].push_back(e.error ? std::string("closed: ") + e.error->what() : "closed");
  }
  void note(const event::BufferedAmountLow& e) { ++lows[e.channel]; }
};

class Pair {
 public:
  static constexpr Duration kDelay = 10ms;

  explicit Pair(std::uint64_t seed = 1, const sctp::AssociationConfig& sctpConfig = {},
                const ChannelsConfig& config = {})
      : a(sctpConfig, config, Side::DtlsClient, seed * 2),
        b(sctpConfig, config, Side::DtlsServer, seed * 2 + 1),
        random_(seed) {}

  void start() {
    a.start(now);
    b.start(now);
    a.association.connect(now);
    b.association.connect(now);
    settle();
  }
  // Everything that is due now.
  void settle() {
    bool busy = true;
    while (busy) {
      a.drain(now);
      b.drain(now);
      busy = take(a, toB_);
      busy = take(b, toA_) || busy;
    }
  }
  // Until `done` or the time is over.
  bool run(const std::function<bool()>& done, Duration limit = 60s) {
    const Time end = now + limit;
    settle();
    while (!done()) {
      const Time next = std::min(
          {front(toA_), front(toB_), a.association.nextTimeout(), b.association.nextTimeout()});
      if (next > end) return false;
      now = std::max(now, next);
      arrive(toA_, a);
      arrive(toB_, b);
      a.association.handleTimeout(now);
      b.association.handleTimeout(now);
      settle();
    }
    return true;
  }
  void idle(Duration time) {
    run([] { return false; }, time);
  }
  static bool has(End& end, ChannelId id, const std::string& what) {
    const auto all = end.of(id);
    return std::find(all.begin(), all.end(), what) != all.end();
  }

  Time now{};
  double loss = 0;
  End a;
  End b;

 private:
  struct InFlight {
    Time arrival;
    Octets packet;
  };
  static Time front(const std::deque<InFlight>& q) {
    return q.empty() ? kNever : q.front().arrival;
  }

  bool take(End& from, std::deque<InFlight>& pipe) {
    bool any = false;
    Octets room(2048);
    while (const std::size_t n = from.association.pollPacket(room, now)) {
      any = true;
      if (random_.unit() < loss) continue;
      pipe.push_back({now + kDelay, {room.begin(), room.begin() + static_cast<std::ptrdiff_t>(n)}});
    }
    return any;
  }
  void arrive(std::deque<InFlight>& pipe, End& to) {
    bool any = false;
    while (!pipe.empty() && pipe.front().arrival <= now) {
      const Octets packet = std::move(pipe.front().packet);
      pipe.pop_front();
      to.association.handlePacket(packet, now);
      to.drain(now);
      any = true;
    }
    if (any) to.association.endOfTrain(now);
  }

  SeededRandom random_;
  std::deque<InFlight> toA_;
  std::deque<InFlight> toB_;
};

}  // namespace parley::datachannel::test
