// An HTTP answer and its bytes. Every answer carries the headers that keep browsers safe; pages get
// the Content-Security-Policy as well. No I/O.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/request_head.h"
#include "server/http/routing.h"

namespace parley::server {

struct Response {
  unsigned status = 200;
  std::string contentType = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string_view fixedBody;  // instead of body: bytes that live for ever (the embedded page)

  std::string_view content() const {
    return fixedBody.empty() ? std::string_view(body) : fixedBody;
  }
};

const char* reasonPhrase(unsigned status);

// The answer to what routing refused.
Response refusal(const Verdict& verdict);
// `host`: as the client named us, validated by routing; it goes into the policy for WebSockets.
void addPageHeaders(Response& response, const std::string& authority);

// Status line and headers. HEAD and 304 are answered without content (contentLength is kept).
std::string serializeHead(const Response& response, bool keepAlive);

}  // namespace parley::server
