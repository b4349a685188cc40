// Texts over a simulated stream: a length of four bytes, then the text. Stands where WebSocket does
// in production. Bounded: a longer length than kMaxText is a stream that fails for good.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace parley::sim::test {

class TextFramer {
 public:
  static constexpr std::size_t kMaxText = std::size_t{1} << 20;

  void append(ConstBytes bytes) { buffer_.insert(buffer_.end(), bytes.begin(), bytes.end()); }
  std::optional<std::string> next() {
    if (failed_ || buffer_.size() < 4) return std::nullopt;
    const std::size_t size = loadBe32(buffer_.data());
    failed_ = size > kMaxText;
    if (failed_ || buffer_.size() < 4 + size) return std::nullopt;
    std::string text{asText(ConstBytes{buffer_}.subspan(4, size))};
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(4 + size));
    return text;
  }
  bool failed() const { return failed_; }

  static std::vector<std::uint8_t> frame(const std::string& text) {
    std::vector<std::uint8_t> bytes(4 + text.size());
    ByteWriter w{bytes};
    w.u32(static_cast<std::uint32_t>(text.size()));
    w.bytes(asBytes(text));
    return bytes;
  }

 private:
  std::vector<std::uint8_t> buffer_;
  bool failed_ = false;
};

}  // namespace parley::sim::test
