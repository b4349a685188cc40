// What a server may answer a WebSocket client: no crash, the same events and the same output
// however the bytes are cut, one end at most and nothing after it, and no words or texts that are
// not UTF-8. The first byte chooses: bit 0 puts a right handshake before the bytes, bit 1 closes
// before them, the rest is the size of the pieces.
#include <algorithm>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/check.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "room/websocket.h"

namespace {

using namespace parley;
using room::WebSocket;

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = readUtf8(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string answerTo(const std::string& request) {
  const std::string name = "Sec-WebSocket-Key: ";
  const std::size_t begin = request.find(name) + name.size();
  const std::string key = request.substr(begin, request.find("\r\n", begin) - begin);
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         base64Encode(crypto::sha1(asBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))) +
         "\r\n\r\n";
}

struct Run {
  std::vector<std::string> events;
  std::string output;
  bool opened = false;
  bool ended = false;
};

void check(const WebSocket::Event& event, Run& run) {
  PARLEY_CHECK(!run.ended);
  if (std::holds_alternative<WebSocket::Opened>(event)) {
    PARLEY_CHECK(!run.opened);
    run.opened = true;
    run.events.emplace_back("opened");
  } else if (const auto* text = std::get_if<WebSocket::Text>(&event)) {
    PARLEY_CHECK(run.opened && text->text.size() <= WebSocket::kMaxMessage && isUtf8(text->text));
    run.events.push_back("text:" + text->text);
  } else if (const auto* closed = std::get_if<WebSocket::Closed>(&event)) {
    PARLEY_CHECK(isUtf8(closed->reason));
    PARLEY_CHECK(std::none_of(closed->reason.begin(), closed->reason.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20) || c == '\x7f';
    }));
    PARLEY_CHECK(closed->httpStatus == 0 || !run.opened);
    run.ended = true;
    run.events.push_back("closed:" + std::to_string(closed->code) + ":" + closed->reason);
  }
}

Run feed(ConstBytes bytes, std::uint8_t choice, std::size_t step) {
  Run run;
  SeededRandom random(1);
  WebSocket socket("example.org", "/signal", random);
  const std::string request = socket.takeOutput();
  if ((choice & 1) != 0) socket.feed(asBytes(answerTo(request)));
  if ((choice & 2) != 0) socket.close(1000);
  for (std::size_t at = 0; at < bytes.size(); at += step)
    socket.feed(bytes.subspan(at, std::min(step, bytes.size() - at)));
  while (const auto event = socket.pollEvent())
    check(*event, run);
  socket.sendText("after");
  run.output = socket.takeOutput();
  if (run.ended) {
    socket.sendText("later");
    socket.close(1000);
    PARLEY_CHECK(socket.takeOutput().empty());
  }
  return run;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ConstBytes bytes(data + 1, size - 1);
  const Run whole = feed(bytes, data[0], bytes.size() + 1);
  const Run pieces = feed(bytes, data[0], std::size_t{1} + (data[0] >> 2));
  // A head too large may be seen as such before its end is.
  if (!whole.opened && size > WebSocket::kMaxHead) return 0;
  PARLEY_CHECK(whole.events == pieces.events);
  PARLEY_CHECK(whole.output == pieces.output);
  return 0;
}
