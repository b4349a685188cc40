#include "turn/stream_framer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "turn_harness.h"

namespace parley::turn {
namespace {

using test::Client;
using test::Octets;

Octets padded(Octets message) {
  message.resize((message.size() + 3) / 4 * 4);
  return message;
}

Octets binding(std::size_t extra) {
  Octets out(70'000);
  stun::MessageWriter w(out, stun::Method::Binding, stun::Class::Request, {});
  if (extra != 0) w.text(stun::attr::kSoftware, std::string(extra, 's'));
  out.resize(w.finish());
  return out;
}

std::vector<Octets> all(StreamFramer& framer) {
  std::vector<Octets> out;
  while (const auto m = framer.next())
    out.emplace_back(m->begin(), m->end());
  return out;
}

// A stream after its first message.
StreamFramer begun() {
  StreamFramer framer;
  framer.append(binding(0));
  EXPECT_TRUE(framer.next());
  return framer;
}

TEST(StreamFramer, cutsWhateverTheSegments) {
  const std::vector<Octets> messages = {binding(0),
                                        Client::channelData(0x4000, "a"),
                                        Client::channelData(0x4fff, "abcd"),
                                        binding(7),
                                        Client::channelData(0x4001, ""),
                                        Client::channelData(0x4001, std::string(65535, 'x')),
                                        binding(1)};
  Octets stream;
  for (const Octets& m : messages) {
    const Octets p = padded(m);
    stream.insert(stream.end(), p.begin(), p.end());
  }
  SeededRandom random(3);
  for (const std::size_t most :
       {std::size_t{1}, std::size_t{3}, std::size_t{1500}, std::size_t{100'000}}) {
    StreamFramer framer;
    std::vector<Octets> got;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t n =
          std::min<std::size_t>(stream.size() - at, most == 1 ? 1 : 1 + random.below(most));
      framer.append(ConstBytes(stream).subspan(at, n));
      for (Octets& m : all(framer))
        got.push_back(std::move(m));
      at += n;
    }
    EXPECT_EQ(got, messages) << most;
    EXPECT_EQ(framer.pending(), 0u);
    EXPECT_FALSE(framer.failed());
  }
}

TEST(StreamFramer, givesMessagesWithoutTheirPadding) {
  StreamFramer framer = begun();
  framer.append(Octets{0x40, 0, 0, 1, 'x', 9, 9, 9});
  const auto m = framer.next();
  ASSERT_TRUE(m);
  EXPECT_EQ(m->size(), 5u);
}

TEST(StreamFramer, waitsForThePadding) {
  StreamFramer framer = begun();
  framer.append(Octets{0x40, 0, 0, 1, 'x', 0, 0});
  EXPECT_FALSE(framer.next());
  framer.append(Octets{0});
  EXPECT_TRUE(framer.next());
}

TEST(StreamFramer, anythingElseFailsForGood) {
  for (const Octets& bad :
       {test::octets("GET / HTTP/1.1\r\n"), Octets{0x80, 0, 0, 0}, Octets{0x50, 0, 0, 0},
        Octets{0, 1, 0, 3}, Octets{0, 1, 0xff, 0xfc}, Octets{0x16, 3, 1, 2, 0, 1, 0, 1},
        Octets{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43}, Client::channelData(0x4000, "first")}) {
    StreamFramer framer;
    framer.append(bad);
    EXPECT_FALSE(framer.next());
    EXPECT_TRUE(framer.failed()) << int{bad[0]};
    framer.append(binding(0));
    EXPECT_FALSE(framer.next());
    EXPECT_EQ(framer.pending(), 0u);
  }
}

TEST(StreamFramer, holdsNoMoreThanOneMessage) {
  StreamFramer framer = begun();
  Octets almost = Client::channelData(0x4000, std::string(65535, 'x'));
  almost.pop_back();
  for (std::size_t at = 0; at < almost.size(); at += 1000) {
    framer.append(ConstBytes(almost).subspan(at, std::min<std::size_t>(1000, almost.size() - at)));
    EXPECT_FALSE(framer.next());
    EXPECT_LE(framer.pending(), StreamFramer::kMaxMessage);
  }
}

}  // namespace
}  // namespace parley::turn
