// A member of a room on a simulated host: a client of docs/signalling.md that connects, notices
// that its stream is dead (by the stream, or by a ping without answer) and comes back.
#pragma once

#include <map>
#include <string>

#include "sim/host.h"
#include "tests/sim/text_stream.h"
#include "tests/unit/signal/sim_client.h"

namespace parley::sim::test {

class RoomClientHost final : public StreamUser {
 public:
  // Section 11 of the document: within 10 s after a ping something must be heard.
  static constexpr Duration kPingAfter = 5s;
  static constexpr Duration kDeadAfter = 10s;

  RoomClientHost(Host& host, const IpAddress& local, const Address& server,
                 const std::string& inRoom, const std::string& name)
      : room(inRoom),
        client(inRoom, name),
        host_(host),
        local_(local),
        server_(server),
        random_(host.network().nextSeed()),
        alarm_(host.events(), [this] { tick(); }) {
    connect();
    alarm_.set(now() + 1s);
  }
  ~RoomClientHost() override { host_.tcp().leave(*this); }

  std::string room;
  signal::test::SimClient client;
  std::map<std::string, int> said;  // by the id of whom it was said to

  void say(const std::string& to) { client.signal(to, {{"n", said[to]++}}); }
  // Breaks the stream off and comes back at once.
  void abort() {
    drop();
    connect();
  }
  void leaveRoom() {
    alarm_.stop();
    if (stream_) send(R"({"type":"leave"})");
    stopping_ = true;
  }

  void onStreamOpened(const Path& path) override {
    if (!stream_ || path.link != *stream_) return;
    heardAt_ = now();
    client.connected([this](const std::string& text) { send(text); });
  }
  void onStreamData(const Path& path, Bytes bytes) override {
    if (!stream_ || path.link != *stream_) return;
    heardAt_ = now();
    pinged_ = false;
    framer_.append(bytes);
    while (const auto text = framer_.next())
      client.receive(*text);
  }
  void onStreamClosed(const Path& path, StreamEnd) override {
    if (!stream_ || path.link != *stream_) return;
    drop();
    if (!stopping_) comeBackLater();
  }

 private:
  Time now() const { return host_.events().now(); }
  void send(const std::string& text) {
    if (!stream_) return;
    sentAt_ = now();
    host_.tcp().send(*stream_, TextFramer::frame(text));
  }
  void connect() {
    const Address from{local_, host_.freePort(local_)};
    heardAt_ = sentAt_ = now();
    pinged_ = true;  // the connection itself must be answered
    const auto path = host_.tcp().connect(from, server_, *this);
    if (path.ok()) stream_ = path->link;
  }
  void drop() {
    if (!stream_) return;
    const LinkId old = *stream_;
    stream_.reset();
    framer_ = {};
    client.connected(nullptr);
    host_.tcp().abort(old);
  }
  void comeBackLater() {
    host_.events().after(Duration{static_cast<std::int64_t>(random_.below(2'000'000'000))}, [this] {
      if (!stream_ && !stopping_) connect();
    });
  }
  void tick() {
    alarm_.set(now() + 1s);
    client.acknowledgeWhatIsDue();
    if (!stream_) return;
    if (pinged_ && now() - std::max(heardAt_, sentAt_) >= kDeadAfter) {
      drop();
      return comeBackLater();
    }
    if (!pinged_ && client.online() && now() - heardAt_ >= kPingAfter) {
      send(R"({"type":"ping"})");
      pinged_ = true;
    }
  }

  Host& host_;
  IpAddress local_;
  Address server_;
  SeededRandom random_;
  Alarm alarm_;
  TextFramer framer_;
  std::optional<LinkId> stream_;
  Time heardAt_{};
  Time sentAt_{};
  bool pinged_ = false;
  bool stopping_ = false;
};

}  // namespace parley::sim::test
