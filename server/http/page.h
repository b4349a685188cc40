// The call page that is embedded in the binary, by path. Without the page (a build with
// PARLEY_PAGE=OFF) there is one that says so.
#pragma once

#include <optional>
#include <string_view>

namespace parley::server {

struct PageFile {
  std::string_view contentType;
  std::string_view etag;  // with its quotes
  std::string_view bytes;
  std::string_view gzip;  // empty: not worth it
};

// "/index.html", "/app.js"; nothing for what is not there.
std::optional<PageFile> findPageFile(std::string_view path);

}  // namespace parley::server
