// What goes into the next packet: control first, then the SACK, then data (RFC 9260 section 6.10).
#include <algorithm>

#include "sctp/association/core.h"

namespace parley::sctp {

Checksum Association::Core::checksum() const {
  return sendZeroChecksum_ ? Checksum::Zero : Checksum::Crc32c;
}

bool Association::Core::maySendData() const {
  return state_ == State::Established || state_ == State::ShutdownPending ||
         state_ == State::ShutdownReceived;
}

// INIT, INIT ACK, SHUTDOWN COMPLETE (section 6.10) and ABORT go alone; 0: none of them is due.
std::size_t Association::Core::writeAlone(Bytes room) {
  const auto header = [this](VerificationTag tag) {
    return CommonHeader{config_.localPort, config_.remotePort, tag};
  };
  if (due_.abort) {
    PacketWriter w(room, header(peer_.tag));
    due_.abort = false;
    writeAbort(w, 0, abortCause_, asBytes(abortText_));
    return w.finish(checksum());
  }
  if (due_.shutdownComplete) {
    PacketWriter w(room, header(peer_.tag));
    due_.shutdownComplete = false;
    w.chunk(ChunkType::ShutdownComplete, 0, ConstBytes{});
    return w.finish(checksum());
  }
  if (due_.staleCookie) {  // there is no association that it could belong to
    PacketWriter w(room, header(staleTag_));
    due_.staleCookie = false;
    std::array<std::uint8_t, 4> value{};
    storeBe32(value.data(), staleness_);
    writeError(w, CauseCode::StaleCookie, value);
    return w.finish(Checksum::Crc32c);
  }
  if (due_.initAck) {
    PacketWriter w(room, header(initAck_.peerTag));
    due_.initAck = false;
    writeInitAck(w);
    return w.finish(Checksum::Crc32c);
  }
  if (due_.init) {
    PacketWriter w(room, header(VerificationTag{}));
    due_.init = false;
    writeInit(w, ChunkType::Init,
              {tag_,
               static_cast<std::uint32_t>(config_.initialReceiveWindow),
               config_.outboundStreams,
               config_.inboundStreams,
               initialTsn_,
               config_.extensions,
               {},
               {}});
    return w.finish(Checksum::Crc32c);
  }
  return 0;
}

void Association::Core::writeInitAck(PacketWriter& w) {
  const StateCookie::Wire cookie = initAck_.write(cookieKey_);
  InitFields f{initAck_.localTag,
               static_cast<std::uint32_t>(config_.initialReceiveWindow),
               config_.outboundStreams,
               config_.inboundStreams,
               initAck_.localInitialTsn,
               config_.extensions,
               cookie,
               reported_};
  if (!writeInit(w, ChunkType::InitAck, f)) {
    f.unrecognized = {};
    writeInit(w, ChunkType::InitAck, f);
  }
}

void Association::Core::writeControl(PacketWriter& w, Time now) {
  const auto write = [&](bool& due, ChunkType type, ConstBytes body) {
    if (due && w.chunk(type, 0, body)) due = false;
  };
  write(due_.cookieAck, ChunkType::CookieAck, {});
  write(due_.heartbeatAck, ChunkType::HeartbeatAck, heartbeat_);
  if (due_.error && writeError(w, errorCause_, errorValue_)) due_.error = false;
  if (due_.heartbeat) {
    write(due_.heartbeat, ChunkType::Heartbeat, heartbeatInfo(0, now));
  }
  if (resets_.wantsToSend()) resets_.write(w);
  if (due_.shutdown) {
    std::array<std::uint8_t, 4> tsn{};
    storeBe32(tsn.data(), receiver_->cumulativeTsn().value());
    write(due_.shutdown, ChunkType::Shutdown, tsn);
  }
  write(due_.shutdownAck, ChunkType::ShutdownAck, {});
}

std::array<std::uint8_t, Association::Core::kHeartbeatInfo> Association::Core::heartbeatInfo(
    std::size_t probe, Time now) {
  std::array<std::uint8_t, kHeartbeatInfo> info{};
  storeBe16(info.data(), static_cast<std::uint16_t>(ParameterType::HeartbeatInfo));
  storeBe16(info.data() + 2, static_cast<std::uint16_t>(info.size()));
  storeBe64(info.data() + 4, static_cast<std::uint64_t>(now.time_since_epoch().count()));
  storeBe32(info.data() + 12, static_cast<std::uint32_t>(probe));
  return info;
}

// RFC 8899 section 6.2.1.3: a HEARTBEAT, and PAD (RFC 4820) up to the size; 0: no probe is due.
std::size_t Association::Core::writeMtuProbe(Bytes room, Time now, Allowance allowance) {
  if (state_ != State::Established) return 0;
  const auto size = mtuSearch_.due(now);
  if (!size || allowance.bytes < *size) return 0;
  if (*size > room.size()) {
    mtuSearch_.limit(room.size(), now);
    return 0;
  }
  PacketWriter w(room.first(*size), {config_.localPort, config_.remotePort, peer_.tag});
  w.chunk(ChunkType::Heartbeat, 0, ConstBytes(heartbeatInfo(*size, now)));
  const Bytes padding = w.chunk(ChunkType::Pad, 0, w.spaceLeft() - kChunkHeaderSize);
  std::fill(padding.begin(), padding.end(), std::uint8_t{0});
  mtuSearch_.onProbeSent(sender_->rto(), now);
  return w.finish(checksum());
}

std::size_t Association::Core::pollPacket(Bytes room, Time now, Allowance allowance) {
  const Bytes whole = room;
  room = room.first(std::min(room.size(), sender_->packetRoom()));
  std::size_t n = 0;
  if (due_.init && initSentAt_ == kNever) initSentAt_ = now;
  if (due_.alone()) n = writeAlone(room);
  if (n == 0) n = writeMtuProbe(whole, now, allowance);
  if (n == 0 && receiver_ && state_ != State::Ended) n = writeTogether(room, now, allowance);
  if (n != 0) {
    ++counters_.packetsSent;
    counters_.bytesSent += n;
  }
  return n;
}

std::size_t Association::Core::writeTogether(Bytes room, Time now, Allowance allowance) {
  PacketWriter w(room, {config_.localPort, config_.remotePort, peer_.tag});
  bool withCookie = false;
  if (state_ == State::CookieEchoed) {
    // Section 5.1: the COOKIE ECHO comes first, data may follow in its packet, and nothing else
    // goes before the COOKIE ACK.
    if (!due_.cookieEcho || !w.chunk(ChunkType::CookieEcho, 0, cookie_)) return 0;
    due_.cookieEcho = false;
    withCookie = true;
  } else {
    writeControl(w, now);
  }
  // A SACK that may wait goes along with what leaves anyway; alone it is not worth a packet.
  const rx::SackPolicy& sacks = receiver_->sacks();
  const bool sackDue = sacks.due() || !w.empty();
  const bool hasSack = sacks.pending() && receiver_->writeSack(w);
  const bool hasData =
      (maySendData() || withCookie) && allowance.bytes >= room.size() && sender_->fill(w, now);
  if (hasSack) {
    if (!sackDue && !hasData) return 0;
    receiver_->sackSent();
    ++counters_.sacksSent;
  }
  return w.finish(withCookie ? Checksum::Crc32c : checksum());
}

}  // namespace parley::sctp
