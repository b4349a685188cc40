// A message that is sent, carried and received allocates nothing once everything has its size.
#include <gtest/gtest.h>

#include <array>

#include "datachannel/channels.h"
#include "tests/unit/turn/counting_new.h"

namespace parley::datachannel {
namespace {

class End {
 public:
  explicit End(Side side, std::uint64_t seed) : random_(seed), association({}, random_) {
    ChannelInit init;
    init.negotiated = true;
    init.id = 0;
    chat = *channels.create(init, Time{});
    channels.start(association, side, Time{});
  }
  void drain(Time now) {
    while (const auto m = association.nextMessage()) {
      if (const auto data = channels.receive(*m, now)) received += data->bytes.size();
      while (channels.pollEvent()) {
      }
    }
    while (const auto e = association.pollEvent())
      channels.handleEvent(*e, now);
    while (channels.pollEvent()) {
    }
  }

 private:
  SeededRandom random_;

 public:
  sctp::Association association;
  Channels channels;
  ChannelId chat;
  std::size_t received = 0;
};

class Pipe {
 public:
  Pipe() {
    a.association.connect(now_);
    settle();
  }
  // One message of `size` bytes, until all is quiet: acknowledgements and timers, too.
  void round(std::size_t size) {
    EXPECT_TRUE(
        a.channels.send(a.chat, MessageKind::Binary, Bytes(message_).first(size), now_).ok());
    settle();
    now_ += 300ms;
    a.association.handleTimeout(now_);
    b.association.handleTimeout(now_);
    settle();
  }
  End a{Side::DtlsClient, 1};
  End b{Side::DtlsServer, 2};

 private:
  bool carry(End& from, End& to) {
    std::array<std::uint8_t, 2048> room;
    bool any = false;
    while (const std::size_t n = from.association.pollPacket(room, now_)) {
      any = true;
      to.association.handlePacket(Bytes(room).first(n), now_);
      to.drain(now_);
    }
    if (any) to.association.endOfTrain(now_);
    from.drain(now_);
    return any;
  }
  void settle() {
    bool busy = true;
    while (busy) {
      busy = carry(a, b);
      busy = carry(b, a) || busy;
    }
  }
  Time now_{};
  std::array<std::uint8_t, 65'536> message_{};
};

TEST(DataChannelNoAllocation, messagesOfEverySize) {
  Pipe p;
  for (const std::size_t size : {1u, 100u, 1150u, 16'384u, 65'536u}) {
    for (int i = 0; i < 20; ++i)
      p.round(size);
    p.a.received = p.b.received = 0;
    const std::size_t before = parley::test::allocations();
    for (int i = 0; i < 200; ++i)
      p.round(size);
    EXPECT_EQ(parley::test::allocations(), before) << size;
    EXPECT_EQ(p.b.received, 200 * size);
  }
}

}  // namespace
}  // namespace parley::datachannel
