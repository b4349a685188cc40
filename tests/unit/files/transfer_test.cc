// A sender and a receiver with a channel between them that delivers when the test says so.
#include <gtest/gtest.h>

#include <deque>

#include "files/receiver.h"
#include "files/sender.h"

namespace parley::files {
namespace {

using Content = std::vector<std::uint8_t>;

Content content(std::size_t size) {
  Content out(size);
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  return out;
}

struct Packet {
  bool text = false;
  Content bytes;
};

class Transfer {
 public:
  explicit Transfer(Content file, std::uint32_t window = kUsualWindow)
      : file_(std::move(file)), window_(window) {
    offer_ = {"f1", "a.bin", file_.size(), "", 1000, {}, {}};
    connect();
  }

  // A new channel for the same file.
  void connect() {
    sender_.emplace(offer_, kUsualChunk);
    receiver_.emplace("f1", now_);
    toReceiver_.clear();
    toSender_.clear();
    sender_->handleOpen(now_);
  }
  void breakChannel() {
    toReceiver_.clear();
    toSender_.clear();
    sender_->handleClosed();
    receiver_->handleClosed();
    effects();
  }

  // One step of each; whether anything moved.
  bool step(std::size_t buffered = 0) {
    bool moved = effects();
    if (const auto read = sender_->wanted(buffered)) {
      const ConstBytes bytes = ConstBytes(file_).subspan(read->offset, read->length);
      if (read->send) toReceiver_.push_back({false, Content(bytes.begin(), bytes.end())});
      sender_->handleRead(bytes, now_);
      moved = true;
    }
    moved |= effects();
    if (!toReceiver_.empty()) {
      const Packet p = std::move(toReceiver_.front());
      toReceiver_.pop_front();
      if (p.text) {
        receiver_->handleText(asText(p.bytes), now_);
      } else {
        const ConstBytes keep = receiver_->handleBinary(p.bytes, now_);
        disk_.insert(disk_.end(), keep.begin(), keep.end());
        unstored_ += keep.size();
        if (autoStore_) store();
      }
      moved = true;
    }
    moved |= effects();
    if (!toSender_.empty()) {
      sender_->handleText(asText(toSender_.front().bytes), now_);
      toSender_.pop_front();
      moved = true;
    }
    return effects() || moved;
  }
  void run() {
    while (step()) {
    }
  }
  void store() {
    receiver_->stored(unstored_);
    unstored_ = 0;
  }

  Content file_;
  Content disk_;
  std::uint32_t window_;
  Offer offer_;
  std::optional<Sender> sender_;
  std::optional<Receiver> receiver_;
  std::deque<Packet> toReceiver_, toSender_;
  Time now_{1000s};
  bool autoStore_ = true;
  std::uint64_t unstored_ = 0;
  bool decide_ = true;
  bool delivered_ = false;
  bool complete_ = false;
  std::optional<Failed> sendFailed_, receiveFailed_;

