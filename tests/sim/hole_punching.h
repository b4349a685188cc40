// Whether two NATs let their hosts find a direct path, by the rules of RFC 4787 alone: an oracle
// without packets, clocks or ICE. Each side sends to every address of the other that it knows, from
// whatever outer address its mapping gives for that destination, and learns the sources that pass
// its filter; a path works when what was sent to is also where the answer comes from.
#pragma once

#include "tests/sim/peer_world.h"

namespace parley::sim::test {

bool canPunchHoles(const Place& a, const Place& b);

}  // namespace parley::sim::test
