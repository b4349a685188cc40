#include "cli/peer/intake.h"

#include <algorithm>

#include "files/names.h"

namespace parley::cli {
namespace {

constexpr std::size_t kHashStep = 8 << 20;  // in one go; then others have their turn

ConstBytes asOurBytes(std::span<const std::byte> b) {
  return {reinterpret_cast<const std::uint8_t*>(b.data()), b.size()};
}

// A file as it appears, whatever its id: the sender tries again under another one.
std::string appearance(const files::Offer& offer) {
  return files::joinPath(offer.path) + "/" + offer.name + "/" + std::to_string(offer.size) + "/" +
         std::to_string(offer.lastModified);
}

}  // namespace

struct Intake::Incoming {
  Incoming(Key k, DataChannel c, Time now)
      : key(std::move(k)), channel(std::move(c)), receiver(key.second, now) {}
  Key key;
  DataChannel channel;
  files::Receiver receiver;
  std::unique_ptr<PartFile> part;
  bool finishedBefore = false;  // `part` is the whole file, under its name
  crypto::Sha256 hash;
  std::uint64_t hashed = 0;
};

Intake::Intake(MainLoop& loop, FileStore& store, Listener& listener)
    : loop_(loop), store_(store), listener_(listener) {
  tick();
}

Intake::~Intake() {
  *alive_ = false;
  loop_.cancel(ticker_);
}

bool Intake::isCurrent(const std::shared_ptr<Incoming>& in) const {
  const auto it = active_.find(in->key);
  return it != active_.end() && it->second == in;
}

bool Intake::take(const std::string& partner, DataChannel channel) {
  const auto id = files::idOfLabel(channel.label());
  if (!id || channel.protocol() != files::kProtocol) return false;
  const Key key(partner, *id);
  // The same file on a new channel: the one before has broken, whether we know it or not.
  if (const auto it = active_.find(key); it != active_.end()) {
    const auto before = it->second;
    before->channel.close();
    before->receiver.handleClosed();
    effects(before);
  }
  auto in = std::make_shared<Incoming>(key, channel, loop_.now());
  const auto open = std::count_if(active_.begin(), active_.end(),
                                  [&](const auto& a) { return a.first.first == partner; });
  active_[key] = in;
  const std::weak_ptr<Incoming> weak = in;
  channel.onmessage([this, weak](const Message& m) {
    if (const auto now = weak.lock(); now && isCurrent(now)) message(now, m);
  });
  channel.onclose([this, weak] {
    const auto now = weak.lock();
    if (!now || !isCurrent(now)) return;
    now->receiver.handleClosed();
    effects(now);
  });
  if (static_cast<std::size_t>(open) >= kMostChannels) {
    in->receiver.reject(files::Reason::Busy);
    effects(in);
  }
  return true;
}

void Intake::lost(const std::string& partner) {
  const auto active = active_;
  for (const auto& [key, in] : active) {
    if (key.first != partner) continue;
    in->receiver.handleClosed();
    effects(in);
  }
}

void Intake::message(const std::shared_ptr<Incoming>& in, const Message& message) {
  if (message.isText) {
    in->receiver.handleText(message.text(), loop_.now());
  } else {
    const ConstBytes keep = in->receiver.handleBinary(asOurBytes(message.data), loop_.now());
    if (!keep.empty()) {
      if (const auto reason = in->part->write(keep)) {
        in->receiver.cancel(*reason);
      } else {
        in->receiver.stored(keep.size());
        listener_.handleProgress();
      }
    }
  }
  effects(in);
}

void Intake::effects(const std::shared_ptr<Incoming>& in) {
  while (auto effect = in->receiver.pollEffect()) {
    if (const auto* text = std::get_if<files::SendText>(&*effect)) {
      in->channel.send(text->text).ignore();
    } else if (std::holds_alternative<files::CloseChannel>(*effect)) {
      in->channel.close();
    } else if (std::holds_alternative<files::Offered>(*effect)) {
      offered(in);
    } else if (std::holds_alternative<files::Complete>(*effect)) {
      complete(in);
    } else if (const auto* failure = std::get_if<files::Failed>(&*effect)) {
      failed(in, *failure);
    }
  }
}

void Intake::offered(const std::shared_ptr<Incoming>& in) {
  const std::weak_ptr<Incoming> weak = in;
  listener_.handleOffer(in->key.first, in->receiver.offer(),
                        [this, alive = alive_, weak](std::optional<files::Reason> refusal) {
                          const auto now = weak.lock();
                          if (!*alive || !now || !isCurrent(now)) return;
                          if (refusal) {
                            now->receiver.reject(*refusal);
                            return effects(now);
                          }
                          accept(now);
                        });
}

void Intake::accept(const std::shared_ptr<Incoming>& in) {
  const files::Offer& offer = in->receiver.offer();
  if (!different_.contains(appearance(offer))) in->part = store_.finished(offer);
  in->finishedBefore = in->part != nullptr;
  if (!in->part) {
    auto part = store_.begin(offer);
    if (!part) {
      in->receiver.reject(part.error());
      return effects(in);
    }
    in->part = std::move(*part);
    if (offer.size - in->part->size() > store_.space()) {
      in->receiver.reject(files::Reason::NoSpace);
      return effects(in);
    }
  }
  hashMore(in);
}

void Intake::hashMore(const std::shared_ptr<Incoming>& in) {
  const std::uint64_t size = in->part->size();
  std::vector<std::uint8_t> bytes(
      static_cast<std::size_t>(std::min<std::uint64_t>(kHashStep, size - in->hashed)));
  if (!bytes.empty()) {
    if (!in->part->read(in->hashed, bytes)) {
      in->receiver.reject(files::Reason::ReadFailed);
      return effects(in);
    }
    in->hash.update(bytes);
    in->hashed += bytes.size();
    return loop_.post([this, alive = alive_, in] {
      if (*alive && isCurrent(in)) hashMore(in);
    });
  }
  in->receiver.accept(size, std::move(in->hash), files::kUsualWindow, loop_.now());
  effects(in);
}

void Intake::complete(const std::shared_ptr<Incoming>& in) {
  const files::Offer& offer = in->receiver.offer();
  std::string name = files::joinPath(offer.path);
  name += (name.empty() ? "" : "/") + offer.name;
  if (!in->finishedBefore) {
    auto named = store_.finish(offer);
    if (!named) {
      in->receiver.cancel(named.error());
      return;  // effects() is running and takes what follows
    }
    name = *named;
  }
  in->receiver.named();
  // The word of it must go out before the listener may end everything.
  while (auto effect = in->receiver.pollEffect())
    if (const auto* text = std::get_if<files::SendText>(&*effect))
      in->channel.send(text->text).ignore();
  const files::Offer kept = offer;
  active_.erase(in->key);
  listener_.handleReceived(kept, name);
}

void Intake::failed(const std::shared_ptr<Incoming>& in, const files::Failed& failure) {
  const files::Offer offer = in->receiver.offer();
  active_.erase(in->key);
  in->part.reset();
  if (failure.corrupt && in->finishedBefore) {
    if (different_.size() >= kMostRefused) different_.clear();
    different_.insert(appearance(offer));
  } else if (!failure.mayResume && !in->finishedBefore && !offer.id.empty() &&
             in->receiver.accepted()) {
    store_.discard(offer);
  }
  listener_.handleFailed(offer, failure);
}

std::uint64_t Intake::stored() const {
  std::uint64_t sum = 0;
  for (const auto& [key, in] : active_)
    sum += in->receiver.stored();
  return sum;
}

std::uint64_t Intake::sizes() const {
  std::uint64_t sum = 0;
  for (const auto& [key, in] : active_)
    sum += in->receiver.offer().size;
  return sum;
}

void Intake::tick() {
  const auto active = active_;
  for (const auto& [key, in] : active) {
    in->receiver.handleTimeout(loop_.now());
    effects(in);
  }
  ticker_ = loop_.after(1s, [this] { tick(); });
}

}  // namespace parley::cli
