// Runs a protocol machine (net/engine.h) on a simulated host, as the production driver would: its
// datagrams come in by sockets, its alarm is its nextTimeout(), and after every call it is drained
// by the same drain(). What its events ask for is the owner's business.
//
//   EngineHost<turn::Server> driver(host, server, [&](turn::ServerEvent& e) { … });
//   driver.bind(address);
//   server.closeAll(driver.now()); driver.pump();   // after every call of one's own
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "net/engine.h"
#include "sim/event_queue.h"
#include "sim/host.h"

namespace parley::sim {

template <Engine E>
class EngineHost {
 public:
  using OnEvent = std::function<void(typename E::Event&)>;
  // Streams: what the machine sends on a path that is one. Datagrams need none.
  using OnStream = std::function<void(const Path&, ConstBytes)>;

  // The machine and the host outlive it.
  EngineHost(Host& host, E& engine, OnEvent onEvent)
      : host_(host), engine_(engine), onEvent_(std::move(onEvent)), alarm_(host.events(), [this] {
          engine_.handleTimeout(now());
          pump();
        }) {}
  ~EngineHost() {
    for (const LinkId link : links_)
      host_.unbind(link);
  }
  EngineHost(const EngineHost&) = delete;
  EngineHost& operator=(const EngineHost&) = delete;

  // What comes in goes there instead of into the machine: for a driver that looks at it first and
  // calls handle() with what is the machine's.
  using OnTrain = std::function<void(const Train&)>;
  void setOnTrain(OnTrain onTrain) { onTrain_ = std::move(onTrain); }
  void setOnStream(OnStream onStream) { onStream_ = std::move(onStream); }

  Result<Path> bind(const Address& local) {
    Result<Path> path = host_.bind(local, [this](const Train& train) {
      if (onTrain_)
        onTrain_(train);
      else
        handle(train);
    });
    if (path.ok()) links_.push_back(path->link);
    return path;
  }
  void unbind(LinkId link) {
    std::erase(links_, link);
    host_.unbind(link);
  }

  void handle(const Train& train) {
    engine_.handleDatagrams(train, now());
    pump();
  }

  // From within an event this does nothing: the drain that is under way goes on.
  void pump() {
    if (pumping_) return;
    pumping_ = true;
    TransmitBatch batch{arena_, items_};
    drain(
        engine_, batch, now(), [this](const TransmitBatch& full) { send(full); },
        [this](typename E::Event& event) { onEvent_(event); });
    pumping_ = false;
    alarm_.set(engine_.nextTimeout());
  }

  Time now() { return host_.events().now(); }
  const std::vector<LinkId>& links() const { return links_; }

 private:
  void send(const TransmitBatch& batch) {
    for (const Transmit& train : batch.trains()) {
      if (!isStream(train.path.transport))
        host_.send(batch, train);
      else if (onStream_)
        onStream_(train.path, batch.bytes(train));
    }
  }

  Host& host_;
  E& engine_;
  OnEvent onEvent_;
  OnStream onStream_;
  OnTrain onTrain_;
  Alarm alarm_;
  // Room for the largest datagram, and few trains, so that a machine is often told to wait.
  std::vector<std::uint8_t> arena_ = std::vector<std::uint8_t>(std::size_t{128} << 10);
  std::vector<Transmit> items_ = std::vector<Transmit>(8);
  std::vector<LinkId> links_;
  bool pumping_ = false;
};

}  // namespace parley::sim
