// SignalSocket: one WebSocket to the server on a shard's loop: looks the name up, connects with or
// without TLS (each address in turn), shakes hands, and hands texts up. When it has ended it is to
// be thrown away. All on the shard's thread; its owner does not destroy it within its calls.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/shard.h"
#include "driver/outgoing_stream.h"
#include "driver/resolver.h"
#include "room/room_url.h"
#include "room/websocket.h"

namespace parley::room {

class SignalSocket final : private driver::OutgoingStream::Owner {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void handleSocketOpened() = 0;
    virtual void handleSocketText(std::string text) = 0;
    // Once. `why`: in words, for people.
    virtual void handleSocketClosed(std::uint16_t code, int httpStatus, const std::string& why) = 0;
  };

  SignalSocket(api::Shard& shard, Owner& owner, const RoomUrl& url,
               std::shared_ptr<driver::TlsContext> tls, RandomSource& random);
  ~SignalSocket() override;
  SignalSocket(const SignalSocket&) = delete;
  SignalSocket& operator=(const SignalSocket&) = delete;

  void sendText(std::string_view text);
  // Says good-bye, and says nothing more to the owner.
  void close(std::uint16_t code);

 private:
  void handleStreamOpened(driver::OutgoingStream& stream) override;
  void handleStreamBytes(driver::OutgoingStream& stream, Bytes bytes) override;
  void handleStreamFailed(driver::OutgoingStream& stream, const Error& error) override;
  void connectNext(const std::string& lastError);
  void flush();
  void ended(std::uint16_t code, int httpStatus, const std::string& why);

  api::Shard& shard_;
  Owner* owner_;
  const RoomUrl url_;
  const std::shared_ptr<driver::TlsContext> tls_;
  WebSocket socket_;
  std::optional<driver::Resolver::Id> lookup_;
  std::vector<IpAddress> addresses_;
  std::size_t nextAddress_ = 0;
  std::unique_ptr<driver::OutgoingStream> stream_;
  bool opened_ = false;
};

}  // namespace parley::room
