#include "api/connection.h"

#include <algorithm>

#include "api/certificate_data.h"
#include "api/peer_host.h"
#include "api/runtime.h"
#include "api/settings.h"
#include "api/stats_report.h"

namespace parley::api {

ConnectionHandle::~ConnectionHandle() {
  connection->close();
}

Connection::Guard::~Guard() {
  const bool wake = std::exchange(c_.wakePending_, false) && !std::exchange(c_.woken_, true);
  const bool post = std::exchange(c_.postPending_, false) && !std::exchange(c_.posted_, true);
  lock_.unlock();
  if (wake) c_.shard_.wake(c_.shared_from_this());
  if (!post) return;
  c_.configuration_.executor->post([self = c_.shared_from_this()] {
    {
      const std::lock_guard lock(self->mutex_);
      self->posted_ = false;
    }
    self->runTasks();
  });
}

Expected<std::shared_ptr<Connection>> Connection::make(const Configuration& configuration,
                                                       Shard* shard) {
  if (auto ok = checkConfiguration(configuration); !ok) return ok.error();
  Configuration complete = configuration;
  if (complete.certificates.empty()) {
    auto certificate = Certificate::generate();
    if (!certificate) return certificate.error();
    complete.certificates.push_back(std::move(*certificate));
  }
  const crypto::Identity identity = *CertificateData::of(complete.certificates.front());
  // Not make_shared: the constructor is private.
  return std::shared_ptr<Connection>(
      new Connection(complete, identity, shard != nullptr ? *shard : pickShard()));  // NOLINT
}

Connection::Connection(const Configuration& configuration, crypto::Identity identity, Shard& shard)
    : configuration_(configuration),
      identity_(std::move(identity)),
      shard_(shard),
      negotiator_(negotiatorConfig(), random_) {}

Connection::~Connection() = default;

sdp::jsep::NegotiatorConfig Connection::negotiatorConfig() const {
  sdp::jsep::NegotiatorConfig out;
  out.bundlePolicy = static_cast<sdp::jsep::BundlePolicy>(configuration_.bundlePolicy);
  const auto fingerprint = identity_.fingerprint();
  const ConstBytes bytes = fingerprint.bytes();
  out.fingerprints.push_back(
      {std::string(crypto::name(fingerprint.hash())), {bytes.begin(), bytes.end()}});
  out.maxMessageSize = configuration_.maxMessageSize;
  return out;
}

peer::PeerConfig Connection::engineConfig() const {
  const std::lock_guard lock(mutex_);
  return peerConfig(configuration_);
}

void Connection::setHooks(SignallingHooks hooks) {
  const std::lock_guard lock(mutex_);
  hooks_ = std::move(hooks);
}

// ---- the mirror ---------------------------------------------------------------------------------

IceGatheringState Connection::gatheringState() const {
  return withLock([&] { return gathering_; });
}
IceConnectionState Connection::iceState() const {
  return withLock([&] { return iceState_; });
}
PeerConnectionState Connection::state() const {
  return withLock([&] { return state_; });
}

std::optional<SctpTransport> Connection::sctp() const {
  const std::lock_guard lock(mutex_);
  if (!negotiator_.dataTransport()) return std::nullopt;
  SctpTransport out = sctp_;
  out.maxMessageSize =
      remoteMaxMessageSize_ != 0 ? remoteMaxMessageSize_ : configuration_.maxMessageSize;
  return out;
}

// ---- tasks --------------------------------------------------------------------------------------

void Connection::pushTask(std::function<void()> run, bool always) {
  tasks_.push_back({std::move(run), always});
  if (configuration_.executor) {
    postPending_ = true;
  } else {
    wakePending_ = true;
  }
}

void Connection::wakeShard() {
  wakePending_ = true;
}

void Connection::pushCall(std::function<void(PeerHost&)> call) {
  Command command;
  command.kind = Command::Kind::Call;
  command.call = std::move(call);
  outbox_.commands.push_back(std::move(command));
  wakeShard();
}

void Connection::runTasks() {
  std::unique_lock lock(mutex_);
  if (running_) return;  // further down on this stack, or another thread of the executor
  while (!closed_ && !tasks_.empty()) {
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    deliver(lock, [&] {
      task.run();
      task.run = nullptr;  // what it holds may be a handle: not under the lock
    });
  }
}

void Connection::runOnShard() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = false;
  }
  const bool direct = configuration_.executor == nullptr;
  bool first = true;
  while (true) {
    bool tasks = false;
    {
      const std::lock_guard lock(mutex_);
      std::swap(taken_, outbox_);
      tasks = direct && !closed_ && !tasks_.empty();
    }
    if (taken_.empty() && !tasks && !first) break;
    first = false;
    if (!taken_.empty() && !ended_) {
      const bool over = taken_.commands.back().kind == Command::Kind::Close;
      if (!host_ && !over) host_ = std::make_unique<PeerHost>(shared_from_this());
      if (host_) host_->run(taken_);
      ended_ = over;
    }
    taken_.clear();
    if (host_) host_->pump();
    if (direct) runTasks();
  }
}

