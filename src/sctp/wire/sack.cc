#include "sctp/wire/sack.h"

#include <algorithm>

namespace parley::sctp {

std::optional<SackView> SackView::read(const ChunkView& chunk) {
  if (chunk.value.size() < kFixed) return std::nullopt;
  const SackView view(chunk.value);
  if (chunk.value.size() < kFixed + 4 * (view.gapCount() + view.duplicateCount()))
    return std::nullopt;
  return view;
}

bool writeSack(PacketWriter& w, const SackFields& sack) {
  constexpr std::size_t kFixed = 16;  // with the chunk header
  if (!w.fits(kFixed)) return false;
  const std::size_t room = (w.spaceLeft() - kFixed) / 4;
  const std::size_t gaps = std::min(sack.gaps.size(), room);
  const std::size_t duplicates = std::min(sack.duplicates.size(), room - gaps);
  const Bytes body =
      w.chunk(ChunkType::Sack, 0, kFixed - kChunkHeaderSize + 4 * (gaps + duplicates));
  ByteWriter out(body);
  out.u32(sack.cumulativeTsn.value());
  out.u32(sack.advertisedWindow);
  out.u16(static_cast<std::uint16_t>(gaps));
  out.u16(static_cast<std::uint16_t>(duplicates));
  for (const GapBlock& g : sack.gaps.first(gaps)) {
    out.u16(g.start);
    out.u16(g.end);
  }
  for (const Tsn t : sack.duplicates.first(duplicates))
    out.u32(t.value());
  return true;
}

}  // namespace parley::sctp
