#include "tests/sim/turn_server_host.h"

#include "base/check.h"

namespace parley::sim::test {

TurnServerHost::TurnServerHost(Host& host, turn::Config config, const Address& listener,
                               bool routes)
    : host_(host),
      random_(host.network().nextSeed()),
      engine_(std::move(config), random_),
      driver_(host, engine_, [this](turn::ServerEvent& event) { handleEvent(event); }),
      routes_(routes) {
  engine_.setWallTime(wallTimeFromUnixSeconds(1'800'000'000), driver_.now());
  driver_.setOnTrain([this](const Train& train) { handleTrain(train); });
  driver_.setOnStream([this](const Path& path, ConstBytes bytes) { sendStream(path, bytes); });
  const Result<Path> udp = driver_.bind(listener);
  PARLEY_CHECK(udp.ok());
  listener_ = udp->link;
  PARLEY_CHECK(host_.tcp().listen(listener, *this).ok());
}

TurnServerHost::~TurnServerHost() {
  host_.tcp().leave(*this);
}

void TurnServerHost::handleTrain(const Train& train) {
  for (std::size_t i = 0; onMessage_ && i < train.size(); ++i)
    onMessage_(train.path(), train[i]);
  if (!routes_) return driver_.handle(train);
  for (std::size_t done = 0; done < train.size();) {
    const Train rest = train.from(done);
    const turn::Verdict verdict = engine_.route(rest, driver_.now());
    PARLEY_CHECK(verdict.count > 0 && verdict.count <= train.size() - done);
    if (verdict.kind == turn::Verdict::Kind::Control) driver_.handle(rest.first(verdict.count));
    if (verdict.kind == turn::Verdict::Kind::Forward) forward(verdict, rest);
    done += verdict.count;
  }
}

void TurnServerHost::forward(const turn::Verdict& verdict, const Train& train) {
  for (std::size_t i = 0; i < verdict.count; ++i) {
    std::vector<std::uint8_t> bytes(verdict.sizeOf(i));
    ByteWriter w{bytes};
    w.bytes(verdict.prefixOf(i));
    w.bytes(verdict.payloadOf(train, i));
    w.zeros(verdict.paddingOf(i));
    PARLEY_CHECK(w.ok() && w.remaining() == 0);
    if (isStream(verdict.out.transport))
      sendStream(verdict.out, bytes);
    else
      host_.send(verdict.out.link, verdict.out.remote, bytes, train.ecn());
  }
}

// A stream's queue is bounded, and a message goes into it whole or not at all.
void TurnServerHost::sendStream(const Path& path, ConstBytes bytes) {
  if (host_.tcp().unacknowledged(path.link) + bytes.size() > streamQueue) return;
  if (onStreamSent_) onStreamSent_(path, bytes);
  host_.tcp().send(path.link, bytes);
}

void TurnServerHost::handleEvent(turn::ServerEvent& event) {
  if (const auto* order = std::get_if<turn::BindRelay>(&event)) bindRelay(*order);
  if (const auto* order = std::get_if<turn::CloseRelay>(&event)) {
    driver_.unbind(order->link);
    relays_.erase(order->link);
  }
  if (onEvent_) onEvent_(event);
}

void TurnServerHost::bindRelay(const turn::BindRelay& order) {
  if (failBinds > 0) {
    --failBinds;
    engine_.handleRelayBound(order.relay, Error{ErrorCode::InUse, "bind"}, driver_.now());
    return;
  }
  const Result<Path> path = driver_.bind(order.address);
  if (path.ok()) relays_[path->link] = order.address;
  engine_.handleRelayBound(order.relay,
                           path.ok() ? Result<LinkId>{path->link} : Result<LinkId>{path.error()},
                           driver_.now());
}

void TurnServerHost::onStreamOpened(const Path& path) {
  framers_[path.link];
}

void TurnServerHost::onStreamData(const Path& path, Bytes bytes) {
  const auto it = framers_.find(path.link);
  if (it == framers_.end()) return;
  turn::StreamFramer& framer = it->second;
  framer.append(bytes);
  while (const auto message = framer.next())
    handleTrain(Train{path, *message});
  if (!framer.failed()) return;
  host_.tcp().abort(path.link);
  onStreamClosed(path, StreamEnd::Aborted);
}

void TurnServerHost::onStreamClosed(const Path& path, StreamEnd) {
  framers_.erase(path.link);
  engine_.handlePathEvent(path, PathEvent::Closed, driver_.now());
  driver_.pump();
}

}  // namespace parley::sim::test
