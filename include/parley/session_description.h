// RTCSessionDescription and RTCSessionDescriptionInit (webrtc-pc section 4.7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley {

enum class SdpType : std::uint8_t { Offer, Pranswer, Answer, Rollback };

std::string_view toString(SdpType type);  // "offer"
std::optional<SdpType> sdpTypeOf(std::string_view text);

struct SessionDescription {
  SdpType type = SdpType::Offer;
  std::string sdp{};  // empty with Rollback
  friend bool operator==(const SessionDescription&, const SessionDescription&) = default;
};

}  // namespace parley
