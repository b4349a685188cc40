#include "datachannel/dcep.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace parley::datachannel {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets write(const DcepOpen& open) {
  Octets out(open.size());
  writeDcepOpen(out, open);
  return out;
}

// What Chromium sends for createDataChannel("chat", {protocol: "p"}).
TEST(Dcep, readsAnOpenOfABrowser) {
  const Octets bytes = {3, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0, 1, 'c', 'h', 'a', 't', 'p'};
  const auto m = parseDcep(bytes);
  ASSERT_TRUE(m.ok());
  const auto& open = std::get<DcepOpen>(*m);
  EXPECT_FALSE(open.unordered);
  EXPECT_EQ(open.reliability, Reliability::Reliable);
  EXPECT_EQ(open.priority, 256);
  EXPECT_EQ(open.label, "chat");
  EXPECT_EQ(open.protocol, "p");
  EXPECT_EQ(write(open), bytes);
}

TEST(Dcep, everyChannelTypeReadsBack) {
  for (const bool unordered : {false, true}) {
    for (const auto r :
         {Reliability::Reliable, Reliability::MaxRetransmits, Reliability::MaxLifetime}) {
      DcepOpen open;
      open.unordered = unordered;
      open.reliability = r;
      open.reliabilityParameter = r == Reliability::Reliable ? 0 : 0x01020304;
      open.priority = 1024;
      open.label = "label";
      const Octets bytes = write(open);
      EXPECT_EQ(bytes[1], (unordered ? 0x80 : 0) + static_cast<int>(r));
      const auto m = parseDcep(bytes);
      ASSERT_TRUE(m.ok());
      const auto& back = std::get<DcepOpen>(*m);
      EXPECT_EQ(back.unordered, unordered);
      EXPECT_EQ(back.reliability, r);
      EXPECT_EQ(back.reliabilityParameter, open.reliabilityParameter);
      EXPECT_EQ(back.priority, 1024);
    }
  }
}

TEST(Dcep, theParameterOfAReliableChannelIsIgnored) {
  const Octets bytes = {3, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0};
  EXPECT_EQ(std::get<DcepOpen>(*parseDcep(bytes)).reliabilityParameter, 0u);
}

TEST(Dcep, readsAnAck) {
  const Octets ack = {kDcepAck};
  EXPECT_TRUE(std::holds_alternative<DcepAck>(*parseDcep(ack)));
}

TEST(Dcep, theLongestNamesFit) {
  const std::string longest(DcepOpen::kMaxName, 'x');
  DcepOpen open;
  open.label = longest;
  open.protocol = longest;
  const Octets bytes = write(open);
  EXPECT_EQ(bytes.size(), 12u + 2 * 65'535u);
  const auto m = parseDcep(bytes);
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(std::get<DcepOpen>(*m).protocol, longest);
}

TEST(Dcep, refusesWhatDoesNotAddUp) {
  const Octets good = {3, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 1, 'a', 'b', 'c'};
  ASSERT_TRUE(parseDcep(good).ok());
  for (std::size_t n = 0; n < good.size(); ++n)
    EXPECT_FALSE(parseDcep(ConstBytes(good).first(n)).ok()) << n;
  Octets longer = good;
  longer.push_back(0);
  EXPECT_FALSE(parseDcep(longer).ok());
  Octets type = good;
  type[1] = 3;
  EXPECT_FALSE(parseDcep(type).ok());
  Octets message = good;
  message[0] = 1;
  EXPECT_FALSE(parseDcep(message).ok());
}

}  // namespace
}  // namespace parley::datachannel
