#include "ice/gatherer.h"

#include <algorithm>

#include "stun/attributes.h"
#include "stun/message_writer.h"

namespace parley::ice {

using stun::Method;

bool Gatherer::addServer(const Address& server, std::uint16_t urlIndex) {
  const bool known = std::any_of(servers_.begin(), servers_.end(),
                                 [&](const Server& s) { return s.address == server; });
  if (known) return true;
  if (servers_.size() == kMaxServers) return false;
  servers_.push_back({server, urlIndex});
  for (const Socket& s : sockets_)
    addTask(s, servers_.back());
  return true;
}

void Gatherer::addBase(BaseIndex base, LinkId link, const Address& local) {
  sockets_.push_back({base, link, local});
  for (const Server& s : servers_)
    addTask(sockets_.back(), s);
}

void Gatherer::removeBase(BaseIndex base) {
  std::erase_if(sockets_, [&](const Socket& s) { return s.base == base; });
  std::erase_if(tasks_, [&](const Task& t) { return t.base == base; });
}

void Gatherer::restart() {
  tasks_.clear();
  results_.clear();
  refreshes_ = true;
  for (const Socket& socket : sockets_) {
    for (const Server& server : servers_)
      addTask(socket, server);
  }
}

void Gatherer::addTask(const Socket& socket, const Server& server) {
  // A loopback address is seen by nobody else, a link-local one not beyond its link.
  const IpAddress& ip = socket.local.ip();
  if (ip.family() != server.address.family() || tasks_.size() == kMaxTasks) return;
  if (ip.isLoopback() != server.address.ip().isLoopback()) return;
  if (isLinkLocal(ip) && !isLinkLocal(server.address.ip())) return;
  Task task;
  task.path = {socket.link, Transport::Udp, socket.local, server.address};
  task.base = socket.base;
  task.urlIndex = server.urlIndex;
  tasks_.push_back(std::move(task));
}

bool Gatherer::idle() const {
  return results_.empty() && std::all_of(tasks_.begin(), tasks_.end(), [](const Task& t) {
           return t.answered || t.state == TaskState::Done || t.state == TaskState::Failed;
         });
}

void Gatherer::send(Task& task, Time now, Outbox& out) {
  out.add(task.path, [&](Bytes room) {
    stun::MessageWriter w(room, Method::Binding, stun::Class::Request, task.transaction.id());
    w.fingerprint();
    return w.finish();
  });
  task.transaction.sent(now);
}

void Gatherer::step(Time now, Outbox& out, RandomSource& random) {
  for (Task& t : tasks_) {
    if (t.state == TaskState::Done && refreshes_ && now >= t.refreshAt) t.state = TaskState::New;
    if (t.state == TaskState::New && now >= nextSlot_) {
      t.transaction = {stun::randomTransactionId(random), retransmit_, Transport::Udp};
      t.state = TaskState::Asking;
      nextSlot_ = now + pace_;
      send(t, now, out);
      continue;
    }
    switch (t.transaction.handleTimeout(now)) {
      case stun::ClientTransaction::Step::Wait:
        break;
      case stun::ClientTransaction::Step::Send:
        send(t, now, out);
        break;
      case stun::ClientTransaction::Step::Failed:
        fail(t, kServerNotReached, "STUN binding request timed out");
        break;
    }
  }
}

GatherResult Gatherer::resultOf(const Task& t) const {
  GatherResult r;
  r.base = t.base;
  r.local = t.path.local;
  r.server = t.path.remote;
  r.urlIndex = t.urlIndex;
  return r;
}

void Gatherer::fail(Task& task, std::uint16_t code, std::string text) {
  task.transaction.stop();
  task.state = TaskState::Failed;
  if (task.answered) return;  // a refresh: nobody waits for it
  GatherResult r = resultOf(task);
  r.code = code;
  r.text = std::move(text);
  results_.push_back(std::move(r));
}

bool Gatherer::handleResponse(const Path& path, const stun::Message& message, Time now) {
  for (Task& t : tasks_) {
    if (t.path.link != path.link || t.path.remote != path.remote ||
        !t.transaction.matches(message)) {
      continue;
    }
    if (message.messageClass() == stun::Class::Error) {
      const auto value = message.find(stun::attr::kErrorCode);
      const auto error = value ? stun::decodeErrorCode(*value) : std::nullopt;
      fail(t, error ? error->code : kServerNotReached,
           error ? std::string{error->reason} : "error response without a code");
      return true;
    }
    std::optional<Address> mapped;
    if (const auto v = message.find(stun::attr::kXorMappedAddress)) {
      mapped = stun::decodeXorAddress(*v, message.transactionId());
    } else if (const auto plain = message.find(stun::attr::kMappedAddress)) {
      mapped = stun::decodeAddress(*plain);  // servers of RFC 3489
    }
    if (!mapped || mapped->family() != path.local.family() || !isUsableRemote(*mapped)) {
      fail(t, kServerNotReached, "answer without a usable address");
      return true;
    }
    t.transaction.stop();
    t.state = TaskState::Done;
    t.answered = true;
    t.refreshAt = now + refreshEvery_;
    GatherResult r = resultOf(t);
    r.mapped = mapped;
    results_.push_back(std::move(r));
    return true;
  }
  return false;
}

void Gatherer::handleRefused(const Path& path) {
  for (Task& t : tasks_) {
    if (t.path.link == path.link && t.path.remote == path.remote && t.state == TaskState::Asking) {
      fail(t, kServerNotReached, "STUN server not reachable");
    }
  }
}

std::optional<GatherResult> Gatherer::poll() {
  if (results_.empty()) return std::nullopt;
  GatherResult r = std::move(results_.front());
  results_.pop_front();
  return r;
}

Time Gatherer::nextTimeout() const {
  Time next = kNever;
  for (const Task& t : tasks_) {
    if (t.state == TaskState::New) next = std::min(next, nextSlot_);
    if (t.state == TaskState::Done && refreshes_) next = std::min(next, t.refreshAt);
    next = std::min(next, t.transaction.nextTimeout());
  }
  return next;
}

}  // namespace parley::ice
