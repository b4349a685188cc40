#include "server/relay/link_table.h"

#include <gtest/gtest.h>

#include <set>

namespace parley::server {
namespace {

TEST(LinkTable, AnIdIsNeverUsedAgain) {
  LinkTable<int> table;
  int target = 1;
  std::set<std::uint64_t> seen;
  LinkId last;
  for (int i = 0; i < 1000; ++i) {
    const LinkId id = table.add(&target);
    EXPECT_TRUE(seen.insert(id.value()).second);
    EXPECT_EQ(table.find(id), &target);
    EXPECT_EQ(table.find(last), nullptr);
    table.remove(id);
    EXPECT_EQ(table.find(id), nullptr);
    last = id;
  }
}

TEST(LinkTable, TheZeroIdNamesNothing) {
  LinkTable<int> table;
  int target = 1;
  table.add(&target);
  EXPECT_EQ(table.find(LinkId{}), nullptr);
  EXPECT_EQ(table.find(LinkId{UINT64_MAX}), nullptr);
}

TEST(LinkTable, HoldsManyAtOnce) {
  LinkTable<int> table;
  int a = 1;
  int b = 2;
  const LinkId first = table.add(&a);
  const LinkId second = table.add(&b);
  EXPECT_NE(first, second);
  table.remove(first);
  EXPECT_EQ(table.find(second), &b);
}

}  // namespace
}  // namespace parley::server
