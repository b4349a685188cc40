#include "server/http/page.h"

#include "base/bytes.h"
#if PARLEY_PAGE
#include "web/page.h"
#endif

namespace parley::server {

#if PARLEY_PAGE

std::optional<PageFile> findPageFile(std::string_view path) {
  for (const web::Asset& asset : web::assets()) {
    if (asset.path != path) continue;
    return PageFile{asset.contentType, asset.etag, asText(asset.bytes), asText(asset.gzip)};
  }
  return {};
}

#else

std::optional<PageFile> findPageFile(std::string_view path) {
  if (path != "/index.html") return {};
  return PageFile{"text/html; charset=utf-8",
                  "\"none\"",
                  "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Parley</title>"
                  "<p>This server was built without the call page. Signalling, STUN and TURN work.",
                  {}};
}

#endif

}  // namespace parley::server
