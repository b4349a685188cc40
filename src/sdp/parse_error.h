// What is wrong with a text and where: the line, counted from 1 (0 where there are no lines), and a
// reason for people. The reason is a string literal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace parley::sdp {

struct ParseError {
  std::size_t line = 0;
  std::string_view reason;

  // "line 7: the port is not a number from 0 to 65535"
  std::string describe() const;
};

template <class T>
using ParseResult = Result<T, ParseError>;

}  // namespace parley::sdp
