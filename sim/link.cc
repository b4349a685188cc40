#include "sim/link.h"

#include <algorithm>

namespace parley::sim {

std::vector<Link::Delivery>& Link::send(Packet&& packet, Time now) {
  deliveries_.clear();
  ++statistics_.sent;
  if (packet.size() > conditions_.mtu) {
    ++statistics_.tooLarge;
    return deliveries_;
  }
  const std::optional<Time> departed = departure(packet, now);
  if (!departed) {
    ++statistics_.queueFull;
    return deliveries_;
  }
  if (isLost()) {
    ++statistics_.lost;
    return deliveries_;
  }
  if (!packet.payload.empty() && chance(conditions_.corrupt)) corrupt(packet);
  const bool twice = chance(conditions_.duplicate);
  deliveries_.push_back({arrival(*departed), std::move(packet)});
  if (twice) {
    ++statistics_.duplicated;
    deliveries_.push_back({arrival(*departed), deliveries_.front().packet});
  }
  statistics_.delivered += deliveries_.size();
  return deliveries_;
}

bool Link::isLost() {
  bool lost = conditions_.down || chance(conditions_.loss);
  if (conditions_.burst) {
    const GilbertElliott& model = *conditions_.burst;
    bad_ = bad_ ? !chance(model.toGood) : chance(model.toBad);
    lost = chance(bad_ ? model.lossInBad : model.lossInGood) || lost;
  }
  return lost;
}

std::optional<Time> Link::departure(Packet& packet, Time now) {
  if (conditions_.rate == DataRate{}) return now;
  const Time start = std::max(now, busyUntil_);
  const double waiting = static_cast<double>((start - now).count()) * 1e-9 *
                         static_cast<double>(conditions_.rate.bitsPerSecond()) / 8;
  if (waiting + static_cast<double>(packet.size()) > static_cast<double>(conditions_.queue.bytes()))
    return std::nullopt;
  // RFC 3168 section 5: only who understands ECN is marked.
  if (conditions_.markAbove && packet.ecn != Ecn::NotEct &&
      waiting > static_cast<double>(conditions_.markAbove->bytes()))
    packet.ecn = Ecn::Ce;
  busyUntil_ = start + transmissionTime(ByteCount{packet.size()}, conditions_.rate);
  return busyUntil_;
}

Time Link::arrival(Time departed) {
  Time when = departed + conditions_.delay;
  const auto upTo = [this](Duration most) {
    return Duration{
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()) + 1))};
  };
  if (conditions_.jitter > Duration{}) when += upTo(conditions_.jitter);
  if (chance(conditions_.reorder)) {
    ++statistics_.reordered;
    return std::max(when, lastArrival_) + upTo(conditions_.reorderDelay);
  }
  lastArrival_ = std::max(when, lastArrival_);
  return lastArrival_;
}

void Link::corrupt(Packet& packet) {
  ++statistics_.corrupted;
  packet.corrupted = true;
  const std::uint64_t bit = random_.below(packet.payload.size() * 8);
  packet.payload[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
}

}  // namespace parley::sim
