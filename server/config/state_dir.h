// The directory where a server keeps what must outlive it: its self-signed certificate and its own
// secrets. Directory 0700, files 0600, written whole or not at all.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "server/config/load.h"

namespace parley::server {

class StateDir {
 public:
  // Makes the directory (and its parents) when it is not there.
  static Result<StateDir, ConfigError> open(const std::string& path);

  const std::string& path() const { return path_; }
  std::optional<std::string> read(std::string_view file) const;
  std::optional<ConfigError> write(std::string_view file, std::string_view content) const;
  // The secret in `file`, 64 hexadecimal characters; made at first use. Two servers that start at
  // once get the same one.
  Result<Secret, ConfigError> secret(std::string_view file, RandomSource& random) const;

 private:
  explicit StateDir(std::string path) : path_(std::move(path)) {}
  ConfigError failed(std::string_view what) const;
  // Writes a temporary file beside; its path, or nothing with errno set.
  std::optional<std::string> writeTemporary(std::string_view content) const;

  std::string path_;
};

}  // namespace parley::server
