// Messages of a file's channel: whatever is understood is written so that it is understood alike,
// and a receiver that gets them stays within its rules.
#include "base/check.h"
#include "files/names.h"
#include "files/receiver.h"

using namespace parley;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto message = files::parseMessage(text);
  if (message) {
    const auto again = files::parseMessage(files::writeMessage(*message));
    PARLEY_CHECK(again && *again == *message);
    if (const auto* offer = std::get_if<files::Offer>(&*message)) {
      PARLEY_CHECK(files::isAllowedName(offer->name));
      for (const std::string& part : offer->path)
        PARLEY_CHECK(files::isAllowedName(part) && part.find('/') == std::string::npos);
      files::Receiver receiver(offer->id, Time{});
      receiver.handleText(text, Time{});
      receiver.accept(0, crypto::Sha256(), files::kUsualWindow, Time{});
      const ConstBytes kept = receiver.handleBinary({data, size}, Time{});
      if (!receiver.over()) receiver.stored(kept.size());
      receiver.handleText(text, Time{});
      PARLEY_CHECK(receiver.over() && receiver.stored() <= offer->size);
    }
  }
  PARLEY_CHECK(files::isAllowedName(files::allowedName(text)));
  if (files::isAllowedName(text)) {
    PARLEY_CHECK(files::allowedName(text) == text);
    PARLEY_CHECK(files::numberedName(text, 3).size() <= files::kMaxNameBytes);
  }
  return 0;
}
