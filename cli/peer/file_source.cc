#include "cli/peer/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/base64.h"
#include "crypto/digest.h"
#include "files/names.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 100'000;

std::int64_t milliseconds(const timespec& t) {
  return static_cast<std::int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000;
}

// Nothing: it is no ordinary file.
std::optional<SourceFile> sourceOf(const fs::path& path, std::vector<std::string> folders) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  SourceFile file;
  file.path = fs::absolute(path).lexically_normal().string();
  file.offer.name = files::allowedName(path.filename().string());
  file.offer.size = static_cast<std::uint64_t>(info.st_size);
  file.offer.lastModified = std::max<std::int64_t>(0, milliseconds(info.st_mtim));
  file.offer.path = std::move(folders);
  file.offer.id = fileId(file.path, file.offer.size, file.offer.lastModified, 0);
  return file;
}

void walk(const fs::path& folder, std::vector<std::string> names, SourceList& out) {
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    entries.push_back(*it);
  if (error) {
    out.notes.push_back(folder.string() + ": " + error.message() + "; left out");
    return;
  }
  std::sort(entries.begin(), entries.end());
  for (const fs::directory_entry& entry : entries) {
    if (out.files.size() >= kMostFiles) return;
    if (entry.is_symlink()) {
      out.notes.push_back(entry.path().string() + ": is a link; left out");
    } else if (entry.is_directory()) {
      auto deeper = names;
      deeper.push_back(files::allowedName(entry.path().filename().string()));
      if (deeper.size() > files::kMaxPathParts) {
        out.notes.push_back(entry.path().string() + ": too deep; left out");
      } else {
        walk(entry.path(), std::move(deeper), out);
      }
    } else if (auto file = sourceOf(entry.path(), names)) {
      out.files.push_back(std::move(*file));
    } else {
      out.notes.push_back(entry.path().string() + ": is no ordinary file; left out");
    }
  }
}

}  // namespace

std::string fileId(const std::string& path, std::uint64_t size, std::int64_t lastModified,
                   unsigned attempt) {
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  const std::string all = std::string(host) + '\0' + path + '\0' + std::to_string(size) + '\0' +
                          std::to_string(lastModified) + '\0' + std::to_string(attempt);
  return base64UrlEncode(crypto::sha256(asBytes(all))).substr(0, 22);
}

Result<SourceList, std::string> listSources(const std::vector<std::string>& words) {
  SourceList out;
  std::string groupName = "files";
  for (const std::string& word : words) {
    const fs::path path = fs::path(word).lexically_normal();
    std::error_code error;
    const auto status = fs::status(path, error);
    if (!fs::exists(status)) return word + ": there is no such file";
    if (fs::is_directory(status)) {
      const fs::path absolute = fs::absolute(path).lexically_normal();
      const fs::path named = absolute.has_filename() ? absolute : absolute.parent_path();
      const std::string name = files::allowedName(named.filename().string());
      if (words.size() == 1) groupName = name;
      walk(path, {name}, out);
    } else if (auto file = sourceOf(path, {})) {
      SourceReader reader;
      if (!reader.open(*file)) return word + ": cannot be read: " + std::strerror(errno);
      out.files.push_back(std::move(*file));
    } else {
      return word + ": is neither a file nor a folder";
    }
  }
  if (out.files.size() >= kMostFiles)
    return "more than " + std::to_string(kMostFiles) + " files; send an archive of them instead";
  if (out.files.empty()) return std::string("there is no file in what was named");
  for (const SourceFile& file : out.files)
    out.bytes += file.offer.size;
  if (out.files.size() > 1) {
    const std::string id = fileId(out.files[0].path, out.bytes, 0, 0);
    for (SourceFile& file : out.files)
      file.offer.group = files::Group{id, groupName, out.files.size(), out.bytes};
  }
  return out;
}

SourceReader::~SourceReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool SourceReader::open(const SourceFile& file) {
  descriptor_ = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
  return descriptor_ >= 0 && unchanged(file);
}

bool SourceReader::unchanged(const SourceFile& file) const {
  struct stat info {};
  return ::fstat(descriptor_, &info) == 0 &&
         static_cast<std::uint64_t>(info.st_size) == file.offer.size &&
         std::max<std::int64_t>(0, milliseconds(info.st_mtim)) == file.offer.lastModified;
}

bool SourceReader::read(std::uint64_t offset, Bytes out) const {
  while (!out.empty()) {
    const ssize_t n = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

}  // namespace parley::cli
