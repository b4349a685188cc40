#include "server/http/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace parley::server {
namespace {

constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);  // section 2.2
constexpr std::string_view kSignature1 = "PROXY ";                   // section 2.1
constexpr std::size_t kMaxLine1 = 107;

using State = ProxyHeader::State;

ProxyHeader bad() {
  return {State::Bad, 0, {}};
}

// Whether the bytes may still become `signature`.
bool mayBegin(std::string_view text, std::string_view signature) {
  const std::size_t n = std::min(text.size(), signature.size());
  return text.substr(0, n) == signature.substr(0, n);
}

std::string_view word(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  const std::string_view out = rest.substr(0, space);
  rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
  return out;
}

ProxyHeader parseVersion1(std::string_view text) {
  const std::size_t end = text.substr(0, kMaxLine1).find("\r\n");
  if (end == std::string_view::npos) {
    return text.size() >= kMaxLine1 ? bad() : ProxyHeader{State::NeedMore, 0, {}};
  }
  std::string_view rest = text.substr(kSignature1.size(), end - kSignature1.size());
  const std::string_view family = word(rest);
  if (family == "UNKNOWN") return {State::Done, end + 2, {}};
  if (family != "TCP4" && family != "TCP6") return bad();
  const auto source = IpAddress::parse(word(rest));
  const auto destination = IpAddress::parse(word(rest));
  const std::string_view portText = word(rest);
  std::uint16_t port = 0;
  const auto [last, error] =
      std::from_chars(portText.data(), portText.data() + portText.size(), port);
  if (!source || !destination || error != std::errc{} ||
      last != portText.data() + portText.size() || source->isV4() != (family == "TCP4")) {
    return bad();
  }
  return {State::Done, end + 2, Address(*source, port)};
}

ProxyHeader parseVersion2(ConstBytes bytes) {
  ByteReader reader(bytes);
  reader.skip(kSignature2.size());
  const std::uint8_t versionAndCommand = reader.u8();
  const std::uint8_t family = reader.u8();
  const std::size_t length = reader.u16();
  if (!reader.ok()) return {State::NeedMore, 0, {}};
  if (versionAndCommand >> 4 != 2 || (versionAndCommand & 15) > 1) return bad();
  const std::size_t size = kSignature2.size() + 4 + length;
  if (size > ProxyHeader::kMaxSize) return bad();
  if (bytes.size() < size) return {State::NeedMore, 0, {}};
  ProxyHeader out{State::Done, size, {}};
  if ((versionAndCommand & 15) == 0) return out;  // LOCAL: the proxy's own health check
  ByteReader addresses(bytes.subspan(kSignature2.size() + 4, length));
  if (family == 0x11) {  // TCP over IPv4
    const std::uint32_t source = addresses.u32();
    addresses.skip(4);
    out.source = Address(IpAddress::v4(source), addresses.u16());
  } else if (family == 0x21) {  // TCP over IPv6
    std::array<std::uint8_t, 16> source{};
    const ConstBytes raw = addresses.bytes(16);
    std::copy(raw.begin(), raw.end(), source.begin());
    addresses.skip(16);
    out.source = Address(IpAddress::v6(source), addresses.u16());
  } else if (family != 0) {
    return bad();  // nothing else comes over TCP
  }
  return addresses.ok() ? out : bad();
}

}  // namespace

ProxyHeader parseProxyHeader(ConstBytes bytes) {
  const std::string_view text = asText(bytes);
  if (mayBegin(text, kSignature2)) {
    if (text.size() < kSignature2.size()) return {State::NeedMore, 0, {}};
    return parseVersion2(bytes);
  }
  if (mayBegin(text, kSignature1)) {
    if (text.size() < kSignature1.size()) return {State::NeedMore, 0, {}};
    return parseVersion1(text);
  }
  return bad();
}

}  // namespace parley::server
