#include "cli/peer/delivery.h"

#include <algorithm>

namespace parley::cli {
namespace {

constexpr unsigned kMostBreaks = 20;         // of the channel while the connection stays
constexpr Duration kBusyPause = 1s;          // before a busy partner is asked again
constexpr std::size_t kPumpBytes = 4 << 20;  // in one go; then others have their turn
constexpr std::size_t kLowThreshold = 256 << 10;

std::span<const std::byte> asStdBytes(ConstBytes b) {
  return {reinterpret_cast<const std::byte*>(b.data()), b.size()};
}

}  // namespace

struct Delivery::Attempt {
  Attempt(std::size_t i, files::Offer offer, std::size_t chunk)
      : index(i), sender(std::move(offer), chunk) {}
  std::size_t index;
  files::Sender sender;
  SourceReader reader;
  DataChannel channel;
};

Delivery::Delivery(MainLoop& loop, const SourceList& sources,
                   std::function<void(std::optional<std::size_t>)> changed)
    : loop_(loop),
      sources_(sources),
      changed_(std::move(changed)),
      items_(sources.files.size()),
      buffer_(files::kMaxChunk) {
  tick();
}

Delivery::~Delivery() {
  *alive_ = false;
  loop_.cancel(ticker_);
}

void Delivery::begin(const PeerConnection& connection, bool folders) {
  pause();
  connection_ = connection;
  folders_ = folders;
  startMore();
}

void Delivery::pause() {
  connection_ = PeerConnection();
  const auto moving = moving_;  // closing changes the map
  for (const auto& [index, attempt] : moving) {
    attempt->sender.handleClosed();
    effects(attempt);
  }
}

bool Delivery::over() const {
  return std::all_of(items_.begin(), items_.end(), [](const Item& item) {
    return item.state != FileState::Waiting && item.state != FileState::Moving;
  });
}

std::uint64_t Delivery::received() const {
  std::uint64_t sum = 0;
  for (const Item& item : items_)
    sum += item.received;
  return sum;
}

std::size_t Delivery::count(FileState state) const {
  return static_cast<std::size_t>(std::count_if(
      items_.begin(), items_.end(), [&](const Item& item) { return item.state == state; }));
}

void Delivery::startMore() {
  for (std::size_t i = 0; i < items_.size() && connection_ && moving_.size() < kParallel; ++i)
    if (items_[i].state == FileState::Waiting) start(i);
}

void Delivery::start(std::size_t index) {
  const SourceFile& file = sources_.files[index];
  Item& item = items_[index];
  files::Offer offer = file.offer;
  if (item.attempts > 0)
    offer.id = fileId(file.path, offer.size, offer.lastModified, item.attempts);
  if (!folders_) {
    offer.path.clear();
    offer.group.reset();
  }
  DataChannelInit init;
  init.protocol = files::kProtocol;
  auto channel = connection_.createDataChannel(std::string(files::kLabelPrefix) + offer.id, init);
  if (!channel) return;  // the connection is closing; pause() follows
  auto attempt = std::make_shared<Attempt>(index, std::move(offer), channel->maxMessageSize());
  attempt->channel = *channel;
  item.state = FileState::Moving;
  moving_[index] = attempt;
  if (!attempt->reader.open(file)) {
    channel->close();
    return end(index, FileState::Unreadable, files::Reason::Changed);
  }
  channel->setBufferedAmountLowThreshold(kLowThreshold);
  // Of an attempt that was given up nothing is wanted any more.
  const std::weak_ptr<Attempt> weak = attempt;
  const auto with = [this, weak](auto&& what) {
    const auto now = weak.lock();
    if (!now || moving_.find(now->index) == moving_.end() || moving_[now->index] != now) return;
    what(*now);
    pump(now);
  };
  channel->onmessage([this, with](const Message& m) {
    with([&](Attempt& a) {
      if (m.isText) {
        a.sender.handleText(m.text(), loop_.now());
      } else {
        a.sender.handleBinary(loop_.now());
      }
    });
  });
  channel->onbufferedamountlow([with] { with([](Attempt&) {}); });
  channel->onclose([with] { with([](Attempt& a) { a.sender.handleClosed(); }); });
  channel->onopen([this, with] { with([&](Attempt& a) { a.sender.handleOpen(loop_.now()); }); });
}

bool Delivery::pumpOne(Attempt& attempt) {
  const auto read = attempt.sender.wanted(attempt.channel.bufferedAmount());
  if (!read) return false;
  const Bytes bytes = Bytes(buffer_).first(read->length);
  if (!attempt.reader.read(read->offset, bytes)) {
    const bool same = attempt.reader.unchanged(sources_.files[attempt.index]);
    attempt.sender.cancel(same ? files::Reason::ReadFailed : files::Reason::Changed);
    return false;
  }
  // It does not take more only when it is closing, which it will say.
  if (read->send && !attempt.channel.send(asStdBytes(bytes))) return false;
  // The last bytes: what was read before must not have changed meanwhile.
  if (read->offset + read->length == attempt.sender.offer().size &&
      !attempt.reader.unchanged(sources_.files[attempt.index])) {
    attempt.sender.cancel(files::Reason::Changed);
    return false;
  }
  attempt.sender.handleRead(bytes, loop_.now());
  return true;
}

void Delivery::pump(const std::shared_ptr<Attempt>& attempt) {
  std::size_t done = 0;
  bool more = true;
  while (more && done < kPumpBytes) {
    effects(attempt);
    more = pumpOne(*attempt);
    done += files::kUsualChunk;
  }
  effects(attempt);
  if (more) {
    loop_.post([this, alive = alive_, attempt] {
      if (*alive && !attempt->sender.over()) pump(attempt);
    });
  }
}

void Delivery::effects(const std::shared_ptr<Attempt>& attempt) {
  Item& item = items_[attempt->index];
  if (item.state == FileState::Moving && attempt->sender.received() != item.received) {
    item.received = attempt->sender.received();
    item.resumedFrom = attempt->sender.resumedFrom();
    changed_(std::nullopt);
  }
  while (auto effect = attempt->sender.pollEffect()) {
    if (const auto* text = std::get_if<files::SendText>(&*effect)) {
      attempt->channel.send(text->text).ignore();
    } else if (std::holds_alternative<files::CloseChannel>(*effect)) {
      attempt->channel.close();
    } else if (std::holds_alternative<files::Delivered>(*effect)) {
      item.received = attempt->sender.offer().size;
      end(attempt->index, FileState::Delivered, files::Reason::Cancelled);
    } else if (const auto* failure = std::get_if<files::Failed>(&*effect)) {
      failed(attempt->index, *failure);
    }
  }
}

void Delivery::failed(std::size_t index, const files::Failed& failure) {
  Item& item = items_[index];
  const bool busy = failure.byPeer && failure.reason == files::Reason::Busy;
  const bool again = (failure.mayResume && ++item.breaks <= kMostBreaks) || busy ||
                     (failure.corrupt && ++item.attempts == 1);
  if (!again) {
    const FileState state = failure.corrupt                               ? FileState::Corrupt
                            : failure.reason == files::Reason::Changed    ? FileState::Unreadable
                            : failure.reason == files::Reason::ReadFailed ? FileState::Unreadable
                                                                          : FileState::Refused;
    return end(index, state, failure.reason);
  }
  moving_.erase(index);
  if (failure.corrupt) item.received = 0;
  loop_.after(busy ? kBusyPause : Duration::zero(), [this, alive = alive_, index] {
    if (!*alive) return;
    items_[index].state = FileState::Waiting;
    startMore();
  });
}

void Delivery::end(std::size_t index, FileState state, files::Reason reason) {
  moving_.erase(index);
  items_[index].state = state;
  items_[index].reason = reason;
  changed_(index);
  loop_.post([this, alive = alive_] {
    if (*alive) startMore();
  });
}

void Delivery::tick() {
  const auto moving = moving_;
  for (const auto& [index, attempt] : moving) {
    attempt->sender.handleTimeout(loop_.now());
    effects(attempt);
  }
  ticker_ = loop_.after(1s, [this] { tick(); });
}

}  // namespace parley::cli
