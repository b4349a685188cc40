// The W3C's names of the states (webrtc-pc sections 4.3.1, 5.5.1, 5.6).
#include "peer/events.h"

namespace parley::peer {

std::string_view name(GatheringState s) {
  static constexpr std::string_view kNames[] = {"new", "gathering", "complete"};
  return kNames[static_cast<std::size_t>(s)];
}
std::string_view name(IceState s) {
  static constexpr std::string_view kNames[] = {
      "new", "checking", "connected", "completed", "disconnected", "failed", "closed"};
  return kNames[static_cast<std::size_t>(s)];
}
std::string_view name(DtlsState s) {
  static constexpr std::string_view kNames[] = {"new", "connecting", "connected", "closed",
                                                "failed"};
  return kNames[static_cast<std::size_t>(s)];
}
std::string_view name(SctpState s) {
  static constexpr std::string_view kNames[] = {"connecting", "connected", "closed"};
  return kNames[static_cast<std::size_t>(s)];
}
std::string_view name(ConnectionState s) {
  static constexpr std::string_view kNames[] = {"new",          "connecting", "connected",
                                                "disconnected", "failed",     "closed"};
  return kNames[static_cast<std::size_t>(s)];
}

}  // namespace parley::peer
