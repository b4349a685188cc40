// A verb in a room: joins it, greets each member as docs/peer-messages.md has it, and tells the
// verb what it can do with whom. Everything runs on the MainLoop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/peer/main_loop.h"
#include "cli/peer/output.h"
#include "cli/peer/room_link.h"
#include "parley/room.h"

namespace parley::cli {

class Arguments;

// What the verbs that join a room have in common on their command line.
struct PartyOptions {
  std::string name;
  std::string token;
  std::string tlsCa;   // file
  std::string tlsPin;  // SHA-256
  std::string relay;   // "", "any", "udp", "tcp", "tls"
  bool json = false;
  bool verbose = false;
  void declare(Arguments& arguments);
  // What is wrong with them, or nothing.
  std::optional<std::string> problem() const;
};

struct Partner {
  Member member;
  std::string id;
  std::string name;
  PeerConnection connection;
  DataChannel chat;
  std::set<std::string> features;  // of its hello
  bool greeted = false;            // its hello has come, or was waited for long enough
  bool connected = false;
  std::string path;  // "direct, UDP, 12 ms"; empty until known
};

class Party {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // Connected and greeted; also again after it came back with a new connection.
    virtual void handleReady(Partner& partner) = 0;
    virtual void handleChannel(Partner& partner, DataChannel channel);  // not chat and events
    virtual void handleText(Partner& partner, const std::string& text);
    virtual void handleLost(Partner& partner) = 0;  // its channels are gone; it may come back
    virtual void handleLeft(Partner& partner) = 0;
  };

  // features: what our hello names.
  Party(MainLoop& loop, Output& output, Listener& listener, std::vector<std::string> features);
  ~Party();
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;

  // Ends the loop itself when the room refuses or a member cannot be reached.
  void join(const RoomLink& link, const PartyOptions& options);
  void leave();
  // A line of chat to all; keeps what has not been answered for a partner that comes back.
  void say(const std::string& text);

  // Lines that a partner who is here has not confirmed.
  std::size_t unanswered() const;

  std::vector<Partner*> partners();
  void refreshPath(Partner& partner);  // asks for the statistics

 private:
  struct Unanswered {
    std::string id;
    std::string message;
  };
  void meet(Member member);
  void takeChannel(const std::string& id, DataChannel channel);
  void takeChat(const std::string& id, DataChannel channel);
  void chatMessage(const std::string& id, const Message& message);
  void greeted(const std::string& id);
  void stateChanged(const std::string& id, PeerConnectionState state);
  void becameReady(Partner& partner);
  void failed(Partner& partner);
  void refused(const RtcError& error);
  Partner* find(const std::string& id);

  MainLoop& loop_;
  Output& output_;
  Listener& listener_;
  std::vector<std::string> features_;
  std::optional<Room> room_;
  std::map<std::string, std::unique_ptr<Partner>> partners_;
  std::map<std::string, std::vector<Unanswered>> unanswered_;  // by partner's id
  std::set<std::string> seen_;                                 // texts shown: partner's id / id
  std::uint64_t lastText_ = 0;
};

}  // namespace parley::cli
