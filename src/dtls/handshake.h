// The handshake of one session, done by OpenSSL: records of the peer go in, datagrams of ours come
// out, and at its end the keys. Used by Session only.
//
// OpenSSL's clock is hidden here. It keeps the retransmission's deadline in a timeval of which it
// tells its BIO; ours puts that deadline out of reach, keeps its own in `Time`, and when that fires
// lets OpenSSL find its own in the past. So OpenSSL's look at the real clock decides nothing. From
// OpenSSL 3.2 on the BIO is told a copy: there OpenSSL's deadline is set to ours by its callback,
// runs in real time, and is asked again shortly when it lags.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/fingerprint.h"
#include "dtls/context.h"
#include "dtls/datagram_queue.h"
#include "dtls/record_protection.h"
#include "dtls/types.h"

namespace parley::dtls {

struct SessionConfig;

// What a finished handshake leaves. Secret.
struct HandshakeResult {
  TrafficKeys keys;
  std::uint64_t nextSequence = 0;       // of epoch 1, ours
  std::uint64_t nextNonce = 0;          // AES-GCM: behind the last that OpenSSL used
  std::uint64_t nextPlainSequence = 0;  // of epoch 0, ours
  // Our Finished, when ours is the last flight: the peer may ask for it again.
  std::optional<std::array<std::uint8_t, 24>> finalFinished;
  std::vector<std::uint8_t> certificate;  // the peer's, DER
  std::string_view cipherSuite;
  SrtpKeys srtp;
};

class Handshake {
 public:
  enum class Status : std::uint8_t { Running, Done, Failed };

  // What Context's SSL_CTX needs for it: every session's certificate check comes here.
  static void prepare(void* sslCtx);

  Handshake(const SessionConfig& config, Context& context);
  ~Handshake();
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  void start(Time now, Duration firstRetransmission);
  void setFingerprints(std::vector<crypto::Fingerprint> fingerprints);
  void feed(ConstBytes record, Time now);
  Time nextTimeout() const;
  void handleTimeout(Time now);

  Status status() const;
  const Failed& failure() const;  // when Failed
  // When Done, once; empty if OpenSSL could not give them.
  std::optional<HandshakeResult> takeResult();
  DatagramQueue& output();
  std::uint32_t retransmissions() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::dtls
