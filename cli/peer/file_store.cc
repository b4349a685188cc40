#include "cli/peer/file_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "files/names.h"

namespace parley::cli {
namespace {

constexpr unsigned kMostNumbers = 10'000;  // of names that are taken

std::string partName(const files::Offer& offer) {
  return ".parley-" + offer.id + ".part";
}
std::string offerName(const files::Offer& offer) {
  return ".parley-" + offer.id + ".offer";
}

files::Reason reasonOf(int error) {
  if (error == ENOSPC || error == EDQUOT) return files::Reason::NoSpace;
  if (error == EFBIG) return files::Reason::TooLarge;
  return files::Reason::WriteFailed;
}

bool writeAll(int descriptor, ConstBytes bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

std::optional<files::Offer> readOffer(int folder, const std::string& name) {
  const int descriptor = ::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  std::string text(files::kMaxTextBytes, '\0');
  const ssize_t n = ::read(descriptor, text.data(), text.size());
  ::close(descriptor);
  if (n <= 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(n));
  const auto message = files::parseMessage(text);
  if (!message || !std::holds_alternative<files::Offer>(*message)) return std::nullopt;
  return std::get<files::Offer>(*message);
}

timespec timeOf(std::int64_t milliseconds) {
  return {milliseconds / 1000, (milliseconds % 1000) * 1'000'000};
}

}  // namespace

PartFile::~PartFile() {
  ::close(descriptor_);
}

std::optional<files::Reason> PartFile::write(ConstBytes bytes) {
  if (!writeAll(descriptor_, bytes)) return reasonOf(errno);
  size_ += bytes.size();
  return std::nullopt;
}

bool PartFile::read(std::uint64_t offset, Bytes out) const {
  while (!out.empty()) {
    const ssize_t n = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

Result<std::unique_ptr<FileStore>, std::string> FileStore::open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return folder + ": cannot be made: " + error.message();
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return folder + ": " + std::strerror(errno);
  if (::faccessat(descriptor, ".", W_OK, 0) != 0) {
    const std::string why = std::strerror(errno);
    ::close(descriptor);
    return folder + ": files cannot be made there: " + why;
  }
  return std::unique_ptr<FileStore>(new FileStore(descriptor));
}

FileStore::~FileStore() {
  ::close(folder_);
}

std::uint64_t FileStore::space() const {
  struct statvfs info {};
  if (::fstatvfs(folder_, &info) != 0) return UINT64_MAX;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

int FileStore::openPath(const files::Offer& offer, bool create) const {
  int at = ::fcntl(folder_, F_DUPFD_CLOEXEC, 0);
  for (const std::string& part : offer.path) {
    // The offer was checked when it was read; a name with a slash here would leave the folder.
    if (!files::isAllowedName(part)) {
      ::close(at);
      errno = EINVAL;
      return -1;
    }
    if (create && ::mkdirat(at, part.c_str(), 0777) != 0 && errno != EEXIST) {
      ::close(at);
      return -1;
    }
    const int next = ::openat(at, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const int error = errno;
    ::close(at);
    errno = error;
    if (next < 0) return -1;
    at = next;
  }
  return at;
}

Result<std::unique_ptr<PartFile>, files::Reason> FileStore::begin(const files::Offer& offer) {
  const auto before = readOffer(folder_, offerName(offer));
  if (!before || !offer.continues(*before)) discard(offer);
  const int descriptor = ::openat(folder_, partName(offer).c_str(),
                                  O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) return reasonOf(errno);
  struct stat info {};
  std::uint64_t size = 0;
  if (::fstat(descriptor, &info) == 0) size = static_cast<std::uint64_t>(info.st_size);
  if (size > offer.size) {
    if (::ftruncate(descriptor, 0) != 0) {
      ::close(descriptor);
      return files::Reason::WriteFailed;
    }
    size = 0;
  }
  std::unique_ptr<PartFile> part(new PartFile(descriptor, size));
  const int note = ::openat(folder_, offerName(offer).c_str(),
                            O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  const bool noted = note >= 0 && writeAll(note, asBytes(files::writeMessage(offer)));
  const int error = errno;
  if (note >= 0) ::close(note);
  if (!noted) return reasonOf(error);
  return part;
}

Result<std::string, files::Reason> FileStore::finish(const files::Offer& offer) {
  const int folder = openPath(offer, true);
  if (folder < 0) return reasonOf(errno);
  const std::string part = partName(offer);
  if (offer.lastModified > 0) {
    const timespec times[2] = {{0, UTIME_OMIT}, timeOf(offer.lastModified)};
    ::utimensat(folder_, part.c_str(), times, AT_SYMLINK_NOFOLLOW);
  }
  // What a umask would have made of an ordinary new file.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmodat(folder_, part.c_str(), 0666 & ~mask, 0);
  std::string name = offer.name;
  for (unsigned n = 1;; ++n) {
    if (::renameat2(folder_, part.c_str(), folder, name.c_str(), RENAME_NOREPLACE) == 0) break;
    if (errno != EEXIST || n > kMostNumbers) {
      const int error = errno;
      ::close(folder);
      return reasonOf(error);
    }
    name = files::numberedName(offer.name, n);
  }
  ::close(folder);
  ::unlinkat(folder_, offerName(offer).c_str(), 0);
  const std::string path = files::joinPath(offer.path);
  return path.empty() ? name : path + "/" + name;
}

void FileStore::discard(const files::Offer& offer) {
  ::unlinkat(folder_, partName(offer).c_str(), 0);
  ::unlinkat(folder_, offerName(offer).c_str(), 0);
}

std::unique_ptr<PartFile> FileStore::finished(const files::Offer& offer) const {
  const int folder = openPath(offer, false);
  if (folder < 0) return nullptr;
  const int descriptor =
      ::openat(folder, offer.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  ::close(folder);
  if (descriptor < 0) return nullptr;
  std::unique_ptr<PartFile> file(new PartFile(descriptor, offer.size));
  struct stat info {};
  const bool same = ::fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) &&
                    static_cast<std::uint64_t>(info.st_size) == offer.size &&
                    offer.lastModified > 0 && info.st_mtim.tv_sec == offer.lastModified / 1000;
  return same ? std::move(file) : nullptr;
}

}  // namespace parley::cli
