#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace parley {
namespace {

Result<std::string> half(int n) {
  if (n % 2 != 0) return Error{ErrorCode::Invalid, "halve an odd number", n};
  return std::to_string(n / 2);
}

TEST(Result, holdsEither) {
  EXPECT_EQ(*half(4), "2");
  ASSERT_FALSE(half(3).ok());
  EXPECT_EQ(half(3).error().describe(), "halve an odd number: invalid argument 3");
}

TEST(Error, namesTheSystemsReason) {
  const Error e{ErrorCode::System, "bind udp 127.0.0.1:3478", EADDRINUSE};
  EXPECT_NE(e.describe().find("Address already in use"), std::string::npos);
}

TEST(ResultDeathTest, abortsWhenAskedForTheOther) {
  EXPECT_DEATH((void)half(4).error(), "internal error");
}

}  // namespace
}  // namespace parley
