// The captured descriptions of tests/vectors/sdp.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace parley::sdp {

inline std::string vectorText(const std::string& file) {
  std::ifstream in(std::string(PARLEY_SOURCE_DIR "/tests/vectors/sdp/") + file + ".sdp",
                   std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::string> vectorNames() {
  std::vector<std::string> names;
  for (const auto& e :
       std::filesystem::directory_iterator(PARLEY_SOURCE_DIR "/tests/vectors/sdp")) {
    if (e.path().extension() == ".sdp") names.push_back(e.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace parley::sdp
