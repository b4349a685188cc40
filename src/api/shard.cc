#include "api/shard.h"

#include "api/mdns_host.h"
#include "base/check.h"
#include "parley/async.h"

namespace parley {
namespace {
thread_local bool shardThread = false;
thread_local int callbackDepth = 0;
}  // namespace

bool detail::onLibraryThread() {
  return shardThread;
}

namespace api {

CallbackScope::CallbackScope() {
  ++callbackDepth;
}
CallbackScope::~CallbackScope() {
  --callbackDepth;
}
bool CallbackScope::active() {
  return callbackDepth > 0;
}

Shard::Shard() {
  auto loop = driver::Loop::make();
  PARLEY_CHECK(loop.ok());  // no descriptors left: nothing runs without it
  loop_ = std::move(*loop);
  shared_ = std::make_unique<driver::RunnerShared>(*loop_);
  auto watch = loop_->watch(wakeup_.descriptor(), driver::kReadable, *this);
  PARLEY_CHECK(watch.ok());
  watch_ = *watch;
  loop_->setRoundHandler(this);
  thread_ = std::thread([this] {
    shardThread = true;
    loop_->run();
  });
}

Shard::~Shard() {
  stop();
}

void Shard::stop() {
  if (!thread_.joinable()) return;
  if (isCurrent()) {
    loop_->stop();
    thread_.detach();  // exit() was called in a callback
    return;
  }
  // Behind all that was asked for before, so that connections say good-bye.
  post([this] { loop_->stop(); });
  thread_.join();
}

void Shard::wake(std::shared_ptr<ShardMember> member) {
  {
    const std::lock_guard lock(mutex_);
    woken_.push_back(std::move(member));
  }
  if (!shardThread || !isCurrent()) wakeup_.signal();
}

void Shard::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  if (!shardThread || !isCurrent()) wakeup_.signal();
}

void Shard::handleReady(driver::Ready /*ready*/) {
  wakeup_.consume();
}

void Shard::handleRoundEnd() {
  while (true) {
    shared_->endRound();
    {
      const std::lock_guard lock(mutex_);
      if (woken_.empty() && tasks_.empty()) return;
      running_.swap(woken_);
      runningTasks_.swap(tasks_);
    }
    for (auto& task : runningTasks_)
      task();
    runningTasks_.clear();
    for (auto& member : running_)
      member->runOnShard();
    running_.clear();
  }
}

driver::Resolver& Shard::resolver() {
  if (!resolver_) {
    auto made = driver::Resolver::make(*loop_);
    PARLEY_CHECK(made.ok());  // no descriptors left
    resolver_ = std::move(*made);
  }
  return *resolver_;
}

MdnsHost& Shard::mdns() {
  if (!mdns_) mdns_ = std::make_unique<MdnsHost>(*shared_);
  return *mdns_;
}

const std::vector<driver::Interface>& Shard::interfaces() {
  if (interfacesKnown_ && now() - interfacesAt_ < kInterfacesKept) return interfaces_;
  auto list = driver::listInterfaces();
  interfaces_ = list ? std::move(*list) : std::vector<driver::Interface>{};
  interfacesAt_ = now();
  interfacesKnown_ = true;
  return interfaces_;
}

}  // namespace api
}  // namespace parley
