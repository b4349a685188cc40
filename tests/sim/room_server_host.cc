#include "tests/sim/room_server_host.h"

#include "base/check.h"

namespace parley::sim::test {
namespace {

signal::HubConfig hubConfig() {
  signal::HubConfig c;
  c.serverKey.assign(32, 7);
  return c;
}

constexpr Duration kPatience = 5s;  // for what was sent before a close

}  // namespace

RoomServerHost::RoomServerHost(Host& host, const Address& listener)
    : host_(host),
      random_(host.network().nextSeed()),
      hub_(
          hubConfig(), random_, rooms_,
          [](const signal::IceRequest&, WallTime) { return signal::IceServerList{}; }, nullptr,
          host.events().now()),
      alarm_(host.events(), [this] {
        hub_.handleTimeout(host_.events().now(), wall());
        drain();
      }) {
  PARLEY_CHECK(host_.tcp().listen(listener, *this).ok());
}

void RoomServerHost::onStreamOpened(const Path& path) {
  streams_[path.link].path = path;
  hub_.handleOpened(idOf(path.link), path.remote.ip(), host_.events().now());
  drain();
}

void RoomServerHost::onStreamData(const Path& path, Bytes bytes) {
  const auto it = streams_.find(path.link);
  if (it == streams_.end()) return;
  it->second.framer.append(bytes);
  while (const auto text = it->second.framer.next()) {
    hub_.handleText(idOf(path.link), *text, host_.events().now(), wall());
    drain();
    if (!streams_.contains(path.link)) return;
  }
  if (it->second.framer.failed()) failures_.push_back("a client's stream is no texts");
}

void RoomServerHost::onStreamClosed(const Path& path, StreamEnd) {
  gone(path.link);
}

// Exactly once for each stream, whoever ended it.
void RoomServerHost::gone(LinkId link) {
  if (streams_.erase(link) == 0) return;
  hub_.handleClosed(idOf(link), host_.events().now());
  drain();
}

void RoomServerHost::reset(const IpAddress& remote) {
  for (auto it = streams_.rbegin(); it != streams_.rend(); ++it) {
    if (it->second.path.remote.ip() != remote) continue;
    const LinkId link = it->first;
    host_.tcp().abort(link);
    return gone(link);
  }
}

void RoomServerHost::drain() {
  while (auto effect = hub_.pollEffect()) {
    if (const auto* text = std::get_if<signal::SendText>(&*effect)) send(*text);
    if (const auto* end = std::get_if<signal::CloseConnection>(&*effect)) close(*end);
  }
  alarm_.set(hub_.nextTimeout());
}

void RoomServerHost::send(const signal::SendText& effect) {
  const auto it = streams_.find(LinkId{effect.connection.value()});
  if (it == streams_.end()) return;
  if (it->second.closing) failures_.push_back("the hub sent after it closed");
  const auto bytes = TextFramer::frame(effect.text);
  if (host_.tcp().send(it->first, bytes) != bytes.size()) failures_.push_back("a queue overflowed");
}

void RoomServerHost::close(const signal::CloseConnection& effect) {
  const LinkId link{effect.connection.value()};
  const auto it = streams_.find(link);
  if (it == streams_.end()) return;
  if (it->second.closing) failures_.push_back("the hub closed twice");
  it->second.closing = true;
  host_.tcp().finish(link);
  host_.events().after(kPatience, [this, link] {
    if (!streams_.contains(link)) return;
    host_.tcp().abort(link);
    gone(link);
  });
}

}  // namespace parley::sim::test
