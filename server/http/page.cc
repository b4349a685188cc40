#include "server/http/page.h"

namespace parley::server {

std::optional<PageFile> findPageFile(std::string_view path) {
  if (path != "/index.html") return {};
  return PageFile{"text/html; charset=utf-8", "\"none\"",
                  "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Parley</title>"
                  "<p>This server was built without the call page. Signalling, STUN and TURN work.",
                  {}};
}

}  // namespace parley::server
