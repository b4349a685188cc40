// The credentials of a generation and the keys made of them once: requests that come in and their
// answers are protected by our password, requests that go out and theirs by the other side's
// (RFC 8445 section 7.2.2).
#pragma once

#include <optional>

#include "crypto/hmac.h"
#include "ice/credentials.h"

namespace parley::ice {

struct Keys {
  Credentials local;
  crypto::HmacKey localKey;
  std::optional<Credentials> remote;
  std::optional<crypto::HmacKey> remoteKey;
  // Of the requests that go out: their ufrag, ours.
  std::string username;

  explicit Keys(Credentials own)
      : local(std::move(own)), localKey(crypto::HmacAlgorithm::Sha1, asBytes(local.password)) {}
  void setRemote(const Credentials& theirs) {
    remote = theirs;
    remoteKey.emplace(crypto::HmacAlgorithm::Sha1, asBytes(theirs.password));
    username = theirs.ufrag + ":" + local.ufrag;
  }
};

}  // namespace parley::ice
