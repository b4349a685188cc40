// Talks to the call page in ten lines: says hello to who opens a chat, and answers what is said
// (docs/peer-messages.md, sections 2 and 3).
#include <iostream>
#include <thread>

#include "parley/parley.h"

using namespace parley;

void talk(DataChannel chat) {
  if (chat.label() != "chat") return;
  auto say = [chat](const std::string& text) mutable {
    static int n = 0;
    chat.send(R"({"v":1,"type":"text","id":"m)" + std::to_string(++n) + R"(","at":0,"text":")" +
              text + "\"}")
        .ignore();
  };
  chat.onopen([chat, say]() mutable {
    chat.send(R"({"v":1,"type":"hello","agent":"room_chat/1","features":["chat"]})").ignore();
    say("hello from C++");
  });
  chat.onmessage([](const Message& m) { std::cout << m.text() << std::endl; });
}

int main(int argc, char** argv) {
  Room room;
  room.onmember([](Member member) {
    std::cout << member.name() << " is here" << std::endl;
    PeerConnection connection = member.connection();
    connection.onconnectionstatechange([name = member.name()](PeerConnectionState state) {
      std::cout << name << ": " << toString(state) << std::endl;
    });
    connection.ondatachannel(talk);
    if (member.newcomer())
      talk(connection.createDataChannel("chat", {.protocol = "parley.chat.1"}).value());
  });
  RoomOptions options;
  options.name = argc > 2 ? argv[2] : "C++";
  options.configuration.log = [](LogLevel, std::string_view line) { std::clog << line << '\n'; };
  room.join(argc > 1 ? argv[1] : "http://localhost:8080/r/chat", options).get().value();
  std::cin.get();  // until the input ends
}
