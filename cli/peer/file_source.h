// The files that the words of `parley send` name, folders walked, each with the offer it makes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "files/wire.h"

namespace parley::cli {

struct SourceFile {
  std::string path;    // on this machine, absolute
  files::Offer offer;  // id, name, size, dates, folders, group
};

struct SourceList {
  std::vector<SourceFile> files;
  std::uint64_t bytes = 0;
  std::vector<std::string> notes;  // what was left out and why
};

// The error is for people: the first that is not there or cannot be read.
Result<SourceList, std::string> listSources(const std::vector<std::string>& words);

// The id says which file it is, so that a new process offers the same one under the same id
// (docs/peer-messages.md section 6.6). `attempt` makes another after a final refusal.
std::string fileId(const std::string& path, std::uint64_t size, std::int64_t lastModified,
                   unsigned attempt);

// An open file, read at any place. Knows whether it is still the one that was offered.
class SourceReader {
 public:
  SourceReader() = default;
  ~SourceReader();
  SourceReader(const SourceReader&) = delete;
  SourceReader& operator=(const SourceReader&) = delete;
  // False when it cannot be read, or changed since.
  bool open(const SourceFile& file);
  bool unchanged(const SourceFile& file) const;
  // Fills all of `out`, or false.
  bool read(std::uint64_t offset, Bytes out) const;

 private:
  int descriptor_ = -1;
};

}  // namespace parley::cli
