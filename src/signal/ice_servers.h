// The ICE servers that a member is told of, and the credentials for them.
//
// The hub asks an IceServerMinter at each welcome and before credentials expire. RestCredentials
// is the REST form that TURN servers know (draft-uberti-behave-turn-rest): the user name is
// "EXPIRY:USERID", the password base64(HMAC-SHA1(secret, user name)).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong_id.h"
#include "base/time.h"
#include "signal/id.h"

namespace parley::signal {

using ConnectionId = StrongId<struct ConnectionIdTag, std::uint64_t>;

// One RTCIceServer. Without credentials both strings are empty.
struct IceServer {
  std::vector<std::string> urls;
  std::string username;
  std::string credential;
};

struct IceServerList {
  std::vector<IceServer> servers;
  Duration ttl{};  // life of the credentials; 0: they do not expire
};

struct IceRequest {
  ConnectionId connection;  // the driver may know by which name the client came
  MemberId member;
  bool relay = true;  // false: STUN only
};

using IceServerMinter = std::function<IceServerList(const IceRequest&, WallTime)>;

struct RestCredential {
  std::string username;
  std::string credential;
};
RestCredential mintRestCredential(std::string_view secret, std::string_view userId,
                                  WallTime expiry);

}  // namespace parley::signal
