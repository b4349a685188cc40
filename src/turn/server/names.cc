#include "turn/server/counters.h"
#include "turn/server/events.h"

namespace parley::turn {

const char* name(DropCause cause) {
  switch (cause) {
    case DropCause::None:
      return "none";
    case DropCause::NotTurn:
      return "not_turn";
    case DropCause::NoAllocation:
      return "no_allocation";
    case DropCause::Malformed:
      return "malformed";
    case DropCause::NoChannel:
      return "no_channel";
    case DropCause::NoPermission:
      return "no_permission";
    case DropCause::DeniedPeer:
      return "denied_peer";
    case DropCause::OverRate:
      return "over_rate";
    case DropCause::TooLarge:
      return "too_large";
    case DropCause::Overflow:
      return "overflow";
  }
  return "";
}

const char* name(EndReason reason) {
  switch (reason) {
    case EndReason::Deleted:
      return "deleted";
    case EndReason::Expired:
      return "expired";
    case EndReason::ClientClosed:
      return "client_closed";
    case EndReason::Revoked:
      return "revoked";
    case EndReason::RelayFailed:
      return "relay_failed";
    case EndReason::ServerClosed:
      return "server_closed";
  }
  return "";
}

const char* name(CountedMethod method) {
  switch (method) {
    case CountedMethod::Binding:
      return "binding";
    case CountedMethod::Allocate:
      return "allocate";
    case CountedMethod::Refresh:
      return "refresh";
    case CountedMethod::CreatePermission:
      return "create_permission";
    case CountedMethod::ChannelBind:
      return "channel_bind";
    case CountedMethod::Other:
      return "other";
  }
  return "";
}

}  // namespace parley::turn
