#include "turn/stream_framer.h"

#include "stun/types.h"
#include "turn/channel_data.h"

namespace parley::turn {
namespace {

using stun::kHeaderSize;
using stun::kMagicCookie;
// A STUN message longer than this is no honest one: TURN's longest is a Send indication with a
// whole datagram.
constexpr std::size_t kMaxStunMessage = 0xFFFC;

}  // namespace

StreamFramer::Size StreamFramer::sizeOf(ConstBytes firstFour) {
  if (firstFour.size() < 4) return {};
  const std::size_t length = loadBe16(firstFour.data() + 2);
  if (looksLikeChannelData(firstFour[0])) {
    const std::size_t message = kChannelHeaderSize + length;
    return {message, message + paddingOf(message)};
  }
  // RFC 8489 section 5: two zero bits first, the length a multiple of four.
  const std::size_t message = kHeaderSize + length;
  if (firstFour[0] > 0x3F || length % 4 != 0 || message > kMaxStunMessage) return {};
  return {message, message};
}

void StreamFramer::append(ConstBytes bytes) {
  if (failed_) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
  start_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

// What can be said of the next message by the bytes that are there.
bool StreamFramer::startsWell(ConstBytes rest) const {
  if (looksLikeChannelData(rest[0])) return begun_;
  return rest.size() < 8 || loadBe32(rest.data() + 4) == kMagicCookie;
}

std::optional<Bytes> StreamFramer::next() {
  if (failed_ || pending() < 4) return std::nullopt;
  const Bytes rest = Bytes(buffer_).subspan(start_);
  const Size size = sizeOf(rest.first(4));
  if (size.message == 0 || !startsWell(rest)) {
    failed_ = true;
    buffer_.clear();
    buffer_.shrink_to_fit();
    start_ = 0;
    return std::nullopt;
  }
  if (rest.size() < size.onStream) return std::nullopt;
  start_ += size.onStream;
  begun_ = true;
  return rest.first(size.message);
}

bool StreamFramer::isMedia(ConstBytes message) {
  if (message.size() < 4) return false;
  if (looksLikeChannelData(message[0])) return true;
  const std::uint16_t type = loadBe16(message.data());
  return type == stun::encodeType(stun::Method::Send, stun::Class::Indication) ||
         type == stun::encodeType(stun::Method::Data, stun::Class::Indication);
}

}  // namespace parley::turn
