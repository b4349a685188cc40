#include "driver/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "driver/socket_address.h"
#include "driver/wakeup.h"

namespace parley::driver {
namespace {

struct Question {
  Resolver::Id id;
  std::string name;
};
struct Found {
  Resolver::Id id;
  Resolver::Answer answer;
};

// What the loop's thread and the lookup threads share. Threads hold it too, so that one that sits
// in a slow lookup outlives the resolver without harm.
struct Exchange {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Question> questions;
  std::vector<Found> found;
  bool over = false;
  Wakeup wakeup;
};

void lookUp(const std::shared_ptr<Exchange>& x, Resolver::Lookup lookup) {
  std::unique_lock lock(x->mutex);
  while (true) {
    x->wake.wait(lock, [&] { return x->over || !x->questions.empty(); });
    if (x->over) return;
    const Question q = std::move(x->questions.front());
    x->questions.pop_front();
    lock.unlock();
    Resolver::Answer answer = lookup(q.name);
    lock.lock();
    if (x->over) return;
    x->found.push_back({q.id, std::move(answer)});
    x->wakeup.signal();
  }
}

}  // namespace

struct Resolver::Impl final : Loop::Handler, Loop::TimerHandler {
  struct Waiting {
    OnAnswer onAnswer;
    Time until;
    std::optional<Answer> literal;
  };

  Impl(Loop& l, Lookup f) : loop(l), lookup(f), timer(l.addTimer(*this)) {}
  ~Impl() override {
    loop.unwatch(watch);
    loop.removeTimer(timer);
    {
      const std::lock_guard lock(exchange->mutex);
      exchange->over = true;
    }
    exchange->wake.notify_all();
    for (std::thread& t : threads)
      t.detach();  // it may sit in a lookup for a minute; it touches nothing but the exchange
  }

  void handleReady(Ready) override {
    exchange->wakeup.consume();
    std::vector<Found> found;
    {
      const std::lock_guard lock(exchange->mutex);
      found.swap(exchange->found);
    }
    for (const Found& f : found)
      answer(f.id, f.answer);
  }
  void handleTimer() override {
    std::vector<std::pair<Id, Answer>> due;
    for (const auto& [id, w] : waiting) {
      if (w.literal)
        due.emplace_back(id, *w.literal);
      else if (w.until <= loop.now())
        due.emplace_back(id, Error{ErrorCode::TimedOut, "look up a host name"});
    }
    for (const auto& [id, a] : due)
      answer(id, a);
    setTimer();
  }
  void answer(Id id, const Answer& a) {
    const auto it = waiting.find(id);
    if (it == waiting.end()) return;  // cancelled, or too late
    const OnAnswer onAnswer = std::move(it->second.onAnswer);
    waiting.erase(it);
    onAnswer(id, a);
  }
  void setTimer() {
    Time next = kNever;
    for (const auto& [id, w] : waiting)
      next = std::min(next, w.literal ? loop.now() : w.until);
    loop.setTimer(timer, next);
  }
  // Threads are made when the first name needs one.
  void ask(Question q) {
    {
      const std::lock_guard lock(exchange->mutex);
      exchange->questions.push_back(std::move(q));
    }
    if (threads.size() < std::min<std::size_t>(kThreads, waiting.size()))
      threads.emplace_back([x = exchange, f = lookup] { lookUp(x, f); });
    exchange->wake.notify_one();
  }

  Loop& loop;
  Lookup lookup;
  Loop::Timer timer;
  Loop::Watch watch;
  std::shared_ptr<Exchange> exchange = std::make_shared<Exchange>();
  std::vector<std::thread> threads;
  std::map<Id, Waiting> waiting;
  Id lastId = 0;
};

Resolver::Resolver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Resolver::~Resolver() = default;

Result<std::unique_ptr<Resolver>> Resolver::make(Loop& loop, Lookup lookup) {
  auto impl = std::make_unique<Impl>(loop, lookup);
  const auto watch = loop.watch(impl->exchange->wakeup.descriptor(), kReadable, *impl);
  if (!watch) return watch.error();
  impl->watch = watch.value();
  return std::unique_ptr<Resolver>(new Resolver(std::move(impl)));
}

Result<Resolver::Id> Resolver::resolve(std::string name, OnAnswer onAnswer, Duration timeout) {
  Impl& s = *impl_;
  if (s.waiting.size() >= kMaxPending)
    return Error{ErrorCode::Limit, "host names looked up at once", kMaxPending};
  if (name.empty() || name.size() > kMaxName || name.find('\0') != std::string::npos)
    return Error{ErrorCode::Invalid, "a host name"};
  const Id id = ++s.lastId;
  Impl::Waiting w{std::move(onAnswer), s.loop.now() + timeout, std::nullopt};
  if (const auto ip = IpAddress::parse(name)) w.literal = Answer(std::vector<IpAddress>{*ip});
  const bool literal = w.literal.has_value();
  s.waiting.emplace(id, std::move(w));
  if (!literal) s.ask({id, std::move(name)});
  s.setTimer();
  return id;
}

void Resolver::cancel(Id id) {
  impl_->waiting.erase(id);
  {
    const std::lock_guard lock(impl_->exchange->mutex);
    std::erase_if(impl_->exchange->questions, [&](const Question& q) { return q.id == id; });
  }
  impl_->setTimer();
}

std::size_t Resolver::pending() const {
  return impl_->waiting.size();
}

Resolver::Answer Resolver::systemLookup(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;  // each address once
  // Without AI_ADDRCONFIG: a machine that has nothing but loopback still finds "localhost".
  addrinfo* first = nullptr;
  const int code = ::getaddrinfo(name.c_str(), nullptr, &hints, &first);
  if (code != 0) {
    if (code == EAI_SYSTEM) return Error{ErrorCode::System, "look up a host name", errno};
    const bool absent = code == EAI_NONAME
#ifdef EAI_NODATA
                        || code == EAI_NODATA
#endif
        ;
    // gai_strerror() gives literals.
    return Error{absent ? ErrorCode::NotFound : ErrorCode::TimedOut, ::gai_strerror(code)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(first, ::freeaddrinfo);
  std::vector<IpAddress> out;
  for (const addrinfo* i = first; i != nullptr && out.size() < kMaxAddresses; i = i->ai_next) {
    sockaddr_storage storage{};
    if (i->ai_addr == nullptr || i->ai_addrlen > sizeof storage) continue;
    std::memcpy(&storage, i->ai_addr, i->ai_addrlen);
    const auto address = fromSocketAddress(storage, i->ai_addrlen);
    if (address && std::find(out.begin(), out.end(), address->ip()) == out.end())
      out.push_back(address->ip());
  }
  if (out.empty()) return Error{ErrorCode::NotFound, "the name has no address"};
  return out;
}

}  // namespace parley::driver
