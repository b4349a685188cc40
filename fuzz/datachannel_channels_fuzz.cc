// The book of channels, state first: over a real association whose other side says any message on
// any stream, resets any, and while our side creates, sends and closes. Each channel's story must
// be one that the header tells, and every table bounded.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "datachannel/channels.h"

namespace {

using namespace parley;
using namespace parley::datachannel;

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : reader_({data, size}) {}
  bool more() const { return reader_.remaining() > 0; }
  std::uint8_t byte() { return reader_.u8(); }
  ConstBytes some() {
    return reader_.bytes(std::min<std::size_t>(byte() % 40, reader_.remaining()));
  }

 private:
  ByteReader reader_;
};

ChannelsConfig config() {
  ChannelsConfig c;
  c.maxChannels = 6;
  c.maxRemoteNames = 40;
  c.maxReceivedMessage = 64;
  return c;
}

class Fuzz {
 public:
  explicit Fuzz(Input in) : in_(in), ours_({}, random_), peer_({}, random_), channels_(config()) {}

  void run() {
    const std::uint8_t flags = in_.byte();
    if ((flags & 1) != 0) create();
    channels_.start(ours_, (flags & 2) != 0 ? Side::DtlsClient : Side::DtlsServer, now_);
    ours_.connect(now_);
    if ((flags & 4) == 0) exchange();
    for (int i = 0; i < 300 && in_.more(); ++i) {
      step();
      if ((flags & 8) != 0 || in_.byte() % 2 == 0) exchange();
    }
    exchange();
    if ((flags & 16) != 0) {
      ours_.abort("", now_);
      exchange();
      PARLEY_CHECK(channels_.size() == 0);
    }
  }

 private:
  void step() {
    switch (in_.byte() % 9) {
      case 0:
        return create();
      case 1:
        channels_.close(some(), now_);
        return;
      case 2: {
        const ChannelId id = some();
        const bool open = channels_.state(id) == ChannelState::Open;
        const Status s = channels_.send(id, MessageKind::Text, in_.some(), now_);
        PARLEY_CHECK(open || !s.ok());
        return;
      }
      case 3:
        (void)peer_.send(stream(), sctp::Ppid(50 + in_.byte() % 9), nonEmpty(), {}, now_);
        return;
      case 4: {
        DcepOpen open;
        open.label = asText(in_.some());
        open.unordered = open.label.size() % 2 == 0;
        std::vector<std::uint8_t> bytes(open.size());
        writeDcepOpen(bytes, open);
        (void)peer_.send(stream(), sctp::Ppid(50), bytes, {}, now_);
        return;
      }
      case 5:
        peer_.resetStream(stream(), now_);
        return;
      case 6:
        now_ += std::chrono::milliseconds(in_.byte() * 8);
        ours_.handleTimeout(now_);
        peer_.handleTimeout(now_);
        return;
      case 7: {
        const std::array<std::uint8_t, 1> ack{kDcepAck};
        (void)peer_.send(stream(), sctp::Ppid(50), ack, {}, now_);
        return;
      }
      case 8:
        channels_.setLowThreshold(some(), in_.byte());
        return;
    }
  }
  void create() {
    ChannelInit init;
    const std::uint8_t b = in_.byte();
    init.ordered = (b & 1) != 0;
    if ((b & 2) != 0) init.maxRetransmits = b;
    if ((b & 4) != 0) {
      init.negotiated = true;
      init.id = b >> 4;
    }
    const auto id = channels_.create(init, now_);
    if (id.ok()) stories_[*id] = Story::Known;
  }
  ChannelId some() { return ChannelId(in_.byte() % 32); }
  sctp::StreamId stream() { return sctp::StreamId(in_.byte() % 16); }
  ConstBytes nonEmpty() {
    const ConstBytes b = in_.some();
    static constexpr std::array<std::uint8_t, 1> kOne{0};
    return b.empty() ? ConstBytes(kOne) : b;
  }
  void exchange() {
    std::array<std::uint8_t, 2048> room;
    bool busy = true;
    for (int i = 0; busy && i < 1000; ++i) {
      busy = false;
      drain();
      if (const std::size_t n = ours_.pollPacket(room, now_)) {
        busy = true;
        peer_.handlePacket(Bytes(room).first(n), now_);
        while (peer_.nextMessage()) {
        }
        peer_.endOfTrain(now_);
        while (peer_.pollEvent()) {
        }
      }
      if (const std::size_t n = peer_.pollPacket(room, now_)) {
        busy = true;
        ours_.handlePacket(Bytes(room).first(n), now_);
        drain();
        ours_.endOfTrain(now_);
      }
    }
    drain();
  }
  void drain() {
    while (const auto m = ours_.nextMessage()) {
      const auto data = channels_.receive(*m, now_);
      told();
      if (!data) continue;
      PARLEY_CHECK(stories_.at(data->channel) == Story::Open);
    }
    while (const auto e = ours_.pollEvent())
      channels_.handleEvent(*e, now_);
    told();
    PARLEY_CHECK(channels_.size() <= config().maxChannels);
  }
  void told() {
    while (const auto e = channels_.pollEvent())
      std::visit([this](const auto& one) { note(one); }, *e);
  }
  enum class Story { Known, Open, Closing, Closed };
  void note(const event::Announced& e) {
    PARLEY_CHECK(stories_.emplace(e.channel, Story::Known).second);
  }
  void note(const event::Opened& e) {
    PARLEY_CHECK(stories_.at(e.channel) == Story::Known);
    stories_[e.channel] = Story::Open;
  }
  void note(const event::Closing& e) {
    PARLEY_CHECK(stories_.at(e.channel) < Story::Closing);
    stories_[e.channel] = Story::Closing;
  }
  void note(const event::Closed& e) {
    PARLEY_CHECK(stories_.at(e.channel) != Story::Closed);
    PARLEY_CHECK(channels_.state(e.channel) == ChannelState::Closed);
    stories_[e.channel] = Story::Closed;
  }
  void note(const event::BufferedAmountLow& e) {
    PARLEY_CHECK(stories_.at(e.channel) != Story::Closed);
  }

  Input in_;
  Time now_{};
  SeededRandom random_{1};
  sctp::Association ours_;
  sctp::Association peer_;
  Channels channels_;
  std::map<ChannelId, Story> stories_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fuzz(Input(data, size)).run();
  return 0;
}
