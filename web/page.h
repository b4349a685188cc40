// The call page inside the binary: what esbuild made of web/, as bytes in read-only memory.
// No I/O and no state; valid for the life of the process. HTTP headers, routes (which paths are
// the page besides /index.html) and the Content-Security-Policy are the server's.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace parley::web {

struct Asset {
  std::string_view path;               // "/index.html", "/app.js", …
  std::string_view contentType;        // with charset where it is text
  std::string_view etag;               // quoted, strong: the SHA-256 of `bytes`
  std::span<const std::uint8_t> bytes;
  std::span<const std::uint8_t> gzip;  // empty when compressing does not pay
};

// Sorted by path.
std::span<const Asset> assets();

}  // namespace parley::web
