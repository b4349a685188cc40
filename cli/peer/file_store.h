// The folder that files are received into. Everything is created beneath it, component by
// component and never through a symbolic link; nothing that is there is overwritten.
//
// A file grows as ".parley-ID.part" beside ".parley-ID.offer", which says what it is to become, so
// that a new process can go on where this one ended. Its name it gets when it is whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "files/wire.h"

namespace parley::cli {

class PartFile {
 public:
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  std::uint64_t size() const { return size_; }
  // Appends; the reason when it cannot.
  std::optional<files::Reason> write(ConstBytes bytes);
  // Reads what is there, from the beginning, for its hash. Fills all of `out`, or false.
  bool read(std::uint64_t offset, Bytes out) const;

 private:
  friend class FileStore;
  PartFile(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}
  int descriptor_;
  std::uint64_t size_;
};

class FileStore {
 public:
  // Makes the folder if it is not there; the error is for people.
  static Result<std::unique_ptr<FileStore>, std::string> open(const std::string& folder);
  ~FileStore();
  FileStore(const FileStore&) = delete;
  FileStore& operator=(const FileStore&) = delete;

  // Bytes that are free for us.
  std::uint64_t space() const;
  // What is there of this very file, or an empty one.
  Result<std::unique_ptr<PartFile>, files::Reason> begin(const files::Offer& offer);
  // The name it got, with its folders, or the reason why not.
  Result<std::string, files::Reason> finish(const files::Offer& offer);
  void discard(const files::Offer& offer);
  // A whole file with this name, size and date, to be hashed: it may be the one that is offered
  // again because our word of it got lost.
  std::unique_ptr<PartFile> finished(const files::Offer& offer) const;

 private:
  explicit FileStore(int folder) : folder_(folder) {}
  // The folder of the offer's path; -1 with errno. `create`: made where it is missing.
  int openPath(const files::Offer& offer, bool create) const;

  int folder_;
};

}  // namespace parley::cli
