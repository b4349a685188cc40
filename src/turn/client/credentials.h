// The client's half of the long-term credential mechanism (RFC 8489 section 9.2): learns realm,
// nonce and algorithm from challenges, signs requests, and says which answers are genuine.
//
// What a server's nonce cookie announces is held against what the challenge carries (section
// 9.2.5), so that nobody on the path can talk us down from SHA-256 to MD5. The user name goes out
// hashed where the server offers it. Names and passwords are taken byte for byte, as
// stun/long_term.h says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crypto/hmac.h"
#include "stun/long_term.h"
#include "stun/message.h"
#include "stun/message_writer.h"

namespace parley::turn::client {

// RFC 8489 sections 14.9 and 14.10: fewer than 128 characters, which are at most 763 bytes.
inline constexpr std::size_t kMaxRealm = 763;
inline constexpr std::size_t kMaxNonce = 763;
inline constexpr std::size_t kMaxUsername = 508;      // section 14.3
inline constexpr std::size_t kMaxAlgorithmList = 64;  // ours: sixteen algorithms without parameters

class Credentials {
 public:
  enum class Challenge : std::uint8_t {
    Accepted,     // repeat the request, signed with what was learnt
    Refused,      // the same name and password were refused before: another try changes nothing
    Tampered,     // the nonce promises password algorithms that the answer does not list
    Unsupported,  // the server knows no algorithm of ours
    Malformed,    // no realm or nonce, or one that is too long
  };

  Credentials(std::string username, std::string password)
      : username_(std::move(username)), password_(std::move(password)) {}
  ~Credentials();
  Credentials(Credentials&&) noexcept = default;
  Credentials& operator=(Credentials&&) noexcept = default;

  // A 401 or 438. `wasSigned`: the request that it answers carried credentials.
  Challenge handleChallenge(const stun::Message& answer, std::uint16_t code, bool wasSigned);

  bool canSign() const { return key_.has_value(); }
  // The attributes of an authenticated request, its integrity last.
  void sign(stun::MessageWriter& w);
  // Whether an answer to a signed request is the server's own (section 9.2.5).
  bool isGenuine(const stun::Message& answer);

  const std::string& realm() const { return realm_; }
  // Of the key; SHA-256 also says that requests are signed with MESSAGE-INTEGRITY-SHA256.
  stun::PasswordAlgorithm algorithm() const { return algorithm_; }

 private:
  void makeKey();

  std::string username_;
  std::string password_;
  std::string realm_;
  std::string nonce_;
  std::vector<std::uint8_t> offered_;  // PASSWORD-ALGORITHMS as the server sent it
  stun::PasswordAlgorithm algorithm_ = stun::PasswordAlgorithm::Md5;
  bool hashesName_ = false;
  std::optional<crypto::HmacKey> key_;
};

}  // namespace parley::turn::client
