// What the server looks at in a request, without body and without Beast: a value that the routing
// decision (routing.h) is made of, and that tests and fuzzers can write down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace parley::server {

struct RequestHead {
  std::string method;
  std::string target;
  unsigned version = 11;  // 10 or 11
  unsigned hostCount = 0;
  std::string host;
  std::optional<std::string> origin;
  bool secFetch = false;  // any Sec-Fetch-* header: a browser
  bool upgradeWebSocket = false;
  bool webSocketVersion13 = false;
  std::string webSocketKey;
  bool hasBody = false;  // Content-Length above 0, or Transfer-Encoding
  bool acceptsGzip = false;
  std::string ifNoneMatch;
  std::string forwardedFor;  // all X-Forwarded-For fields, joined by ", "
  bool keepAlive = true;
};

}  // namespace parley::server
