// The signalling hub on a simulated host, driven as server/http drives it: streams are opened and
// closed, texts come in, effects go out.
#pragma once

#include <map>
#include <set>

#include "signal/hub.h"
#include "sim/host.h"
#include "tests/sim/seeds.h"
#include "tests/sim/text_stream.h"

namespace parley::sim::test {

class RoomServerHost final : public StreamUser {
 public:
  RoomServerHost(Host& host, const Address& listener);
  ~RoomServerHost() override { host_.tcp().leave(*this); }

  signal::Hub& hub() { return hub_; }
  std::size_t streams() const { return streams_.size(); }
  // Something between resets the newest stream from there, as both ends see it.
  void reset(const IpAddress& remote);

  const Failures& failures() const { return failures_; }

  void onStreamOpened(const Path& path) override;
  void onStreamData(const Path& path, Bytes bytes) override;
  void onStreamClosed(const Path& path, StreamEnd why) override;

 private:
  struct Stream {
    Path path;
    TextFramer framer;
    bool closing = false;
  };
  static signal::ConnectionId idOf(LinkId link) { return signal::ConnectionId{link.value()}; }
  WallTime wall() const {
    return wallTimeFromUnixSeconds(1'790'000'000) + host_.events().now().time_since_epoch();
  }
  void gone(LinkId link);
  void drain();
  void send(const signal::SendText& effect);
  void close(const signal::CloseConnection& effect);

  Host& host_;
  SeededRandom random_;
  signal::MemoryRoomDirectory rooms_;
  signal::Hub hub_;
  Alarm alarm_;
  std::map<LinkId, Stream> streams_;
  Failures failures_;
};

}  // namespace parley::sim::test
