// Bounded reading and writing of big-endian (network order) bytes.
//
// A reader or writer that is asked for more than there is fails once and stays failed: every later
// read gives zero or an empty span, every later write is dropped. So a parser reads a whole
// structure and asks ok() once. Neither owns its bytes nor allocates.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace parley {

using Bytes = std::span<std::uint8_t>;
using ConstBytes = std::span<const std::uint8_t>;

inline ConstBytes asBytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}
inline std::string_view asText(ConstBytes b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

inline std::uint16_t loadBe16(const std::uint8_t* p) {
  return static_cast<std::uint16_t>((p[0] << 8) | p[1]);
}
inline std::uint32_t loadBe32(const std::uint8_t* p) {
  return (std::uint32_t{p[0]} << 24) | (std::uint32_t{p[1]} << 16) | (std::uint32_t{p[2]} << 8) |
         std::uint32_t{p[3]};
}
inline std::uint64_t loadBe64(const std::uint8_t* p) {
  return (std::uint64_t{loadBe32(p)} << 32) | loadBe32(p + 4);
}
inline void storeBe16(std::uint8_t* p, std::uint16_t v) {
  p[0] = static_cast<std::uint8_t>(v >> 8);
  p[1] = static_cast<std::uint8_t>(v);
}
inline void storeBe32(std::uint8_t* p, std::uint32_t v) {
  storeBe16(p, static_cast<std::uint16_t>(v >> 16));
  storeBe16(p + 2, static_cast<std::uint16_t>(v));
}
inline void storeBe64(std::uint8_t* p, std::uint64_t v) {
  storeBe32(p, static_cast<std::uint32_t>(v >> 32));
  storeBe32(p + 4, static_cast<std::uint32_t>(v));
}

class ByteReader {
 public:
  explicit ByteReader(ConstBytes bytes) : rest_(bytes) {}

  std::uint8_t u8() {
    const ConstBytes b = bytes(1);
    return b.empty() ? std::uint8_t{0} : b[0];
  }
  std::uint16_t u16() {
    const ConstBytes b = bytes(2);
    return b.empty() ? std::uint16_t{0} : loadBe16(b.data());
  }
  std::uint32_t u32() {
    const ConstBytes b = bytes(4);
    return b.empty() ? 0 : loadBe32(b.data());
  }
  std::uint64_t u64() {
    const ConstBytes b = bytes(8);
    return b.empty() ? 0 : loadBe64(b.data());
  }
  // The next n bytes as they lie in the input; empty on failure.
  ConstBytes bytes(std::size_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const ConstBytes b = rest_.first(n);
    rest_ = rest_.subspan(n);
    return b;
  }
  void skip(std::size_t n) { bytes(n); }

  std::size_t remaining() const { return rest_.size(); }
  ConstBytes rest() const { return rest_; }
  bool ok() const { return ok_; }

 private:
  ConstBytes rest_;
  bool ok_ = true;
};

class ByteWriter {
 public:
  explicit ByteWriter(Bytes out) : out_(out) {}

  void u8(std::uint8_t v) {
    if (std::uint8_t* p = take(1)) *p = v;
  }
  void u16(std::uint16_t v) {
    if (std::uint8_t* p = take(2)) storeBe16(p, v);
  }
  void u32(std::uint32_t v) {
    if (std::uint8_t* p = take(4)) storeBe32(p, v);
  }
  void u64(std::uint64_t v) {
    if (std::uint8_t* p = take(8)) storeBe64(p, v);
  }
  void bytes(ConstBytes b) {
    std::uint8_t* p = take(b.size());
    if (p != nullptr && !b.empty()) std::memcpy(p, b.data(), b.size());
  }
  void zeros(std::size_t n) {
    std::uint8_t* p = take(n);
    if (p != nullptr && n != 0) std::memset(p, 0, n);
  }
  // Room for n bytes that the caller fills; empty on failure.
  Bytes reserve(std::size_t n) {
    std::uint8_t* p = take(n);
    return p == nullptr ? Bytes{} : Bytes{p, n};
  }

  std::size_t size() const { return used_; }
  std::size_t remaining() const { return out_.size() - used_; }
  Bytes written() const { return out_.first(used_); }
  bool ok() const { return ok_; }

 private:
  std::uint8_t* take(std::size_t n) {
    if (!ok_ || n > out_.size() - used_) {
      ok_ = false;
      return nullptr;
    }
    std::uint8_t* p = out_.data() + used_;
    used_ += n;
    return p;
  }

  Bytes out_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

}  // namespace parley