 private:
  static Packet text(const SendText& t) {
    const ConstBytes b = asBytes(t.text);
    return {true, Content(b.begin(), b.end())};
  }
  bool effects() {
    bool any = false;
    while (auto e = sender_->pollEffect()) {
      any = true;
      if (const auto* t = std::get_if<SendText>(&*e)) toReceiver_.push_back(text(*t));
      if (std::holds_alternative<Delivered>(*e)) delivered_ = true;
      if (const auto* f = std::get_if<Failed>(&*e)) sendFailed_ = *f;
    }
    while (auto e = receiver_->pollEffect()) {
      any = true;
      if (const auto* t = std::get_if<SendText>(&*e)) toSender_.push_back(text(*t));
      if (std::holds_alternative<Offered>(*e) && decide_) decide();
      if (std::holds_alternative<Complete>(*e)) {
        complete_ = true;
        receiver_->named();
      }
      if (const auto* f = std::get_if<Failed>(&*e)) receiveFailed_ = *f;
    }
    return any;
  }
  void decide() {
    crypto::Sha256 hash;
    hash.update(disk_);
    receiver_->accept(disk_.size(), std::move(hash), window_, now_);
  }
};

TEST(Transfer, TheFileArrives) {
  for (const std::size_t size : {0, 1, 65'535, 65'536, 65'537, 3'000'000}) {
    Transfer t(content(size), kMinWindow);
    t.run();
    EXPECT_TRUE(t.delivered_ && t.complete_) << size;
    EXPECT_EQ(t.disk_, t.file_) << size;
    EXPECT_TRUE(t.sender_->over() && t.receiver_->over());
  }
}

TEST(Transfer, ASlowDiskStopsTheSender) {
  Transfer t(content(1'000'000), 100'000);
  t.autoStore_ = false;
  t.run();
  EXPECT_EQ(t.disk_.size(), 100'000u);
  EXPECT_FALSE(t.sender_->wanted(0));
  t.store();
  t.run();
  EXPECT_EQ(t.disk_.size(), 200'000u);
  t.autoStore_ = true;
  t.store();
  t.run();
  EXPECT_TRUE(t.delivered_);
  EXPECT_EQ(t.disk_, t.file_);
}

TEST(Transfer, AFullChannelStopsTheSender) {
  Transfer t(content(1'000'000));
  for (int i = 0; i < 4; ++i)
    t.step(Sender::kMostBuffered);
  EXPECT_TRUE(t.sender_->accepted());
  EXPECT_EQ(t.sender_->sent(), 0u);
}

TEST(Transfer, GoesOnWhereItBroke) {
  Transfer t(content(2'000'000), kMinWindow);
  while (t.disk_.size() < 700'000)
    ASSERT_TRUE(t.step());
  t.breakChannel();
  ASSERT_TRUE(t.sendFailed_ && t.receiveFailed_);
  EXPECT_TRUE(t.sendFailed_->mayResume && t.receiveFailed_->mayResume);
  const std::size_t kept = t.disk_.size();
  t.connect();
  t.run();
  EXPECT_EQ(t.sender_->resumedFrom(), kept);
  EXPECT_TRUE(t.delivered_);
  EXPECT_EQ(t.disk_, t.file_);
}

TEST(Transfer, AllWasThereAndOnlyTheWordGotLost) {
  Transfer t(content(100'000));
  t.disk_ = t.file_;
  t.run();
  EXPECT_TRUE(t.delivered_);
  EXPECT_EQ(t.disk_.size(), t.file_.size());
}

TEST(Transfer, AWrongBeginningIsFound) {
  Transfer t(content(300'000));
  t.disk_.assign(1000, 7);
  t.run();
  EXPECT_FALSE(t.delivered_);
  EXPECT_FALSE(t.complete_);
  ASSERT_TRUE(t.sendFailed_ && t.receiveFailed_);
  EXPECT_TRUE(t.sendFailed_->corrupt && t.receiveFailed_->corrupt);
}

TEST(Transfer, EitherSideMayCancel) {
  {
    Transfer t(content(1'000'000), kMinWindow);
    for (int i = 0; i < 6; ++i)
      t.step();
    t.sender_->cancel(Reason::Changed);
    t.run();
    EXPECT_EQ(t.receiveFailed_->reason, Reason::Changed);
    EXPECT_TRUE(t.receiveFailed_->byPeer && !t.receiveFailed_->mayResume);
  }
  {
    Transfer t(content(1'000'000), kMinWindow);
    for (int i = 0; i < 6; ++i)
      t.step();
    t.receiver_->cancel(Reason::NoSpace);
    t.run();
    EXPECT_EQ(t.sendFailed_->reason, Reason::NoSpace);
    EXPECT_TRUE(t.sendFailed_->byPeer);
  }
  {
    Transfer t(content(10));
    t.decide_ = false;
    t.run();
    t.receiver_->reject(Reason::Declined);
    t.run();
    EXPECT_EQ(t.sendFailed_->reason, Reason::Declined);
  }
}

TEST(Transfer, TimeRunsOutOnlyWhereSomethingIsDue) {
  Transfer t(content(10));
  t.decide_ = false;
  t.run();
  t.sender_->handleTimeout(t.now_ + 9min);
  EXPECT_FALSE(t.sender_->over());
  t.sender_->handleTimeout(t.now_ + kPatience);
  EXPECT_TRUE(t.sender_->over());

  Transfer u(content(1'000'000), kMinWindow);
  u.autoStore_ = false;
  u.run();
  EXPECT_EQ(u.sender_->nextTimeout(), u.now_ + kStall);
  u.sender_->handleTimeout(u.now_ + kStall);
  u.run();
  EXPECT_EQ(u.receiveFailed_->reason, Reason::Timeout);
  EXPECT_EQ(u.sender_->nextTimeout(), kNever);
}

TEST(Receiver, TakesNothingOutOfTurn) {
  const std::string offer = writeMessage(Offer{"f1", "a", 10, "", 0, {}, {}});
  const Content ten(10, 1);
  const Time now{1s};
  {
    Receiver r("f1", now);  // bytes before anything
    EXPECT_TRUE(r.handleBinary(ten, now).empty());
    EXPECT_TRUE(r.over());
  }
  {
    Receiver r("f2", now);  // the id is not the label's
    r.handleText(offer, now);
    EXPECT_TRUE(r.over());
  }
  {
    Receiver r("f1", now);  // bytes before accept
    r.handleText(offer, now);
    EXPECT_TRUE(r.handleBinary(ten, now).empty());
    EXPECT_TRUE(r.over());
  }
  {
    Receiver r("f1", now);  // more than was offered
    r.handleText(offer, now);
    r.accept(0, crypto::Sha256(), kMinWindow, now);
    EXPECT_TRUE(r.handleBinary(Content(11, 1), now).empty());
    EXPECT_TRUE(r.over());
  }
  {
    Receiver r("f1", now);  // done too early
    r.handleText(offer, now);
    r.accept(0, crypto::Sha256(), kMinWindow, now);
    r.handleText(writeMessage(Done{10, std::string(64, '0')}), now);
    EXPECT_TRUE(r.over());
  }
  {
    Receiver r("f1", now);  // a name that leaves the folder
    r.handleText(
        R"({"v":1,"type":"offer","id":"f1","name":"../x","size":1,"mime":"","lastModified":0})",
        now);
    const auto effect = r.pollEffect();
    ASSERT_TRUE(effect && std::holds_alternative<SendText>(*effect));
    EXPECT_NE(std::get<SendText>(*effect).text.find("bad-name"), std::string::npos);
    EXPECT_TRUE(r.over());
  }
}

TEST(Sender, BelievesNoImpossibleReceiver) {
  const Offer offer{"f1", "a", 10, "", 0, {}, {}};
  const Time now{1s};
  const auto began = [&] {
    Sender s(offer, kUsualChunk);
    s.handleOpen(now);
    return s;
  };
  for (const FileMessage& m :
       std::vector<FileMessage>{Accept{11, kMinWindow}, Progress{0}, Verified{true}, Offer{offer},
                                Done{0, std::string(64, '0')}}) {
    Sender s = began();
    s.handleText(writeMessage(m), now);
    EXPECT_TRUE(s.over()) << writeMessage(m);
  }
  Sender s = began();
  s.handleText(writeMessage(Accept{0, kMinWindow}), now);
  s.handleText(writeMessage(Progress{1}), now);  // nothing was sent
  EXPECT_TRUE(s.over());
  Sender b = began();
  b.handleBinary(now);
  EXPECT_TRUE(b.over());
}

}  // namespace
}  // namespace parley::files
