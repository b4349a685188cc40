// C++ source as lines of words: what is left of a file without its comments and literals, and its
// #include directives. Not a preprocessor: both sides of an #if are read, macros are not expanded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::tools {

struct SourceLine {
  int number = 0;
  std::optional<std::string> include;  // what stands between the quotes or angle brackets
  bool angled = false;
  std::vector<std::string> words;  // identifiers
};

std::vector<SourceLine> readSource(std::string_view text);

}  // namespace parley::tools
