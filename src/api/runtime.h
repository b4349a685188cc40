// The library's threads: shards, made when the first connection needs them and stopped when the
// process ends. Connections take them in turn.
#pragma once

#include <cstddef>

namespace parley::dtls {
class Context;
}

namespace parley::api {

class Shard;

// The next shard in turn.
Shard& pickShard();
// One for all connections.
dtls::Context& dtlsContext();

}  // namespace parley::api
