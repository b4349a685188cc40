// The small parts of the engine, each by itself: index, deadlines, quotas, limiter, queue, nonces.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"
#include "turn/server/allocation_table.h"
#include "turn/server/credential_store.h"
#include "turn/server/deadline_heap.h"
#include "turn/server/error_limiter.h"
#include "turn/server/flat_index.h"
#include "turn/server/nonce.h"
#include "turn/server/out_queue.h"
#include "turn/server/quota.h"
#include "turn/server/verdict.h"

namespace parley::turn {
namespace {

Path path(std::uint64_t link, std::uint16_t port) {
  return {LinkId{link}, Transport::Udp, *Address::parse("192.0.2.1:3478"),
          Address{IpAddress::v4(198, 51, 100, 7), port}};
}

// Against a map, with few distinct hashes so that runs are long and erasing must shift.
TEST(FlatIndex, holdsWhatAMapHolds) {
  FlatIndex index;
  std::map<std::uint32_t, std::uint64_t> model;  // slot to hash
  SeededRandom random(5);
  for (int step = 0; step < 20'000; ++step) {
    const auto slot = static_cast<std::uint32_t>(random.below(300));
    if (model.count(slot) != 0) {
      index.erase(model[slot], slot);
      model.erase(slot);
    } else {
      const std::uint64_t hash = random.below(20);
      index.insert(hash, slot);
      model[slot] = hash;
    }
    const auto asked = static_cast<std::uint32_t>(random.below(300));
    const std::uint64_t hash = model.count(asked) != 0 ? model[asked] : random.below(20);
    const auto found = index.find(hash, [&](std::uint32_t s) { return s == asked; });
    ASSERT_EQ(found, model.count(asked) != 0 ? asked : FlatIndex::kNone);
    ASSERT_EQ(index.size(), model.size());
  }
}

TEST(FlatIndex, erasingTheAbsentIsHarmless) {
  FlatIndex index;
  index.erase(1, 1);
  index.insert(1, 1);
  index.erase(2, 1);
  index.erase(1, 2);
  EXPECT_EQ(index.size(), 1u);
}

TEST(DeadlineHeap, givesTheEarliestWhateverMoved) {
  DeadlineHeap heap;
  std::map<std::uint32_t, Time> model;
  SeededRandom random(6);
  for (int step = 0; step < 20'000; ++step) {
    const auto slot = static_cast<std::uint32_t>(random.below(100));
    if (random.below(3) == 0) {
      heap.remove(slot);
      model.erase(slot);
    } else {
      const Time at{Duration{static_cast<std::int64_t>(random.below(1000))}};
      heap.set(slot, at);
      model[slot] = at;
    }
    ASSERT_EQ(heap.size(), model.size());
    Time earliest = kNever;
    for (const auto& [s, at] : model)
      earliest = std::min(earliest, at);
    ASSERT_EQ(heap.next(), earliest);
    if (!model.empty()) {
      ASSERT_EQ(model.at(heap.nextSlot()), earliest);
    }
  }
}

TEST(AllocationTable, findsByClientRelayAndId) {
  SeededRandom random(7);
  AllocationTable table(100, KeyedHash(random));
  std::vector<AllocationId> ids;
  for (std::uint16_t i = 0; i < 100; ++i) {
    Allocation& a = table.add(path(1, i));
    a.relayCount = 1;
    a.relays[0].link = LinkId{std::uint64_t{1000} + i};
    a.relays[0].live = true;
    table.addRelay(a.relays[0].link, a);
    ids.push_back(a.id);
  }
  EXPECT_TRUE(table.full());
  for (std::uint16_t i = 0; i < 100; i += 2)
    table.remove(*table.byClient(path(1, i)));
  EXPECT_FALSE(table.full());
  for (std::uint16_t i = 0; i < 100; ++i) {
    const bool there = i % 2 == 1;
    EXPECT_EQ(table.byClient(path(1, i)) != nullptr, there);
    EXPECT_EQ(table.byRelay(LinkId{std::uint64_t{1000} + i}) != nullptr, there);
    EXPECT_EQ(table.byId(ids[i]) != nullptr, there);
    EXPECT_EQ(table.byClient(path(2, i)), nullptr);  // the same source on another link
  }
  // A slot is used again, an id never.
  Allocation& again = table.add(path(1, 0));
  for (const AllocationId id : ids)
    EXPECT_NE(again.id, id);
}

TEST(Quota, givesBackWhatItTook) {
  Quota quota(2);
  const IpAddress a = *IpAddress::parse("198.51.100.1");
  const IpAddress b = *IpAddress::parse("198.51.100.2");
  EXPECT_EQ(quota.take("u", 3, a), Quota::Verdict::Taken);
  EXPECT_EQ(quota.take("u", 3, a), Quota::Verdict::Taken);
  EXPECT_EQ(quota.take("u", 3, a), Quota::Verdict::SourceFull);
  EXPECT_EQ(quota.take("u", 3, b), Quota::Verdict::Taken);
  EXPECT_EQ(quota.take("u", 3, b), Quota::Verdict::UserFull);
  quota.give("u", a);
  EXPECT_EQ(quota.take("u", 3, b), Quota::Verdict::Taken);
  quota.give("u", a);
  quota.give("u", b);
  quota.give("u", b);
  EXPECT_EQ(quota.accounts(), 0u);
  quota.give("u", b);  // more than was taken
  EXPECT_EQ(quota.take("u", 1, b), Quota::Verdict::Taken);
}

TEST(ErrorLimiter, refillsWithTime) {
  SeededRandom random(8);
  ErrorLimiter limiter(10, 3, KeyedHash(random));
  const IpAddress source = *IpAddress::parse("198.51.100.1");
  Time now{};
  const auto allowed = [&] {
    int n = 0;
    while (limiter.allow(source, now))
      ++n;
    return n;
  };
  EXPECT_EQ(allowed(), 3);
  now += 100ms;
  EXPECT_EQ(allowed(), 1);
  now += 10s;
  EXPECT_EQ(allowed(), 3);
  now -= 1s;  // a clock that stood still is no refill
  EXPECT_EQ(allowed(), 0);
}

TEST(ErrorLimiter, aFloodOfNetworksForgetsTheQuietOnesFirst) {
  SeededRandom random(9);
  ErrorLimiter limiter(0.0001, 3, KeyedHash(random));
  const IpAddress busy = *IpAddress::parse("198.51.100.1");
  Time now{};
  while (limiter.allow(busy, now)) {
  }
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    now += 1us;
    limiter.allow(IpAddress::v4(0x0b000000 + (i << 8)), now);
  }
  EXPECT_FALSE(limiter.allow(busy, now));
}

TEST(OutQueue, keepsOrderOverSmallBatches) {
  OutQueue queue;
  for (std::uint8_t i = 0; i < 100; ++i) {
    Bytes room;
    ASSERT_TRUE(queue.reserve(10, room));
    room[0] = i;
    queue.commit(path(1, 4000), i == 50 ? 0 : 10);
  }
  std::vector<std::uint8_t> arena(64);
  std::vector<Transmit> items(4);
  TransmitBatch batch(arena, items);
  std::uint64_t dropped = 0;
  std::vector<int> got;
  More more = More::Yes;
  while (more == More::Yes) {
    more = queue.flush(batch, dropped);
    for (const Transmit& t : batch.trains()) {
      for (std::uint32_t i = 0; i < t.segments; ++i) {
        const std::size_t at = std::size_t{i} * t.segmentSize;
        got.push_back(t.length == 0 ? -1 : batch.bytes(t)[at]);
      }
    }
    batch.clear();
  }
  ASSERT_EQ(got.size(), 100u);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(got[static_cast<std::size_t>(i)], i == 50 ? -1 : i);
  EXPECT_EQ(dropped, 0u);
}

TEST(OutQueue, dropsWhatNoBatchCanHold) {
  OutQueue queue;
  Bytes room;
  ASSERT_TRUE(queue.reserve(1000, room));
  queue.commit(path(1, 4000), 1000);
  std::vector<std::uint8_t> arena(64);
  std::vector<Transmit> items(4);
  TransmitBatch batch(arena, items);
  std::uint64_t dropped = 0;
  EXPECT_EQ(queue.flush(batch, dropped), More::No);
  EXPECT_EQ(dropped, 1u);
}

TEST(OutQueue, isBounded) {
  OutQueue queue;
  Bytes room;
  std::size_t n = 0;
  while (queue.reserve(1, room)) {
    queue.commit(path(1, 4000), 1);
    ++n;
  }
  EXPECT_EQ(n, OutQueue::kMaxMessages);
  OutQueue bytes;
  n = 0;
  while (bytes.reserve(60'000, room)) {
    bytes.commit(path(1, 4000), 60'000);
    ++n;
  }
  EXPECT_EQ(n, OutQueue::kArenaBytes / 60'000);
}

TEST(Nonce, servesAcrossTheWrapOfItsSeconds) {
  const std::array<std::uint8_t, 32> key{1};
  NonceSource nonces(key, false);
  const Time before{std::chrono::seconds{0xffffffffLL}};
  const auto text = nonces.issue(path(1, 4000), before);
  const ConstBytes bytes = asBytes(std::string_view(text.data(), text.size()));
  EXPECT_TRUE(nonces.isValid(bytes, path(1, 4000), before + 10s));
  EXPECT_FALSE(nonces.isValid(bytes, path(1, 4000), before + kNonceLifetime + 1s));
  EXPECT_FALSE(nonces.isValid(bytes, path(1, 4000), before - 10s));  // from the future
}

TEST(Nonce, shardsWithOneKeyTakeEachOthers) {
  const std::array<std::uint8_t, 32> key{1};
  const std::array<std::uint8_t, 32> otherKey{2};
  NonceSource a(key, false);
  NonceSource b(key, false);
  NonceSource c(otherKey, false);
  const auto text = a.issue(path(1, 4000), Time{});
  const ConstBytes bytes = asBytes(std::string_view(text.data(), text.size()));
  EXPECT_TRUE(b.isValid(bytes, path(2, 4000), Time{}));  // whatever socket it came by
  EXPECT_FALSE(c.isValid(bytes, path(1, 4000), Time{}));
  b.setUsernameAnonymity(true);
  EXPECT_FALSE(b.isValid(bytes, path(1, 4000), Time{}));
}

TEST(Credential, aRestAccountIsTheUserid) {
  const auto account = [](const char* name, UserKind kind) {
    const stun::LongTermKey key(stun::PasswordAlgorithm::Md5, name, "r", "p");
    return std::string(Credential(name, kind, key, crypto::HmacAlgorithm::Sha1).account());
  };
  EXPECT_EQ(account("1800000000:member-7", UserKind::Rest), "member-7");
  EXPECT_EQ(account("1800000000:a:b", UserKind::Rest), "a:b");
  EXPECT_EQ(account("1800000000", UserKind::Rest), "1800000000");
  EXPECT_EQ(account("1800000000:", UserKind::Rest), "1800000000:");
  EXPECT_EQ(account("1800000000:x", UserKind::Static), "1800000000:x");
}

TEST(Names, areThereForEveryValue) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < kDropCauses; ++i)
    EXPECT_TRUE(seen.insert(name(static_cast<DropCause>(i))).second);
  EXPECT_EQ(seen.count(""), 0u);
}

}  // namespace
}  // namespace parley::turn
