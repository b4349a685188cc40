// Runs one engine (net/engine.h) on a loop: owns its UDP sockets and outgoing streams, hands it the
// trains that come, drains it after every call and keeps its one timer. What its events mean is the
// host's business.
//
//   struct Host { void handleEngineEvent(E::Event&);
//                 void handleStreamOpened(StreamTicket, const Path&);
//                 void handleStreamFailed(StreamTicket, const Error&); };
//   EngineRunner<peer::Peer, Host, turn::StreamFramer> runner(shared, engine, host);
//   const Path path = *runner.bind(address);     engine.addLink(path.link, path.local, …);
//   runner.pump();                               // after every call of one's own to the engine
//
// A stream's bytes are cut into messages by Framing (append(), next(), failed(), and
// isMedia(message): what may be dropped when the stream's queue is long); each message is a train
// of one. An engine with handlePathEvent() is told of ICMP errors and of streams that ended.
//
// Nothing is allocated per packet. The engine and the host outlive the runner, the runner's shared
// part outlives all. It must not be destroyed from within its own callbacks: shared.bury() it.
#pragma once

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <vector>

#include "driver/outgoing_stream.h"
#include "driver/runner_shared.h"
#include "driver/udp_socket.h"
#include "net/engine.h"

namespace parley::driver {

// Names a stream that was asked for: the host's own number.
using StreamTicket = std::uint64_t;

// For engines without streams.
struct NoFraming {
  void append(ConstBytes) {}
  std::optional<Bytes> next() { return std::nullopt; }
  bool failed() const { return true; }
  static bool isMedia(ConstBytes) { return false; }
};

template <Engine E, class Host, class Framing = NoFraming>
class EngineRunner final : private Loop::TimerHandler,
                           private OutgoingStream::Owner,
                           private RunnerShared::Task {
 public:
  static constexpr int kReceivesARound = 4;  // of one socket, so that others have their turn
  static constexpr int kErrorsARound = 16;

  EngineRunner(RunnerShared& shared, E& engine, Host& host)
      : shared_(shared),
        loop_(shared.loop()),
        engine_(engine),
        host_(host),
        timer_(loop_.addTimer(*this)) {}
  ~EngineRunner() override {
    shared_.cancel(*this);
    loop_.removeTimer(timer_);
  }
  EngineRunner(const EngineRunner&) = delete;
  EngineRunner& operator=(const EngineRunner&) = delete;

  // A path without a remote address.
  Result<Path> bind(const Address& local, const UdpOptions& options = {}) {
    auto socket = UdpSocket::bind(local, options);
    if (!socket) return socket.error();
    return adopt(std::move(socket).value());
  }
  Result<Path> adopt(UdpSocket socket) {
    auto port = std::make_unique<Port>(*this, std::move(socket), shared_.nextLink());
    if (const Status s = port->start(); !s) return s.error();
    const Path path{port->link, Transport::Udp, port->socket.local(), {}};
    ports_.push_back(std::move(port));
    return path;
  }

  // Answers by the host's handleStreamOpened() or handleStreamFailed(), never from within.
  void openStream(StreamTicket ticket, OutgoingOptions options) {
    auto made = OutgoingStream::connect(loop_, *this, shared_.streamBuffers(), std::move(options));
    auto entry = std::make_unique<StreamEntry>();
    entry->ticket = ticket;
    if (made) {
      entry->stream = std::move(made).value();
      entry->stream->link = shared_.nextLink();
    } else {
      entry->refused.emplace(made.error());
      shared_.atRoundEnd(*this);
    }
    streams_.push_back(std::move(entry));
  }
  // What waits in it is lost; the host hears nothing more of it.
  void cancelStream(StreamTicket ticket) {
    dropStreams([&](const StreamEntry& e) { return e.ticket == ticket; });
  }

  // A socket or a stream; the engine is not told. Nothing comes by it any more.
  void close(LinkId link) {
    for (auto it = ports_.begin(); it != ports_.end(); ++it) {
      if ((*it)->link != link) continue;
      (*it)->stop();
      shared_.bury(std::move(*it));
      ports_.erase(it);
      return;
    }
    dropStreams(
        [&](const StreamEntry& e) { return e.stream != nullptr && e.stream->link == link; });
  }
  void closeAll() {
    while (!ports_.empty())
      close(ports_.back()->link);
    dropStreams([](const StreamEntry&) { return true; });
  }

  const UdpSocket* socket(LinkId link) const {
    const Port* port = findPort(link);
    return port == nullptr ? nullptr : &port->socket;
  }

  // Drains the engine and sets its timer. From within an event it does nothing: the drain that is
  // under way goes on.
  void pump() {
    if (pumping_) return;
    pumping_ = true;
    drain(
        engine_, shared_.batch(), loop_.now(), [this](const TransmitBatch& b) { send(b); },
        [this](typename E::Event& event) { host_.handleEngineEvent(event); });
    pumping_ = false;
    flushStreams();
    setTimer();
  }
  // pump() once at the end of the round, for many small calls in one.
  void pumpSoon() {
    pumpWanted_ = true;
    shared_.atRoundEnd(*this);
  }

  Time now() const { return loop_.now(); }

 private:
  struct Port final : Loop::Handler {
    Port(EngineRunner& r, UdpSocket s, LinkId l)
        : runner(r), loop(r.loop_), socket(std::move(s)), link(l) {}
    ~Port() override { stop(); }
    Status start() {
      const auto made = loop.watch(socket.descriptor(), kReadable, *this);
      if (!made) return made.error();
      watch = made.value();
      return Ok{};
    }
    void stop() { loop.unwatch(watch); }
    void handleReady(Ready ready) override {
      if (ready.failed) runner.readErrors(*this);
      if (watch && ready.readable) runner.receive(*this);
    }

    EngineRunner& runner;
    Loop& loop;
    UdpSocket socket;
    LinkId link;
    Loop::Watch watch;
  };
  struct StreamEntry {
    StreamTicket ticket = 0;
    std::unique_ptr<OutgoingStream> stream;
    Framing framing;
    std::optional<Error> refused;
    bool dirty = false;
  };

  void receive(Port& port) {
    for (int i = 0; i < kReceivesARound && port.watch; ++i) {
      const auto trains = shared_.receiver().receive(port.socket, port.link);
      for (const Train& train : trains) {
        engine_.handleDatagrams(train, loop_.now());
        pump();
        if (!port.watch) return;  // closed by what it received; buried until the round's end
      }
      if (trains.size() < UdpReceiver::kMessages) return;
    }
  }

  void readErrors(Port& port) {
    for (int i = 0; i < kErrorsARound && port.watch; ++i) {
      const auto error = port.socket.readError();
      if (!error) break;
      tellPath({port.link, Transport::Udp, port.socket.local(), error->remote},
               error->mtu != 0 ? PathEvent::MtuChanged : PathEvent::Icmp);
    }
  }

  void tellPath(const Path& path, PathEvent event) {
    if constexpr (requires { engine_.handlePathEvent(path, event, loop_.now()); }) {
      engine_.handlePathEvent(path, event, loop_.now());
      pump();
    }
  }

  Port* findPort(LinkId link) const {
    for (const auto& p : ports_)
      if (p->link == link) return p.get();
    return nullptr;
  }
  StreamEntry* findStream(LinkId link) const {
    for (const auto& e : streams_)
      if (e->stream != nullptr && e->stream->link == link) return e.get();
    return nullptr;
  }
  StreamEntry* entryOf(const OutgoingStream& stream) const {
    for (const auto& e : streams_)
      if (e->stream.get() == &stream) return e.get();
    return nullptr;
  }

  void send(const TransmitBatch& batch) {
    for (const Transmit& t : batch.trains()) {
      if (const Port* port = findPort(t.path.link)) {
        shared_.sender().begin(port->socket, t.path, t.ecn);
        shared_.sender().addTrain(batch.bytes(t), t.segmentSize);
      } else if (StreamEntry* e = findStream(t.path.link)) {
        sendStream(*e, batch.bytes(t), t.segmentSize);
      }
    }
    shared_.sender().flush();  // the arena is cleared next
  }

  void sendStream(StreamEntry& e, ConstBytes bytes, std::size_t segment) {
    for (std::size_t at = 0; at < bytes.size() && e.stream->stream() != nullptr; at += segment) {
      const ConstBytes message = bytes.subspan(at, std::min(segment, bytes.size() - at));
      e.stream->stream()->send({}, message, 0,
                               Framing::isMedia(message) ? Priority::Media : Priority::Control);
    }
    e.dirty = true;
  }

  // Flushing may find a stream broken, which tells the engine, which may write again.
  void flushStreams() {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      StreamEntry& e = *streams_[i];
      if (std::exchange(e.dirty, false) && e.stream->stream() != nullptr)
        e.stream->stream()->flush();
    }
  }

