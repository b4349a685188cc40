// What a Sender or a Receiver wants done on its channel.
#pragma once

#include <string>
#include <variant>

#include "base/time.h"
#include "files/wire.h"

namespace parley::files {

// Nothing moved where something was due.
inline constexpr Duration kStall = 60s;
// A person thinks about an offer.
inline constexpr Duration kPatience = 10min;

struct SendText {
  std::string text;
};
struct CloseChannel {};
// The receiver has verified it: the file is over there.
struct Delivered {};
// A file is offered: accept() or reject() it.
struct Offered {
  Offer offer;
};
// All bytes are there and the hash fits: give the file its name, then call named().
struct Complete {};
// The end of this attempt without success. `byPeer`: the other side said so.
struct Failed {
  Reason reason = Reason::Cancelled;
  bool byPeer = false;
  // Neither side gave up: the channel broke, and the file may be offered again (section 6.6).
  bool mayResume = false;
  // The hash did not fit (Reason is BadMessage then): what is stored is worthless.
  bool corrupt = false;
};

using Effect = std::variant<SendText, CloseChannel, Delivered, Offered, Complete, Failed>;

}  // namespace parley::files