void Connection::dropHost() {
  byPeerId_.clear();
  host_.reset();
}

void Connection::log(LogLevel level, std::string_view line) const {
  if (configuration_.log && level >= configuration_.logLevel) configuration_.log(level, line);
}

// ---- questions to the engine
// ----------------------------------------------------------------------

std::function<void(std::function<void()>)> Connection::runner() {
  return [weak = weak_from_this()](std::function<void()> task) {
    if (const auto self = weak.lock()) {
      const Guard guard(*self);
      if (!self->closed_) return self->pushTask(std::move(task), true);
    }
    task();
  };
}

template <class T>
Async<T> Connection::ask(std::function<T(PeerHost&)> question) {
  auto state = std::make_shared<detail::AsyncState<T>>(runner());
  const Guard guard(*this);
  if (closed_) {
    // Nobody waits yet, so nothing is called here.
    state->complete(RtcError{ErrorName::InvalidStateError, "the connection is closed"});
    return Async<T>(state);
  }
  const std::uint64_t id = nextQuestion_++;
  questions_[id] = [state] {
    state->complete(RtcError{ErrorName::AbortError, "the connection was closed"});
  };
  pushCall([this, id, state, question = std::move(question)](PeerHost& host) {
    T answer = question(host);
    if (withLock([&] { return questions_.erase(id) == 0; })) return;
    state->complete(std::move(answer));
  });
  return Async<T>(state);
}

Async<StatsReport> Connection::stats() {
  return ask<StatsReport>(
      [](PeerHost& host) { return statsReport(host.peer().stats(host.now())); });
}

Async<ConnectionReport> Connection::report() {
  return ask<ConnectionReport>(
      [](PeerHost& host) { return connectionReport(host.peer(), host.now()); });
}

// ---- the end ------------------------------------------------------------------------------------

void Connection::close() {
  // All of it is destroyed after the lock is let go of: it may hold handles, also of ourselves.
  std::deque<Task> tasks;
  SignallingHooks hooks;
  Callbacks callbacks;
  std::vector<std::shared_ptr<Channel>> channels;
  std::vector<Channel::Callbacks> channelCallbacks;
  std::vector<Channel::Waiting> waiting;
  std::map<std::uint64_t, std::function<void()>> questions;
  {
    const Guard guard(*this);
    if (!closed_) {
      closed_ = true;
      negotiator_.close();
      state_ = PeerConnectionState::Closed;
      iceState_ = IceConnectionState::Closed;
      sctp_.state = SctpTransportState::Closed;
      sctp_.transport.state = DtlsTransportState::Closed;
      sctp_.transport.iceTransport.state = IceTransportState::Closed;
      tasks.swap(tasks_);
      questions.swap(questions_);
      channels.swap(channels_);
      std::swap(hooks, hooks_);
      std::swap(callbacks, on_);
      for (const auto& channel : channels) {
        channel->state = DataChannelState::Closed;
        channel->buffered = 0;
        channel->held.clear();
        channelCallbacks.push_back(std::exchange(channel->on, {}));
        for (auto& w : channel->waiting)
          waiting.push_back(std::move(w));
        channel->waiting.clear();
      }
      Command command;
      command.kind = Command::Kind::Close;
      outbox_.commands.push_back(std::move(command));
      wakeShard();
    }
  }
  if (!CallbackScope::active()) {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return !running_; });
  }
  for (auto& [id, end] : questions)
    end();
  for (auto& w : waiting)
    w.state->complete(SendResult(SendStatus::NotOpen));
  for (auto& task : tasks)
    if (task.always) task.run();
}

}  // namespace parley::api
