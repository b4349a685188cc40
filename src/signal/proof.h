// The proof by which a member comes back under its id after a restart of the server
// (docs/signalling.md section 7), and the keyed digests of locked rooms.
//
// A proof is "1.RUN.ID.RIGHTS.EXPIRY.MAC": MAC is HMAC-SHA256 by the server's key over all that
// comes before it, the room and the name. RUN is 64 random bits of the run that made it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"
#include "crypto/hmac.h"
#include "signal/id.h"
#include "signal/rights.h"

namespace parley::signal {

struct Proof {
  MemberId id;
  Rights rights;
  bool ofThisRun = false;
};

class ProofMaker {
 public:
  ProofMaker(ConstBytes serverKey, Duration life, RandomSource& random);

  std::string make(const MemberId& id, Rights rights, std::string_view room,
                   std::string_view memberName, WallTime now);
  // Nothing unless we made it, for this room and name, and it has not expired.
  std::optional<Proof> check(std::string_view text, std::string_view room,
                             std::string_view memberName, WallTime now);

  // Hexadecimal, 32 characters: a name that only this server's key can link to its room.
  std::string roomDigest(std::string_view room);

 private:
  std::string mac(std::string_view signedPart, std::string_view room, std::string_view memberName);

  crypto::HmacKey key_;
  Duration life_;
  std::string run_;
};

}  // namespace parley::signal
