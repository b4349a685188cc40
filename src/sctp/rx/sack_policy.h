// When a SACK is due (RFC 9260 section 6.2, RFC 7053): one a train; for every second packet while
// the sender seems to be in slow start or there is a gap; at once when asked for, for duplicates
// and when a gap closes; else after kDelay.
//
// A SACK for every second packet would cost as much as the data; but a sender of RFC 9260 grows its
// window by SACKs in slow start and counts them to find a loss, so there it pays.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace parley::sctp::rx {

class SackPolicy {
 public:
  // RFC 9260 allows 200 ms; the sender's tail-loss probe waits for it, so it is kept short.
  static constexpr Duration kDelay = 20ms;

  struct Packet {
    bool immediate = false;  // I bit, a duplicate, FORWARD TSN, first data
    bool gap = false;        // there is one, or was one before this packet
    bool slowStart = false;
  };

  // A packet with DATA came.
  void onPacket(const Packet& p, Time now) {
    ++packets_;
    if (deadline_ == kNever) deadline_ = now + kDelay;
    if (p.immediate) due_ = true;
    if (packets_ >= 2 && (p.gap || p.slowStart)) urgent_ = true;
    if (p.gap) gapSeen_ = true;
  }
  void endOfTrain() {
    if (packets_ >= 2 || gapSeen_ || urgent_) due_ = true;
  }
  void onTimeout(Time now) {
    if (deadline_ <= now) due_ = true;
  }
  void sendNow() { due_ = true; }
  void onSent() { *this = {}; }

  bool due() const { return due_ || urgent_; }
  // Within a train, too.
  bool urgent() const { return urgent_; }
  // There is something to acknowledge, be it due or not: a packet that leaves anyway takes it
  // along.
  bool pending() const { return due_ || packets_ > 0; }
  Time nextTimeout() const { return due() ? kNever : deadline_; }

 private:
  std::uint32_t packets_ = 0;  // since the last SACK
  bool due_ = false;
  bool urgent_ = false;
  bool gapSeen_ = false;
  Time deadline_ = kNever;
};

}  // namespace parley::sctp::rx
