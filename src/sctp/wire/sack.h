// SACK (RFC 9260 section 3.3.4), as a view of a received one and as what is to be written.
#pragma once

#include <optional>
#include <span>

#include "sctp/wire/packet_reader.h"
#include "sctp/wire/packet_writer.h"

namespace parley::sctp {

// TSNs from cumulative + start to cumulative + end, both received.
struct GapBlock {
  std::uint16_t start = 0;
  std::uint16_t end = 0;
};

// Valid as long as the packet's bytes. The blocks are as the peer sent them: start may be past end,
// blocks may overlap or come in any order; whoever applies them must bear it.
class SackView {
 public:
  static std::optional<SackView> read(const ChunkView& chunk);

  Tsn cumulativeTsn() const { return Tsn{loadBe32(value_.data())}; }
  std::uint32_t advertisedWindow() const { return loadBe32(value_.data() + 4); }
  std::size_t gapCount() const { return loadBe16(value_.data() + 8); }
  std::size_t duplicateCount() const { return loadBe16(value_.data() + 10); }
  // i < gapCount()
  GapBlock gap(std::size_t i) const {
    const std::uint8_t* p = value_.data() + kFixed + 4 * i;
    return {loadBe16(p), loadBe16(p + 2)};
  }
  // i < duplicateCount()
  Tsn duplicate(std::size_t i) const {
    return Tsn{loadBe32(value_.data() + kFixed + 4 * (gapCount() + i))};
  }

 private:
  static constexpr std::size_t kFixed = 12;
  explicit SackView(ConstBytes value) : value_(value) {}
  ConstBytes value_;
};

struct SackFields {
  Tsn cumulativeTsn;
  std::uint32_t advertisedWindow = 0;
  std::span<const GapBlock> gaps;
  std::span<const Tsn> duplicates;
};

// Writes as many gap blocks as fit, then as many duplicates; false when not even the fixed part
// does.
bool writeSack(PacketWriter& w, const SackFields& sack);

}  // namespace parley::sctp
