// Any text as a signalling message. What the scanner takes must be JSON for nlohmann, too, and what
// it refuses must not be, but for its own limits; what parses must be written so that it reads
// back.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/check.h"
#include "signal/json_scan.h"
#include "signal/message.h"
#include "signal/names.h"

namespace {

using parley::signal::scanJsonObject;

// Reasons that are ours, not JSON's; and numbers that JSON allows and nlohmann cannot hold.
bool onPurpose(std::string_view why, const nlohmann::json& theirs) {
  return !theirs.is_object() || why.find("too ") != std::string_view::npos ||
         why.find("twice") != std::string_view::npos ||
         why.find("escape") != std::string_view::npos;
}

void compare(std::string_view text) {
  const auto ours = scanJsonObject(text);
  if (ours.ok()) {
    // A number out of a double's range is the one thing that nlohmann refuses and we pass on.
    const bool hugeNumber = text.find_first_of("eE") != std::string_view::npos || text.size() > 300;
    PARLEY_CHECK(hugeNumber || nlohmann::json::accept(text));
    return;
  }
  // nlohmann skips a byte order mark and takes a NUL for the end of the text.
  if (text.substr(0, 3) == "\xef\xbb\xbf" || text.find('\0') != std::string_view::npos) return;
  // Deep text only after our own bound has refused it: nlohmann's parser keeps a heap stack.
  if (std::string_view(ours.error()).find("too deep") != std::string_view::npos) return;
  PARLEY_CHECK(onPurpose(ours.error(), nlohmann::json::parse(text, nullptr, false)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  compare(text);
  const auto message = parley::signal::parseClientMessage(text);
  if (!message.ok()) return 0;
  if (const auto* signal = std::get_if<parley::signal::SignalMessage>(&message->body)) {
    const std::string relayed = parley::signal::writeSignal({1, 2}, {}, signal->data);
    PARLEY_CHECK(scanJsonObject(relayed).ok());
  }
  if (const auto* ping = std::get_if<parley::signal::PingMessage>(&message->body)) {
    PARLEY_CHECK(scanJsonObject(parley::signal::writePong(ping->echo)).ok());
  }
  if (const auto* join = std::get_if<parley::signal::JoinMessage>(&message->body)) {
    static_cast<void>(parley::signal::foldRoom(join->room));
    if (const auto name = parley::signal::cleanName(join->name)) {
      PARLEY_CHECK(parley::signal::cleanName(*name) == name);
      const std::string told = parley::signal::writePeerJoined({1, {}}, {{}, 1, *name}, false);
      PARLEY_CHECK(nlohmann::json::parse(told).at("peer").at("name") == *name);
    }
  }
  return 0;
}
