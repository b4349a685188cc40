#include "ice/mdns_name.h"

#include <array>

#include "base/base64.h"

namespace parley::ice {

std::string makeMdnsName(RandomSource& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);  // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);  // variant of RFC 9562
  std::string text = hexEncode(bytes);
  for (const std::size_t at : {8u, 13u, 18u, 23u})
    text.insert(at, 1, '-');
  return text + ".local";
}

}  // namespace parley::ice
