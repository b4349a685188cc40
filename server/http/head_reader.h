// Collects the head of one HTTP/1.x request from bytes as they come, by Beast's parser. No I/O.
//
// A head may have kMaxHead bytes (else 431) and must come before the connection's time-out, which
// is the owner's. Bodies are not read: a request with one is refused (routing.h) and the connection
// closed, so that there is nothing to smuggle a request in.
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "server/http/request_head.h"

namespace parley::server {

class HeadReader {
 public:
  static constexpr std::size_t kMaxHead = 16 * 1024;

  enum class State : std::uint8_t { NeedMore, Done, Bad };

  HeadReader();
  ~HeadReader();
  HeadReader(HeadReader&&) noexcept;
  HeadReader& operator=(HeadReader&&) noexcept;

  State feed(ConstBytes bytes);
  State state() const;
  bool empty() const;  // not a single byte has come

  unsigned badStatus() const;       // when Bad: 400, 431 or 505
  const RequestHead& head() const;  // when Done
  std::string_view rest() const;    // when Done: bytes after the head

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::server
