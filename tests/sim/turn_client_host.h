// A TurnClient on a simulated host, over UDP or over TCP, and what it was told.
#pragma once

#include <functional>
#include <memory>

#include "sim/engine_host.h"
#include "tests/sim/turn_client.h"
#include "turn/stream_framer.h"

namespace parley::sim::test {

class TurnClientHost final : public StreamUser {
 public:
  using OnHeard = std::function<void(const TurnClient::Heard&)>;

  TurnClientHost(Host& host, const IpAddress& local, const Address& server, Transport transport,
                 const std::string& user, const std::string& password)
      : host_(host),
        local_(local),
        server_(server),
        transport_(transport),
        random_(host.network().nextSeed()),
        client_(user, password, random_),
        driver_(host, client_, [this](TurnClient::Event& event) { handleEvent(event); }) {
    driver_.setOnStream([this](const Path& path, ConstBytes bytes) {
      if (open_) host_.tcp().send(path.link, bytes);
    });
    if (transport == Transport::Udp) {
      Path path = driver_.bind({local, 0}).value();
      path.remote = server;
      client_.setPath(path);
      open_ = true;
    }
  }
  ~TurnClientHost() override { host_.tcp().leave(*this); }

  // Over TCP: opens the stream if there is none, and asks once it is open.
  void allocate(std::optional<Duration> lifetime = {}) {
    if (open_) {
      client_.allocate(driver_.now(), lifetime);
      return driver_.pump();
    }
    if (connecting_) return;
    const Address from{local_, host_.freePort(local_)};
    connecting_ = host_.tcp().connect(from, server_, *this).ok();
  }
  // Does something with the client and drains it.
  template <class Do>
  void with(Do&& act) {
    act(client_, driver_.now());
    driver_.pump();
  }
  // Breaks off without a word to the server.
  void disconnect() { host_.tcp().leave(*this); }

  TurnClient& client() { return client_; }
  Transport transport() const { return transport_; }
  bool isOpen() const { return open_; }
  void setOnHeard(OnHeard onHeard) { onHeard_ = std::move(onHeard); }

  std::vector<TurnClient::Allocated> allocated;
  std::vector<TurnClient::Done> done;
  std::vector<TurnClient::Refused> refused;
  std::vector<TurnClient::NoAnswer> unanswered;
  std::vector<TurnClient::Heard> heard;

  void onStreamOpened(const Path& path) override {
    open_ = true;
    connecting_ = false;
    client_.setPath(path);
    client_.allocate(driver_.now());
    driver_.pump();
  }
  void onStreamData(const Path& path, Bytes bytes) override {
    framer_.append(bytes);
    while (const auto message = framer_.next())
      driver_.handle(Train{path, *message});
  }
  void onStreamClosed(const Path&, StreamEnd) override {
    open_ = connecting_ = false;
    framer_ = turn::StreamFramer{};
    client_.reset();
    driver_.pump();
  }
  // What the server sent made sense on a stream.
  bool streamFailed() const { return framer_.failed(); }

 private:
  void handleEvent(TurnClient::Event& event) {
    if (const auto* e = std::get_if<TurnClient::Allocated>(&event)) allocated.push_back(*e);
    if (const auto* e = std::get_if<TurnClient::Done>(&event)) done.push_back(*e);
    if (const auto* e = std::get_if<TurnClient::Refused>(&event)) refused.push_back(*e);
    if (const auto* e = std::get_if<TurnClient::NoAnswer>(&event)) unanswered.push_back(*e);
    if (const auto* e = std::get_if<TurnClient::Heard>(&event)) {
      if (onHeard_) onHeard_(*e);
      heard.push_back(*e);
    }
  }

  Host& host_;
  IpAddress local_;
  Address server_;
  Transport transport_;
  SeededRandom random_;
  TurnClient client_;
  EngineHost<TurnClient> driver_;
  turn::StreamFramer framer_;
  OnHeard onHeard_;
  bool open_ = false;
  bool connecting_ = false;
};

}  // namespace parley::sim::test
