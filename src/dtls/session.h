// One end of a DTLS association (RFC 6347 as RFC 8827 and RFC 8842 use it) without a socket, a
// clock or a thread: datagrams, time and plaintext go in; datagrams, plaintext and events come out.
//
// OpenSSL does the handshake. After it the keys are taken over: records are sealed and opened here
// (RecordProtection), OpenSSL's objects are freed, and a session costs a few KiB. The last flight
// stays answerable. Sequence numbers and nonces go on behind those that OpenSSL used.
//
//   s.start(now, roundTrip);                    // a client only once it has a path that works
//   s.handleDatagram(bytes, now);               // then, before the next call:
//   while (auto data = s.nextApplicationData()) // plaintext, in place in `bytes`
//     ...
//   n = s.seal(plaintext, room);                // one datagram to send
//   drain: pollDatagram() until 0, pollEvent() until empty, after any call
//
// Not a byte of application data passes in either direction before the peer's certificate matched
// one of the fingerprints announced for it (RFC 8122 section 5). The fingerprints may come after
// the handshake: until then the peer's first records are kept, at most kMaxEarlyRecords of them.
//
// What is wrong with a record (rubbish, a wrong epoch, a replay, a forgery) drops that record and
// counts (stats().rejected). A failure is an event and terminal: input is ignored afterwards.
// Movable; one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/fingerprint.h"
#include "crypto/identity.h"
#include "dtls/context.h"
#include "dtls/datagram_queue.h"
#include "dtls/record_protection.h"
#include "dtls/types.h"

namespace parley::dtls {

class Handshake;
struct HandshakeResult;

struct SessionConfig {
  Role role = Role::Client;
  crypto::Identity identity;
  // Any one that matches will do; may be empty and come later.
  std::vector<crypto::Fingerprint> remoteFingerprints;
  // In the order of preference; empty: SRTP is not negotiated.
  std::vector<SrtpProfile> srtpProfiles;
  // The largest datagram of a handshake, in bytes of UDP payload.
  std::size_t mtu = 1200;
};

struct SessionStats {
  std::uint64_t recordsSent = 0;      // of application data
  std::uint64_t bytesSent = 0;        // plaintext
  std::uint64_t recordsReceived = 0;  // of application data
  std::uint64_t bytesReceived = 0;
  std::uint64_t rejected = 0;         // records dropped: malformed, wrong epoch, replayed, forged
  std::uint32_t retransmissions = 0;  // flights sent again
};

class Session {
 public:
  using Event = std::variant<Connected, Failed, Closed>;

  // RFC 6347 section 4.2.4.1 lets the environment choose: a second, OpenSSL's default, is what a
  // lost flight would cost.
  static constexpr Duration kMinRetransmission = 50ms;
  static constexpr Duration kMaxRetransmission = 3s;
  static constexpr std::size_t kMaxEarlyRecords = 16;
  static constexpr std::size_t kMaxEarlyRecord = 2048;  // bytes; longer ones are not kept
  static constexpr std::size_t kMaxPlaintext = 16'384;  // RFC 5246 section 6.2.1
  static constexpr std::size_t kMaxHeadroom = kRecordHeader + 8;
  static constexpr std::size_t kMaxOverhead = kMaxHeadroom + kTagSize;

  Session(SessionConfig config, Context& context);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // From here on the handshake runs; a client sends its ClientHello. roundTrip: ICE's measure of
  // the path, zero when there is none.
  void start(Time now, Duration roundTrip);
  // Announced by the other side's description. Comes before or after the handshake; an empty list
  // says nothing.
  void setRemoteFingerprints(std::vector<crypto::Fingerprint> fingerprints, Time now);
  // Sends close_notify when there is somebody to hear it. No event.
  void close(Time now);

  void handleDatagram(Bytes datagram, Time now);
  // The next plaintext; valid until the next call of any verb. Empty optional: no more.
  std::optional<Bytes> nextApplicationData();

  // One datagram of ours besides application data; 0: none now. room must hold the MTU.
  std::size_t pollDatagram(Bytes room, Time now);
  // One record with `plaintext`, written to `room`; its length. The plaintext may already lie in
  // room behind headroom() bytes: then nothing is copied. Closed before Connected and after the
  // end, Limit when room is smaller than plaintext and overhead() together.
  Result<std::size_t> seal(ConstBytes plaintext, Bytes room);
  // Bytes of a record before its plaintext, and before and after it together. Known when Connected;
  // before that, those of the suite that needs most.
  std::size_t headroom() const;
  std::size_t overhead() const;

  Time nextTimeout() const;
  void handleTimeout(Time now);
  std::optional<Event> pollEvent();

  State state() const { return state_; }
  Role role() const { return config_.role; }
  // Of the finished handshake; empty before.
  std::string_view cipherSuite() const { return cipherSuite_; }  // IANA's name
  static constexpr std::string_view kVersion = "DTLS 1.2";
  ConstBytes remoteCertificate() const { return remoteCertificate_; }  // DER
  // Once Connected, when a profile was negotiated; they stay ours until close().
  std::optional<SrtpKeys> exportSrtpKeys() const;
  const SessionStats& stats() const { return stats_; }

 private:
  void handleRecord(const RecordView& record, Time now);
  void afterHandshakeStep();
  void takeOver();
  void verifyPeer();
  void becomeConnected();
  void fail(Failed failure);
  void keepEarly(const RecordView& record);
  std::optional<Bytes> openRecord(const RecordView& record);
  void handleHandshakeMessage(ConstBytes message);
  void handleAlert(ConstBytes alert);
  void resendFinalFlight();
  void sendProtected(ContentType type, ConstBytes content, std::vector<std::uint8_t>& datagram);
  void sendAlert(std::uint8_t level, AlertCode alert);
  void end(State state);

  SessionConfig config_;
  Context* context_;
  State state_ = State::New;
  std::unique_ptr<Handshake> handshake_;  // until the keys are taken over
  std::optional<RecordProtection> records_;
  std::uint64_t nextPlainSequence_ = 0;                        // of epoch 0
  std::optional<std::array<std::uint8_t, 24>> finalFinished_;  // ours, when ours is the last flight
  std::vector<std::uint8_t> remoteCertificate_;
  std::string_view cipherSuite_;
  SrtpKeys srtpKeys_;
  DatagramQueue out_;
  std::vector<std::vector<std::uint8_t>> early_;
  std::vector<std::uint8_t> earlyNow_;  // the kept record that is being read
  Bytes unread_;                        // of the datagram that is being read
  std::vector<Event> events_;
  SessionStats stats_;
};

}  // namespace parley::dtls