  template <class Which>
  void dropStreams(Which&& which) {
    for (auto it = streams_.begin(); it != streams_.end();) {
      if (!which(**it)) {
        ++it;
        continue;
      }
      if (OutgoingStream* const stream = (*it)->stream.get()) {
        stream->abandon();
        if (stream->stream() != nullptr) stream->stream()->finish();  // a good-bye under TLS
      }
      shared_.bury(std::move(*it));
      it = streams_.erase(it);
    }
  }

  void handleStreamOpened(OutgoingStream& stream) override {
    const StreamEntry* e = entryOf(stream);
    if (e == nullptr) return;
    host_.handleStreamOpened(e->ticket, stream.path());
    pump();
  }
  void handleStreamBytes(OutgoingStream& stream, Bytes bytes) override {
    StreamEntry* e = entryOf(stream);
    if (e == nullptr) return;  // closed, and lingering until the round's end
    e->framing.append(bytes);
    const Path path = stream.path();
    while (const auto message = e->framing.next()) {
      engine_.handleDatagrams(Train(path, *message), loop_.now());
      pump();
      if (entryOf(stream) == nullptr) return;
    }
    if (!e->framing.failed()) return;
    stream.stream()->close();
    handleStreamFailed(stream, {ErrorCode::Malformed, "what the server sends over the stream"});
  }
  void handleStreamFailed(OutgoingStream& stream, const Error& error) override {
    StreamEntry* e = entryOf(stream);
    if (e == nullptr) return;
    const StreamTicket ticket = e->ticket;
    const Path path = stream.path();
    const bool wasOpen = stream.opened();
    dropStreams([&](const StreamEntry& other) { return &other == e; });
    if (wasOpen) tellPath(path, PathEvent::Closed);
    host_.handleStreamFailed(ticket, error);
    pump();
  }

  void runAtRoundEnd() override {
    // Streams that could not even begin.
    for (std::size_t i = 0; i < streams_.size();) {
      if (!streams_[i]->refused) {
        ++i;
        continue;
      }
      const StreamTicket ticket = streams_[i]->ticket;
      const Error error = *streams_[i]->refused;
      streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(i));
      host_.handleStreamFailed(ticket, error);
      pumpWanted_ = true;
    }
    if (std::exchange(pumpWanted_, false)) pump();
  }

  void handleTimer() override {
    armed_ = kNever;
    engine_.handleTimeout(loop_.now());
    pump();
  }
  void setTimer() {
    const Time next = engine_.nextTimeout();
    if (next == armed_) return;
    armed_ = next;
    loop_.setTimer(timer_, next);
  }

  RunnerShared& shared_;
  Loop& loop_;
  E& engine_;
  Host& host_;
  Loop::Timer timer_;
  Time armed_ = kNever;
  bool pumping_ = false;
  bool pumpWanted_ = false;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::unique_ptr<StreamEntry>> streams_;
};

}  // namespace parley::driver
