// Cuts a TCP or TLS stream into STUN messages and ChannelData (RFC 8656 section 12.5: padded to
// four bytes there). Bytes in by append(), whole messages out by next(). Bounded: it holds at most
// one incomplete message of kMaxMessage bytes besides what append() brought.
//
// A stream that carries anything else is failed() for good: the caller closes it. The first message
// must be STUN (a channel can only be bound by one), and STUN must have its magic cookie: so TLS or
// HTTP that strayed here fails at once. What it does not do: TLS, or telling HTTP apart.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace parley::turn {

class StreamFramer {
 public:
  // ChannelData with a 16-bit Length, its header and padding, is the longest thing there is.
  static constexpr std::size_t kMaxMessage = 4 + 65535 + 1;

  // Takes the next bytes of the stream. Call next() until it is empty before the next append():
  // what next() returned is invalid after it.
  void append(ConstBytes bytes);

  // The next whole message without its padding, mutable in place; empty when more bytes are
  // needed or the stream failed.
  std::optional<Bytes> next();

  bool failed() const { return failed_; }
  // Bytes held of an incomplete message.
  std::size_t pending() const { return buffer_.size() - start_; }

  // The length that a message starting with these four bytes occupies on a stream, padding
  // included, and without it. Zero if they start neither STUN nor ChannelData.
  struct Size {
    std::size_t message = 0;
    std::size_t onStream = 0;
  };
  static Size sizeOf(ConstBytes firstFour);

  // Whether a message carries a relayed packet, which may be dropped where a queue is long; all
  // others are control.
  static bool isMedia(ConstBytes message);

 private:
  bool startsWell(ConstBytes rest) const;

  std::vector<std::uint8_t> buffer_;
  std::size_t start_ = 0;
  bool begun_ = false;
  bool failed_ = false;
};

}  // namespace parley::turn
