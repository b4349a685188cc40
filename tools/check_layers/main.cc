// check_layers ROOT: every C++ file below ROOT against the layer rule. Prints each breach as
// "file:line: what"; exit status 0 when there is none, 1 when there are, 2 when nothing was read.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "layer_rule.h"

namespace {

namespace fs = std::filesystem;

std::vector<std::string> filesBelow(const fs::path& root) {
  std::vector<std::string> files;
  for (const char* folder : {"src", "include", "server", "cli", "sim", "lab"}) {
    if (!fs::is_directory(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string path = entry.path().lexically_relative(root).generic_string();
      if (entry.is_regular_file() && parley::tools::isChecked(path)) files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string contentOf(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: check_layers ROOT\n");
    return 2;
  }
  const fs::path root = argv[1];
  const std::vector<std::string> files = filesBelow(root);
  std::size_t breaches = 0;
  for (const std::string& file : files) {
    for (const auto& breach : parley::tools::checkSource(file, contentOf(root / file))) {
      std::printf("%s:%d: %s\n", breach.file.c_str(), breach.line, breach.what.c_str());
      ++breaches;
    }
  }
  std::printf("%zu files read, %zu breaches of the layer rule\n", files.size(), breaches);
  if (files.empty()) return 2;
  return breaches == 0 ? 0 : 1;
}
