// One end of a TLS connection without a socket, a clock or a thread: ciphertext and plaintext go in
// and out as bytes, and whoever owns the session moves them. Movable; one thread at a time.
//
//   received n bytes:  taken = s.feed(bytes); read until 0; send output(); s.consumeOutput(sent)
//   end of stream:     s.feedEof(), then read as above: a stream cut without close_notify fails
//   to send:           s.write(plaintext); send output()
//
// feed() takes at most kMaxInput unread bytes and write() stops at kMaxOutput unsent ones, so both
// directions are bounded by whoever stops reading or sending. Time-outs (of the handshake too)
// belong to the owner. After any call there may be output to send: the handshake's messages and
// alerts, also those of a failure.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "driver/tls_context.h"

namespace parley::driver {

class TlsSession {
 public:
  enum class State : std::uint8_t {
    Handshake,
    Open,
    PeerClosed,  // close_notify received: nothing more to read, writing is still allowed
    Failed,      // error() says why; terminal
  };
  static constexpr std::size_t kMaxInput = 64 * 1024;
  static constexpr std::size_t kMaxOutput = 256 * 1024;

  // serverName: for a client, the name sent as SNI and looked for in the certificate.
  explicit TlsSession(std::shared_ptr<const TlsContext> context, std::string_view serverName = {});
  ~TlsSession();
  TlsSession(TlsSession&&) noexcept;
  TlsSession& operator=(TlsSession&&) noexcept;

  // How many bytes were taken; fewer than all when kMaxInput wait to be read.
  std::size_t feed(ConstBytes ciphertext);
  void feedEof();

  // Plaintext; 0: none now, state() says whether more can come.
  std::size_t read(Bytes plaintext);
  // How many bytes were taken: 0 before Open, after shutdown() and while kMaxOutput is reached.
  std::size_t write(ConstBytes plaintext);
  // Sends close_notify; reading goes on until the peer's.
  void shutdown();

  ConstBytes output() const;
  void consumeOutput(std::size_t n);

  // Gives back the buffers of an idle session (some 50 KiB); it goes on as before. Does nothing
  // while bytes are waiting.
  void releaseBuffers();
  std::size_t bufferedBytes() const;  // capacity of our own buffers, for tests and metrics

  State state() const;
  const Error& error() const;           // in state Failed only
  std::string_view protocol() const;    // ALPN's choice; empty when there was none
  std::string_view version() const;     // "TLSv1.3"
  std::string_view serverName() const;  // the name the client asked for (SNI); empty without

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::driver
