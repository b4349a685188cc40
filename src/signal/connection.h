// One socket as the hub sees it, from handleOpened to handleClosed.
#pragma once

#include "base/time.h"
#include "signal/member.h"

namespace parley::signal {

struct Connection {
  // A socket that has not joined may say little.
  static constexpr double kMessagesPerSecond = 1;
  static constexpr double kMessageBurst = 10;

  Connection(ConnectionId connectionId, SourceKey from, Time now)
      : id(connectionId),
        source(from),
        opened(now),
        lastHeard(now),
        messages(kMessagesPerSecond, kMessageBurst, now) {}

  ConnectionId id;
  SourceKey source;
  Time opened;
  Time lastHeard;
  Time scheduled = kNever;
  TokenBucket messages;
  Member* member = nullptr;  // null before `welcome`, and once the connection is closing
  bool closing = false;      // CloseConnection was given; nothing more is read or sent
};

}  // namespace parley::signal
