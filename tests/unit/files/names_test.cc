#include "files/names.h"

#include <gtest/gtest.h>

namespace parley::files {
namespace {

TEST(Names, WhatLeavesTheFolderOrDeceivesIsRefused) {
  const std::string tooLong(256, 'a');
  for (const std::string_view bad :
       {std::string_view(""),
        std::string_view("."),
        std::string_view(".."),
        std::string_view("../etc"),
        std::string_view("/etc"),
        std::string_view("a/b"),
        std::string_view("a\\b"),
        std::string_view("c:x"),
        std::string_view("a\0b", 3),
        std::string_view("a\nb"),
        std::string_view("\x7f"),
        std::string_view("\xc2\x85"),
        std::string_view(" a"),
        std::string_view("a "),
        std::string_view("a."),
        std::string_view("CON"),
        std::string_view("nul.txt"),
        std::string_view("lpt9.tar.gz"),
        std::string_view("gnp.\xe2\x80\xae"  // shows what follows from right to left
                         "exe"),
        std::string_view("a\xe2\x80\xa8"
                         "b"),
        std::string_view("\xff"),
        std::string_view("\xed\xa0\x80"),
        std::string_view(tooLong),
        std::string_view("what?")}) {
    EXPECT_FALSE(isAllowedName(bad)) << bad;
    EXPECT_TRUE(isAllowedName(allowedName(bad))) << bad;
  }
}

TEST(Names, OrdinaryOnesStay) {
  for (const std::string_view good : {"a", "report.pdf", ".bashrc", "com10", "console.log",
                                      "한글 이름.txt", "a b (1).tar.gz", "~", "-rf"}) {
    EXPECT_TRUE(isAllowedName(good)) << good;
    EXPECT_EQ(allowedName(good), good);
  }
}

TEST(Names, TheNearestAllowedNameKeepsWhatItCan) {
  EXPECT_EQ(allowedName("a/b:c.txt"), "a_b_c.txt");
  EXPECT_EQ(allowedName("  x. "), "x");
  EXPECT_EQ(allowedName("aux.h"), "_aux.h");
  EXPECT_EQ(allowedName("..."), "file");
  const std::string longName = std::string(300, 'x') + ".jpeg";
  EXPECT_EQ(allowedName(longName).size(), kMaxNameBytes);
  EXPECT_TRUE(allowedName(longName).ends_with("x.jpeg"));
  // Cut between characters, not within one.
  std::string korean;
  for (int i = 0; i < 100; ++i)
    korean += "한";
  EXPECT_TRUE(isAllowedName(allowedName(korean)));
}

TEST(Names, PathsAreAllowedNamesOrNothing) {
  EXPECT_EQ(parsePath("holiday/day 1"), (std::vector<std::string>{"holiday", "day 1"}));
  EXPECT_EQ(parsePath(""), std::vector<std::string>());
  for (const std::string_view bad : {"/a", "a/", "a//b", "a/../b", "..", "a/./b", "a\\b/c"})
    EXPECT_FALSE(parsePath(bad)) << bad;
  std::string deep = "d";
  for (std::size_t i = 1; i < kMaxPathParts; ++i)
    deep += "/d";
  EXPECT_TRUE(parsePath(deep));
  EXPECT_FALSE(parsePath(deep + "/d"));
}

TEST(Names, ANumberGoesBeforeTheEnding) {
  EXPECT_EQ(numberedName("report.pdf", 1), "report (1).pdf");
  EXPECT_EQ(numberedName("README", 12), "README (12)");
  EXPECT_EQ(numberedName(".bashrc", 1), ".bashrc (1)");
  EXPECT_EQ(numberedName(std::string(255, 'a'), 100).size(), kMaxNameBytes);
}

}  // namespace
}  // namespace parley::files
