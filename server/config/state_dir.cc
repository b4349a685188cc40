#include "server/config/state_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/base64.h"
#include "server/config/values.h"

namespace parley::server {
namespace {

constexpr std::size_t kMaxStateFile = 4 * 1024 * 1024;
constexpr std::size_t kSecretBytes = 32;

bool makeDirectories(const std::string& path) {
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    const std::string parent = path.substr(0, at);
    if (::mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST && errno != EROFS &&
        errno != EACCES) {
      return false;
    }
  }
  if (::mkdir(path.c_str(), 0700) == 0) return true;
  if (errno != EEXIST) return false;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return false;
  if (!S_ISDIR(info.st_mode)) {
    errno = ENOTDIR;
    return false;
  }
  return ::access(path.c_str(), W_OK | X_OK) == 0;
}

bool writeAll(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = ::write(descriptor, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

Result<StateDir, ConfigError> StateDir::open(const std::string& path) {
  StateDir dir(path);
  if (!makeDirectories(path)) return dir.failed("cannot be made or written");
  return dir;
}

ConfigError StateDir::failed(std::string_view what) const {
  return {"state-dir", path_, "", std::string(what) + ": " + std::strerror(errno),
          "give a directory that this user may write"};
}

std::optional<std::string> StateDir::read(std::string_view file) const {
  return readFile(path_ + "/" + std::string(file), kMaxStateFile);
}

std::optional<std::string> StateDir::writeTemporary(std::string_view content) const {
  std::string name = path_ + "/.new-XXXXXX";
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);  // mode 0600
  if (descriptor < 0) return {};
  const bool good = writeAll(descriptor, content) && ::fsync(descriptor) == 0;
  const int error = errno;
  ::close(descriptor);
  if (good) return name;
  ::unlink(name.c_str());
  errno = error;
  return {};
}

std::optional<ConfigError> StateDir::write(std::string_view file, std::string_view content) const {
  const auto temporary = writeTemporary(content);
  if (!temporary) return failed("cannot be written");
  const std::string target = path_ + "/" + std::string(file);
  if (::rename(temporary->c_str(), target.c_str()) == 0) return {};
  const ConfigError error = failed("cannot be written");
  ::unlink(temporary->c_str());
  return error;
}

Result<Secret, ConfigError> StateDir::secret(std::string_view file, RandomSource& random) const {
  const std::string target = path_ + "/" + std::string(file);
  std::array<std::uint8_t, kSecretBytes> bytes{};
  random.fill(bytes);
  if (::access(target.c_str(), F_OK) != 0) {
    const auto temporary = writeTemporary(hexEncode(bytes));
    if (!temporary) return failed("cannot be written");
    // link() keeps an existing file: whoever comes first decides.
    const bool linked = ::link(temporary->c_str(), target.c_str()) == 0 || errno == EEXIST;
    const ConfigError error = failed("cannot be written");
    ::unlink(temporary->c_str());
    if (!linked) return error;
  }
  auto text = read(file);
  if (!text) return failed("cannot be read");
  if (text->size() != 2 * kSecretBytes || !hexDecode(*text)) {
    return ConfigError{
        "state-dir", path_, "",
        "holds a damaged file, " + std::string(file) + " (not 64 hexadecimal digits)",
        "remove that file; the server makes a new one"};
  }
  return Secret(std::move(*text));
}

}  // namespace parley::server
