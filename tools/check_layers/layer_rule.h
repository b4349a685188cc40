// The layer rule (ARCHITECTURE.md, "Folders") as data, and a check of one source file against it.
//
// What it sees: every #include, and in the core every name that asks the machine for something
// (a clock, randomness, the environment). What it does not see: what the preprocessor makes of a
// macro. It reads text, so it needs no build; comments and string literals are skipped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parley::tools {

struct Breach {
  std::string file;
  int line = 0;
  std::string what;
  friend bool operator==(const Breach&, const Breach&) = default;
};

// `path` is relative to the root of the repository ("src/net/path.h"); files outside of the folders
// that the rule names have no breaches, unknown folders of src/ and server/ are one.
std::vector<Breach> checkSource(std::string_view path, std::string_view text);

// Whether the rule reads this file at all (our C++ under the folders it knows).
bool isChecked(std::string_view path);

}  // namespace parley::tools
