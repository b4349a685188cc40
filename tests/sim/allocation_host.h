// A turn::client::Allocation on a simulated host, over UDP or TCP, as an owner uses it: packets are
// unwrapped first, what is left is the machine's. When it fails, a new one can be made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/engine_host.h"
#include "turn/client/allocation.h"
#include "turn/stream_framer.h"

namespace parley::sim::test {

class AllocationHost final : public StreamUser {
 public:
  using Allocation = turn::client::Allocation;

  AllocationHost(Host& host, const IpAddress& local, const Address& server, Transport transport,
                 turn::client::AllocationConfig config)
      : host_(host),
        local_(local),
        server_(server),
        transport_(transport),
        config_(config),
        random_(host.network().nextSeed()) {
    begin();
  }
  ~AllocationHost() override { host_.tcp().leave(*this); }

  // A new allocation from a new port.
  void begin() {
    end();
    if (transport_ == Transport::Udp) {
      const Address from{local_, host_.freePort(local_)};
      path_ = host_
                  .bind(from,
                        [this](const Train& train) {
                          for (std::size_t i = 0; i < train.size(); ++i)
                            take(train[i]);
                        })
                  .value();
      path_.remote = server_;
      return open();
    }
    path_ = host_.tcp().connect({local_, host_.freePort(local_)}, server_, *this).value();
  }
  Allocation* allocation() { return allocation_.get(); }
  bool isLive() const {
    return allocation_ != nullptr && allocation_->state() == Allocation::State::Live;
  }
  Time now() { return host_.events().now(); }

  template <class Do>
  void with(Do&& act) {
    if (allocation_ == nullptr) return;
    act(*allocation_, now());
    driver_->pump();
  }
  // As an application's packet goes: payload behind the headroom.
  void send(const Address& peer, ConstBytes payload) {
    if (!isLive()) return;
    const std::size_t head = allocation_->headroom(peer);
    std::vector<std::uint8_t> room(head + payload.size() + turn::client::kTailroom);
    std::copy(payload.begin(), payload.end(), room.begin() + static_cast<std::ptrdiff_t>(head));
    const std::size_t n = allocation_->finish(room, payload.size(), peer);
    out(ConstBytes(room).first(n));
    driver_->pump();
  }

  std::vector<Allocation::Event> events;
  std::uint64_t heard = 0;
  std::uint64_t begun = 0;
  std::function<void(const Address& from, ConstBytes)> onHeard;

  template <class E>
  std::size_t count() const {
    std::size_t n = 0;
    for (const auto& e : events)
      n += std::holds_alternative<E>(e) ? 1u : 0u;
    return n;
  }

  void onStreamOpened(const Path& path) override {
    path_ = path;
    open();
  }
  void onStreamData(const Path&, Bytes bytes) override {
    framer_.append(bytes);
    while (const auto message = framer_.next())
      take(*message);
  }
  void onStreamClosed(const Path& path, StreamEnd) override {
    with([&](Allocation& a, Time at) { a.handlePathEvent(path, PathEvent::Closed, at); });
  }

 private:
  void open() {
    ++begun;
    allocation_ = std::make_unique<Allocation>(path_, config_, random_);
    driver_ = std::make_unique<EngineHost<Allocation>>(
        host_, *allocation_, [this](Allocation::Event& e) { events.push_back(e); });
    driver_->setOnStream([this](const Path&, ConstBytes bytes) { out(bytes); });
    with([](Allocation& a, Time at) { a.start(at); });
  }
  void end() {
    driver_.reset();
    allocation_.reset();
    framer_ = turn::StreamFramer{};
    if (path_.link.value() == 0) return;
    if (transport_ == Transport::Udp)
      host_.unbind(path_.link);
    else
      host_.tcp().leave(*this);
    path_ = {};
  }
  void take(Bytes message) {
    if (allocation_ == nullptr) return;
    if (const auto data = allocation_->unwrap(message)) {
      ++heard;
      if (onHeard) onHeard(data->peer, data->payload);
      return;
    }
    driver_->handle(Train(path_, message));
  }
  void out(ConstBytes bytes) {
    if (bytes.empty()) return;
    if (transport_ == Transport::Udp)
      host_.send(path_.link, server_, bytes, Ecn::NotEct);
    else
      host_.tcp().send(path_.link, bytes);
  }

  Host& host_;
  IpAddress local_;
  Address server_;
  Transport transport_;
  turn::client::AllocationConfig config_;
  SeededRandom random_;
  Path path_;
  turn::StreamFramer framer_;
  std::unique_ptr<Allocation> allocation_;
  std::unique_ptr<EngineHost<Allocation>> driver_;
};

}  // namespace parley::sim::test
