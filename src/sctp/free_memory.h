// Gives a container's memory back: assigning {} to a vector only empties it.
#pragma once

namespace parley::sctp {

template <class Container>
void freeMemory(Container& c) {
  Container().swap(c);
}

}  // namespace parley::sctp
