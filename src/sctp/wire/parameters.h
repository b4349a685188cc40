// The type-length-value parameters inside chunks (RFC 9260 section 3.2.1), and error causes, which
// look the same (section 3.3.10).
#pragma once

#include <optional>

#include "base/bytes.h"
#include "sctp/wire/chunk_type.h"

namespace parley::sctp {

struct ParameterView {
  std::uint16_t code = 0;
  ConstBytes value;  // without header and padding

  ParameterType type() const { return static_cast<ParameterType>(code); }
  CauseCode cause() const { return static_cast<CauseCode>(code); }
  ConstBytes whole() const { return {value.data() - 4, value.size() + 4}; }
};

// while (auto p = it.next()) ...; then malformed() says whether the end was a clean one.
class ParameterIterator {
 public:
  explicit ParameterIterator(ConstBytes rest) : rest_(rest) {}

  std::optional<ParameterView> next() {
    if (rest_.size() < 4) {
      malformed_ = malformed_ || !rest_.empty();
      rest_ = {};
      return std::nullopt;
    }
    const std::size_t length = loadBe16(rest_.data() + 2);
    if (length < 4 || length > rest_.size()) {
      malformed_ = true;
      rest_ = {};
      return std::nullopt;
    }
    const ParameterView p{loadBe16(rest_.data()), rest_.subspan(4, length - 4)};
    const std::size_t padded = paddedSize(length);
    rest_ = padded < rest_.size() ? rest_.subspan(padded) : ConstBytes{};
    return p;
  }
  bool malformed() const { return malformed_; }

 private:
  ConstBytes rest_;
  bool malformed_ = false;
};

// Appends a parameter with its padding.
inline void writeParameter(ByteWriter& out, std::uint16_t code, ConstBytes value) {
  out.u16(code);
  out.u16(static_cast<std::uint16_t>(4 + value.size()));
  out.bytes(value);
  out.zeros(paddedSize(value.size()) - value.size());
}
inline void writeParameter(ByteWriter& out, ParameterType type, ConstBytes value) {
  writeParameter(out, static_cast<std::uint16_t>(type), value);
}

}  // namespace parley::sctp
