#include "dtls/session.h"

#include <algorithm>
#include <utility>

#include "dtls/handshake.h"

namespace parley::dtls {
namespace {

constexpr std::uint8_t kWarning = 1;
constexpr std::uint8_t kFatal = 2;
constexpr AlertCode kNoRenegotiation = 100;

}  // namespace

Session::Session(SessionConfig config, Context& context)
    : config_(std::move(config)), context_(&context) {}
Session::~Session() {
  end(state_);
}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

void Session::start(Time now, Duration roundTrip) {
  if (state_ != State::New) return;
  state_ = State::Connecting;
  handshake_ = std::make_unique<Handshake>(config_, *context_);
  handshake_->start(now,
                    std::clamp<Duration>(2 * roundTrip, kMinRetransmission, kMaxRetransmission));
  afterHandshakeStep();
}

void Session::setRemoteFingerprints(std::vector<crypto::Fingerprint> fingerprints, Time) {
  if (fingerprints.empty()) return;
  config_.remoteFingerprints = std::move(fingerprints);
  if (state_ != State::Connecting) return;
  if (handshake_) {
    handshake_->setFingerprints(config_.remoteFingerprints);
  } else {
    verifyPeer();
  }
}

void Session::close(Time) {
  if (records_ && (state_ == State::Connecting || state_ == State::Connected)) {
    sendAlert(kWarning, kCloseNotify);
  }
  if (state_ != State::Failed) end(State::Closed);
}

void Session::handleDatagram(Bytes datagram, Time now) {
  unread_ = {};
  while (state_ == State::Connecting && !datagram.empty()) {
    const auto record = firstRecord(datagram);
    if (!record) {
      ++stats_.rejected;
      return;
    }
    handleRecord(*record, now);
    datagram = datagram.subspan(record->whole.size());
  }
  if (state_ == State::Connected) unread_ = datagram;
}

void Session::handleRecord(const RecordView& record, Time now) {
  if (record.type == ContentType::ApplicationData) return keepEarly(record);
  if (handshake_) {
    handshake_->feed(record.whole, now);
    return afterHandshakeStep();
  }
  openRecord(record);
}

void Session::afterHandshakeStep() {
  stats_.retransmissions = handshake_->retransmissions();
  switch (handshake_->status()) {
    case Handshake::Status::Running:
      return;
    case Handshake::Status::Done:
      return takeOver();
    case Handshake::Status::Failed:
      return fail(handshake_->failure());
  }
}

void Session::takeOver() {
  auto result = handshake_->takeResult();
  out_ = std::move(handshake_->output());
  handshake_.reset();
  if (!result) return fail({Error{ErrorCode::Crypto, "DTLS: no keys"}, std::nullopt, false});
  records_.emplace(result->keys, result->nextSequence, result->nextNonce);
  nextPlainSequence_ = result->nextPlainSequence;
  finalFinished_ = result->finalFinished;
  remoteCertificate_ = std::move(result->certificate);
  cipherSuite_ = result->cipherSuite;
  srtpKeys_ = result->srtp;
  if (!config_.remoteFingerprints.empty()) verifyPeer();
}

void Session::verifyPeer() {
  const auto& all = config_.remoteFingerprints;
  const bool known = std::any_of(all.begin(), all.end(), [this](const crypto::Fingerprint& f) {
    return f.matches(remoteCertificate_);
  });
  if (known) return becomeConnected();
  // RFC 8122 section 5: the media session is torn down.
  sendAlert(kFatal, kBadCertificate);
  fail({Error{ErrorCode::Unauthorized, kWrongFingerprint}, kBadCertificate, false});
}

void Session::becomeConnected() {
  state_ = State::Connected;
  events_.push_back(Connected{srtpKeys_.profile});
}

void Session::fail(Failed failure) {
  end(State::Failed);
  events_.push_back(std::move(failure));
}

void Session::end(State state) {
  state_ = state;
  if (handshake_) out_ = std::move(handshake_->output());
  handshake_.reset();
  records_.reset();
  srtpKeys_.erase();
  early_.clear();
  unread_ = {};
}

// The peer has finished when we have not, or we do not know yet who it is.
void Session::keepEarly(const RecordView& record) {
  if (record.epoch != kProtectedEpoch || early_.size() >= kMaxEarlyRecords ||
      record.whole.size() > kMaxEarlyRecord) {
    ++stats_.rejected;
    return;
  }
  early_.emplace_back(record.whole.begin(), record.whole.end());
}

std::optional<Bytes> Session::nextApplicationData() {
  while (state_ == State::Connected && !early_.empty()) {
    earlyNow_ = std::move(early_.front());
    early_.erase(early_.begin());
    if (auto data = openRecord(*firstRecord(earlyNow_))) return data;
  }
  while (state_ == State::Connected && !unread_.empty()) {
    const auto record = firstRecord(unread_);
    if (!record) {
      ++stats_.rejected;
      unread_ = {};
      break;
    }
    unread_ = unread_.subspan(record->whole.size());
    if (auto data = openRecord(*record)) return data;
  }
  if (!earlyNow_.empty()) std::vector<std::uint8_t>().swap(earlyNow_);
  return std::nullopt;
}

// Application data is returned; what else the record may be is done.
std::optional<Bytes> Session::openRecord(const RecordView& record) {
  const auto plaintext = records_->open(record);
  if (!plaintext) {
    ++stats_.rejected;
    return std::nullopt;
  }
  switch (record.type) {
    case ContentType::ApplicationData:
      ++stats_.recordsReceived;
      stats_.bytesReceived += plaintext->size();
      return plaintext;
    case ContentType::Handshake:
      handleHandshakeMessage(*plaintext);
      break;
    case ContentType::Alert:
      handleAlert(*plaintext);
      break;
    case ContentType::ChangeCipherSpec:
      ++stats_.rejected;
      break;
  }
  return std::nullopt;
}

void Session::handleHandshakeMessage(ConstBytes message) {
  if (message.empty()) return;
  // RFC 6347 section 4.2.4: who sends the last flight answers a repeated one of the peer.
  if (message[0] == kFinished) return resendFinalFlight();
  // RFC 5746 section 4.2 and RFC 8827 section 6.5: renegotiation is refused.
  const bool renegotiates = message[0] == kClientHello || message[0] == kHelloRequest;
  if (renegotiates) sendAlert(kWarning, kNoRenegotiation);
}

void Session::handleAlert(ConstBytes alert) {
  if (alert.size() != 2) return;
  const AlertCode code = alert[1];
  if (code == kCloseNotify) {
    sendAlert(kWarning, kCloseNotify);  // RFC 5246 section 7.2.1
    end(State::Closed);
    events_.push_back(Closed{});
  } else if (alert[0] == kFatal) {
    fail({Error{ErrorCode::Refused, "the peer ended the DTLS association"}, code, true});
  }
}

void Session::resendFinalFlight() {
  if (!finalFinished_) return;
  ++stats_.retransmissions;
  std::vector<std::uint8_t> datagram(kRecordHeader + 1);
  writeRecordHeader(datagram.data(), ContentType::ChangeCipherSpec, 0, nextPlainSequence_++, 1);
  datagram[kRecordHeader] = 1;
  sendProtected(ContentType::Handshake, *finalFinished_, datagram);
  out_.push(datagram);
}

void Session::sendProtected(ContentType type, ConstBytes content,
                            std::vector<std::uint8_t>& datagram) {
  const std::size_t at = datagram.size();
  datagram.resize(at + records_->overhead() + content.size());
  const Bytes room = Bytes(datagram).subspan(at);
  std::copy(content.begin(), content.end(), room.begin() + static_cast<std::ptrdiff_t>(headroom()));
  datagram.resize(at + records_->seal(type, room, content.size()));
}

void Session::sendAlert(std::uint8_t level, AlertCode alert) {
  std::vector<std::uint8_t> datagram;
  const std::array<std::uint8_t, 2> content{level, alert};
  sendProtected(ContentType::Alert, content, datagram);
  out_.push(datagram);
}

std::size_t Session::pollDatagram(Bytes room, Time) {
  return handshake_ ? handshake_->output().pop(room) : out_.pop(room);
}

Result<std::size_t> Session::seal(ConstBytes plaintext, Bytes room) {
  if (state_ != State::Connected) return Error{ErrorCode::Closed, "seal a DTLS record"};
  if (plaintext.size() > kMaxPlaintext || room.size() < plaintext.size() + overhead()) {
    return Error{ErrorCode::Limit, "seal a DTLS record", static_cast<std::int32_t>(room.size())};
  }
  std::uint8_t* at = room.data() + headroom();
  if (at != plaintext.data() && !plaintext.empty()) {
    std::memmove(at, plaintext.data(), plaintext.size());
  }
  const std::size_t size = records_->seal(ContentType::ApplicationData, room, plaintext.size());
  if (size == 0) return Error{ErrorCode::Limit, "seal a DTLS record: sequence numbers used up"};
  ++stats_.recordsSent;
  stats_.bytesSent += plaintext.size();
  return size;
}

std::size_t Session::headroom() const {
  return records_ ? records_->headroom() : kMaxHeadroom;
}
std::size_t Session::overhead() const {
  return headroom() + kTagSize;
}

Time Session::nextTimeout() const {
  return handshake_ ? handshake_->nextTimeout() : kNever;
}

void Session::handleTimeout(Time now) {
  if (!handshake_) return;
  handshake_->handleTimeout(now);
  afterHandshakeStep();
}

std::optional<Session::Event> Session::pollEvent() {
  if (events_.empty()) return std::nullopt;
  Event e = std::move(events_.front());
  events_.erase(events_.begin());
  return e;
}

std::optional<SrtpKeys> Session::exportSrtpKeys() const {
  if (state_ != State::Connected || srtpKeys_.profile == SrtpProfile::None) return std::nullopt;
  return srtpKeys_;
}

}  // namespace parley::dtls
