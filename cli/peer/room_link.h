// Where to meet: a room's link among the words of a verb, a default server, or a server of our own
// for as long as the verb runs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace parley::cli {

struct RoomLink {
  std::string url;  // https://HOST/r/ROOM, without the pin
  std::string pin;  // of the server's certificate, from #pin=…; empty: none
};

// Whether a word is a link (http, https, ws or wss).
bool isLink(std::string_view word);
// Takes "#pin=…" off; other fragments (a token) stay.
RoomLink parseLink(std::string_view link);

// Three pronounceable words, as the page makes them: 39 bits from the system's randomness.
std::string randomRoom();

// `parley serve --lan` as a child of ours, ended with us.
class TemporaryServer {
 public:
  // Waits until it is ready; the error says why it is not.
  static Result<std::unique_ptr<TemporaryServer>, std::string> start();
  ~TemporaryServer();
  TemporaryServer(const TemporaryServer&) = delete;
  TemporaryServer& operator=(const TemporaryServer&) = delete;

  const std::string& address() const { return address_; }          // "https://192.0.2.2:38015"
  const std::string& fingerprint() const { return fingerprint_; }  // empty: no TLS

 private:
  TemporaryServer() = default;
  int process_ = -1;
  int output_ = -1;
  std::string address_;
  std::string fingerprint_;
};

// The place to meet, and the server that is ours if there is one.
struct Meeting {
  RoomLink link;
  std::unique_ptr<TemporaryServer> server;
};
// `link`: the one among the words, if any. Then $PARLEY_SERVER with a new room, then a server of
// our own. A new room's link and QR code are said on standard error: somebody else needs them.
Result<Meeting, std::string> meet(const std::optional<std::string>& link, const char* otherVerb);

}  // namespace parley::cli
