#include "sctp/rx/receiver.h"

#include <algorithm>

namespace parley::sctp::rx {

Receiver::Receiver(const ReceiverConfig& config, Tsn peersInitial, Interleaving interleaving,
                   std::uint64_t hashKey)
    : config_(config),
      tracker_(peersInitial),
      reassembly_(config.limits, hashKey),
      window_(config.initialWindow) {
  reassembly_.setInterleaving(interleaving);
}

Receiver::Verdict Receiver::handleData(const DataChunk& chunk) {
  packetHadData_ = true;
  ++stats_.chunks;
  packetImmediate_ = packetImmediate_ || chunk.wantsImmediateSack();
  switch (tracker_.judge(chunk.tsn)) {
    case DataTracker::Verdict::New:
      break;
    case DataTracker::Verdict::Duplicate:
      // Section 6.2: at once, since a SACK may have been lost.
      tracker_.noteDuplicate(chunk.tsn);
      packetImmediate_ = true;
      return Verdict::Ok;
    case DataTracker::Verdict::Refused:
      ++stats_.refused;
      packetImmediate_ = true;
      return Verdict::Ok;
  }
  switch (reassembly_.add(chunk)) {
    case Reassembly::Verdict::Taken:
      break;
    case Reassembly::Verdict::Refused:
      ++stats_.refused;
      return Verdict::Ok;
    case Reassembly::Verdict::TooLong:
      return Verdict::TooLong;
    case Reassembly::Verdict::Full:
      return Verdict::Full;
  }
  packetGap_ = packetGap_ || tracker_.hasGap();
  const Tsn before = tracker_.cumulative();
  tracker_.observe(chunk.tsn);
  if (packetGap_ && tracker_.cumulative() != before)
    reassembly_.dropLeftBehind(tracker_.cumulative());
  packetGap_ = packetGap_ || tracker_.hasGap();
  packetBytes_ += chunk.payload.size();
  return Verdict::Ok;
}

void Receiver::handleForwardTsn(const ForwardTsnView& forward) {
  packetHadData_ = packetImmediate_ = true;
  // One that is not ahead is a repetition: acknowledged again, else ignored (RFC 3758 section 3.6).
  if (!tracker_.forwardTo(forward.newCumulativeTsn())) return;
  reassembly_.skip(forward);
  reassembly_.dropLeftBehind(tracker_.cumulative());
}

void Receiver::endOfPacket(Time now) {
  if (!packetHadData_) return;
  if (packetBytes_ != 0) {
    stats_.bytes += packetBytes_;
    if (rounds_.onData(packetBytes_, now)) {
      const std::uint64_t wanted = 4 * rounds_.bytesPerRound();
      if (wanted > window_)
        window_ = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, config_.maxWindow));
    }
  }
  // Section 5.1: the first DATA is acknowledged at once, and the peer has its round trip.
  sacks_.onPacket({packetImmediate_ || first_, packetGap_, rounds_.looksLikeSlowStart()}, now);
  packetBytes_ = 0;
  packetHadData_ = packetImmediate_ = packetGap_ = first_ = false;
}

std::uint32_t Receiver::advertisedWindow() const {
  const std::size_t taken = reassembly_.waitingBytes() + heldByApplication_;
  const std::size_t memory = reassembly_.memory();
  const std::size_t limit = config_.limits.memory;
  std::size_t window = taken < window_ ? window_ - taken : 0;
  window = std::min(window, memory < limit ? limit - memory : 0);
  // Silly window syndrome (section 6.2): less than a packet is nothing.
  return window < 1500 ? 0 : static_cast<std::uint32_t>(std::min<std::size_t>(window, UINT32_MAX));
}

void Receiver::setHeldByApplication(std::size_t bytes) {
  const bool wasShut = advertisedWindow() == 0;
  heldByApplication_ = bytes;
  if (wasShut && advertisedWindow() != 0) sacks_.sendNow();
}

bool Receiver::writeSack(PacketWriter& w) const {
  std::array<GapBlock, kMaxGapBlocks> gaps;
  const std::size_t n = tracker_.hasGap() ? tracker_.gaps(gaps) : 0;
  const SackFields sack{tracker_.cumulative(), advertisedWindow(), std::span(gaps).first(n),
                        tracker_.duplicates()};
  return sctp::writeSack(w, sack);
}

void Receiver::sackSent() {
  tracker_.clearDuplicates();
  sacks_.onSent();
}

void Receiver::discard(Tsn tsn) {
  packetHadData_ = true;
  if (tracker_.judge(tsn) == DataTracker::Verdict::New) tracker_.observe(tsn);
}

void Receiver::trim() {
  tracker_.trim();
  reassembly_.trim();
}

}  // namespace parley::sctp::rx
