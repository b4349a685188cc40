// Joins a room of `parley serve`, and gives back to everybody in it what they say on a data
// channel. Give it the same address as a browser: https://HOST/r/ROOM
#include <cstdio>

#include "parley/parley.h"

int main(int argc, char** argv) {
  parley::Room room;
  room.onmember([](parley::Member member) {
    std::printf("%s is here\n", member.name().c_str());
    member.connection().ondatachannel([](parley::DataChannel channel) {
      channel.onmessage([channel](const parley::Message& m) mutable {
        (m.isText ? channel.send(m.text()) : channel.send(m.data)).ignore();
      });
    });
  });
  room.join(argc > 1 ? argv[1] : "http://localhost:8080/r/echo", {.name = "echo"}).get().value();
  std::getchar();  // until Enter
}
