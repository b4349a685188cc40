// The handshake (RFC 9260 sections 5.1, 5.2). Our tag and initial TSN are drawn once, so that
// whatever way two INITs cross, every INIT and INIT ACK of ours says the same; only an INIT that
// comes to an association that stands is answered with new ones, since it may be a restart.
#include <algorithm>

#include "sctp/association/core.h"
#include "sctp/free_memory.h"

namespace parley::sctp {
namespace {

// Zero is the tag of INITs (section 8.5.1).
VerificationTag drawTag(RandomSource& random) {
  std::uint32_t v = 0;
  while (v == 0)
    v = random.next32();
  return VerificationTag{v};
}

Extensions both(const Extensions& a, const Extensions& b) {
  return {a.forwardTsn && b.forwardTsn, a.reconfig && b.reconfig,
          // I-DATA alone cannot be had with partial reliability by FORWARD TSN (RFC 8260 section
          // 2.3.1), and every WebRTC stack that has one has the other.
          a.interleaving && b.interleaving, a.zeroChecksum && b.zeroChecksum};
}

}  // namespace

Association::Core::Core(const AssociationConfig& config, RandomSource& random)
    : config_(config), random_(random) {
  config_.mtu = std::clamp<std::size_t>(config_.mtu, 256, 65'532) & ~std::size_t{3};
  tag_ = drawTag(random_);
  initialTsn_ = Tsn{random_.next32()};
  random_.fill(cookieKey_);
  hashKey_ = random_.next64();
  mtuSearch_ = tx::MtuSearch(config_.mtu, config_.maxMtu & ~std::size_t{3});
  newSender();
}

void Association::Core::newSender() {
  tx::SenderConfig c;
  c.packetSize = config_.mtu;
  c.sendBuffer = config_.sendBufferLimit;
  c.controller = config_.controller;
  c.rttHint = config_.rttHint;
  sender_.emplace(c);
}

Duration Association::Core::firstTimeout() const {
  if (config_.rttHint <= Duration::zero()) return 500ms;
  return std::clamp<Duration>(3 * config_.rttHint, 50ms, 1s);
}

void Association::Core::connect(Time now) {
  if (state_ != State::Closed) return;
  state_ = State::CookieWait;
  due_.init = true;
  t1_.start(firstTimeout(), now);
}

bool Association::Core::isSensible(const InitView& init) const {
  return init.initiateTag != VerificationTag{} && init.outboundStreams != 0 &&
         init.inboundStreams != 0;
}

void Association::Core::handleInit(const CommonHeader& header, const ChunkView& chunk, bool alone,
                                   Time now) {
  // Sections 3.3.2, 6.10: alone in its packet, and with the tag 0.
  const auto init = readInit(chunk);
  if (!init || !alone || header.tag != VerificationTag{}) {
    ++counters_.packetsDropped;
    return;
  }
  if (!isSensible(*init)) {
    // Section 3.3.2: ABORT, with the peer's tag if it has one; our association is not touched.
    ++counters_.packetsDropped;
    return;
  }
  if (state_ == State::ShutdownAckSent) {
    due_.shutdownAck = true;  // section 9.2
    return;
  }
  answerInit(*init, now);
}

void Association::Core::answerInit(const InitView& init, Time now) {
  initAck_ = {};
  initAck_.localTag = tag_;
  initAck_.localInitialTsn = initialTsn_;
  if (state_ == State::CookieEchoed) {
    initAck_.localTieTag = tag_;  // section 5.2.1
    initAck_.peerTieTag = peer_.tag;
  } else if (state_ != State::Closed && state_ != State::CookieWait) {
    initAck_.localTag = drawTag(random_);  // section 5.2.2
    initAck_.localInitialTsn = Tsn{random_.next32()};
    initAck_.localTieTag = tag_;
    initAck_.peerTieTag = peer_.tag;
  }
  initAck_.peerTag = init.initiateTag;
  initAck_.peerInitialTsn = init.initialTsn;
  initAck_.peerWindow = init.advertisedWindow;
  initAck_.peerOutboundStreams = init.outboundStreams;
  initAck_.peerInboundStreams = init.inboundStreams;
  initAck_.peerExtensions = init.extensions;
  initAck_.made = now;
  due_.initAck = true;

  reported_.clear();
  init.forEachUnknown([this](const ParameterView& p) {
    const ConstBytes whole = p.whole();
    const std::size_t size = 4 + paddedSize(whole.size());
    if (reported_.size() + size > kMaxReported) return;
    const std::size_t at = reported_.size();
    reported_.resize(at + size);
    ByteWriter out(Bytes(reported_).subspan(at));
    writeParameter(out, ParameterType::UnrecognizedParameter, whole);
  });
}

void Association::Core::handleInitAck(const ChunkView& chunk, Time now) {
  if (state_ != State::CookieWait) return;  // section 5.2.3
  const auto ack = readInit(chunk);
  if (!ack) {
    ++counters_.packetsDropped;
    return;
  }
  peer_.tag = ack->initiateTag;
  if (!isSensible(*ack)) {
    endWithAbort(event::EndReason::ProtocolViolation, CauseCode::InvalidParameter,
                 "INIT ACK without tag or streams");
    return;
  }
  if (ack->cookie.empty()) {
    endWithAbort(event::EndReason::ProtocolViolation, CauseCode::ProtocolViolation,
                 "INIT ACK without a state cookie");
    return;
  }
  if (t1_.expiries() == 0 && initSentAt_ != kNever) measuredRtt_ = now - initSentAt_;
  cookie_.assign(ack->cookie.begin(), ack->cookie.end());
  adopt({ack->initiateTag, ack->initialTsn, ack->advertisedWindow, ack->outboundStreams,
         ack->inboundStreams, ack->extensions});
  sender_->start({initialTsn_, peer_.window,
                  used_.interleaving ? Interleaving::On : Interleaving::Off, used_.forwardTsn},
                 now);
  state_ = State::CookieEchoed;
  due_.init = false;
  due_.cookieEcho = true;
  t1_.start(measuredRtt_ > Duration::zero() ? std::clamp<Duration>(3 * measuredRtt_, 50ms, 1s)
                                            : firstTimeout(),
            now);
}

// What both sides can do, and a receiver that expects the peer's first TSN.
void Association::Core::adopt(const Peer& peer) {
  peer_ = peer;
  used_ = both(config_.extensions, peer.extensions);
  outbound_ = std::min(config_.outboundStreams, peer.inboundStreams);
  inbound_ = std::min(config_.inboundStreams, peer.outboundStreams);
  // RFC 9653 section 5.2: we send it when the peer takes it; we take it when we said so.
  sendZeroChecksum_ = used_.zeroChecksum;
  receiver_.emplace(rx::ReceiverConfig{{config_.maxReceivedMessage, config_.receiveBufferLimit},
                                       config_.initialReceiveWindow,
                                       config_.maxReceiveWindow},
                    peer.initialTsn, used_.interleaving ? Interleaving::On : Interleaving::Off,
                    hashKey_);
  receiver_->setRtt(measuredRtt_ > Duration::zero() ? measuredRtt_ : config_.rttHint);
  resets_ = {};
  resets_.start(initialTsn_, peer.initialTsn);
}

void Association::Core::establish(Time now) {
  state_ = State::Established;
  t1_.stop();
  due_.init = due_.cookieEcho = false;
  freeMemory(cookie_);
  news(event::Connected{outbound_, inbound_, used_});
  mtuSearch_.start(now);
  if (config_.heartbeatInterval != Duration::max()) scheduleHeartbeat(now);
  if (shutdownWanted_) shutdown(now);
}

bool Association::Core::handleCookieEcho(const CommonHeader& header, const ChunkView& chunk,
                                         Time now) {
  const auto cookie = StateCookie::read(chunk.value, cookieKey_);
  // Section 5.1.5: ours, and the tag of the packet is the one it was made for.
  if (!cookie || header.tag != cookie->localTag) {
    ++counters_.packetsDropped;
    return false;
  }
  const bool localMatches = cookie->localTag == tag_;
  const bool knowsPeer = state_ != State::Closed && state_ != State::CookieWait;
  const bool peerMatches = knowsPeer && cookie->peerTag == peer_.tag;
  if (now - cookie->made > StateCookie::kLife && !(localMatches && peerMatches)) {
    // Section 5.2.6; the measure of staleness is in microseconds.
    const auto stale = std::chrono::duration_cast<std::chrono::microseconds>(now - cookie->made -
                                                                             StateCookie::kLife);
    staleness_ = static_cast<std::uint32_t>(std::min<std::int64_t>(stale.count(), UINT32_MAX));
    staleTag_ = cookie->peerTag;
    due_.staleCookie = true;
    return false;
  }
  if (localMatches && peerMatches) {  // action D
    if (state_ == State::CookieEchoed) establish(now);
    due_.cookieAck = true;
    return true;
  }
  if (localMatches) {  // action B, and the way a side that only answers comes to stand
    const Peer peer{cookie->peerTag,
                    cookie->peerInitialTsn,
                    cookie->peerWindow,
                    cookie->peerOutboundStreams,
                    cookie->peerInboundStreams,
                    cookie->peerExtensions};
    if (state_ > State::CookieEchoed) return false;
    const bool started = state_ == State::CookieEchoed;
    // From INIT ACK to COOKIE ECHO: a round trip, or more when one of them was lost.
    if (measuredRtt_ <= Duration::zero()) measuredRtt_ = now - cookie->made;
    adopt(peer);
    if (!started) {
      sender_->start({initialTsn_, peer_.window,
                      used_.interleaving ? Interleaving::On : Interleaving::Off, used_.forwardTsn},
                     now);
    }
    establish(now);
    due_.cookieAck = true;
    return true;
  }
  const bool tied = knowsPeer && cookie->localTieTag == tag_ && cookie->peerTieTag == peer_.tag;
  if (!peerMatches && tied) {  // action A
    if (state_ == State::ShutdownAckSent) {
      due_.shutdownAck = due_.error = true;
      errorCause_ = CauseCode::CookieWhileShuttingDown;
      errorValue_.clear();
      return false;
    }
    restart(*cookie, now);
    return true;
  }
  return false;  // action C, or nothing the table knows
}

// The peer has lost all memory of the association and begins a new one (section 5.2.4, action A).
void Association::Core::restart(const StateCookie& cookie, Time now) {
  tag_ = cookie.localTag;
  initialTsn_ = cookie.localInitialTsn;
  due_ = {};
  t2_.stop();
  newSender();
  closing_.clear();
  adopt({cookie.peerTag, cookie.peerInitialTsn, cookie.peerWindow, cookie.peerOutboundStreams,
         cookie.peerInboundStreams, cookie.peerExtensions});
  sender_->start({initialTsn_, peer_.window,
                  used_.interleaving ? Interleaving::On : Interleaving::Off, used_.forwardTsn},
                 now);
  state_ = State::Established;
  due_.cookieAck = true;
  heartbeatOut_ = false;
  heartbeatsLost_ = 0;
  news(event::Restarted{});
}

void Association::Core::handleCookieAck(Time now) {
  if (state_ != State::CookieEchoed) return;  // section 5.2.5
  establish(now);
}

// Section 5.2.6: between INIT and COOKIE ECHO a minute went by; no path is so slow and alive.
void Association::Core::handleStaleCookie() {
  if (state_ != State::CookieEchoed) return;
  end(event::EndReason::HandshakeTimedOut, CauseCode::StaleCookie,
      "the peer found our cookie too old");
}

}  // namespace parley::sctp
