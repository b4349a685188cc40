// Base64 and base64url of RFC 4648 (sections 4 and 5), and hexadecimal. Decoding is strict: no
// white space, no characters after padding, no stray bits; base64url is without padding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace parley {

std::string base64Encode(ConstBytes data);
std::string base64UrlEncode(ConstBytes data);
std::optional<std::vector<std::uint8_t>> base64Decode(std::string_view text);
std::optional<std::vector<std::uint8_t>> base64UrlDecode(std::string_view text);

std::string hexEncode(ConstBytes data);
std::optional<std::vector<std::uint8_t>> hexDecode(std::string_view text);

}  // namespace parley
