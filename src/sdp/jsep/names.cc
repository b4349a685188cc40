#include "sdp/jsep/types.h"

namespace parley::sdp::jsep {

std::string_view name(SdpType type) {
  switch (type) {
    case SdpType::Offer:
      return "offer";
    case SdpType::Pranswer:
      return "pranswer";
    case SdpType::Answer:
      return "answer";
    case SdpType::Rollback:
      return "rollback";
  }
  return "";
}

std::string_view name(SignalingState state) {
  switch (state) {
    case SignalingState::Stable:
      return "stable";
    case SignalingState::HaveLocalOffer:
      return "have-local-offer";
    case SignalingState::HaveRemoteOffer:
      return "have-remote-offer";
    case SignalingState::HaveLocalPranswer:
      return "have-local-pranswer";
    case SignalingState::HaveRemotePranswer:
      return "have-remote-pranswer";
    case SignalingState::Closed:
      return "closed";
  }
  return "";
}

std::string_view name(ErrorName error) {
  switch (error) {
    case ErrorName::InvalidStateError:
      return "InvalidStateError";
    case ErrorName::InvalidAccessError:
      return "InvalidAccessError";
    case ErrorName::InvalidModificationError:
      return "InvalidModificationError";
    case ErrorName::OperationError:
    case ErrorName::SdpSyntaxError:
      return "OperationError";
    case ErrorName::SyntaxError:
      return "SyntaxError";
    case ErrorName::NotSupportedError:
      return "NotSupportedError";
    case ErrorName::TypeError:
      return "TypeError";
    case ErrorName::RangeError:
      return "RangeError";
  }
  return "";
}

}  // namespace parley::sdp::jsep
