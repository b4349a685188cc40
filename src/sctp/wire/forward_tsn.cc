#include "sctp/wire/forward_tsn.h"

namespace parley::sctp {
namespace {
constexpr std::size_t kEntry = 4;
constexpr std::size_t kInterleavedEntry = 8;
}  // namespace

std::optional<ForwardTsnView> ForwardTsnView::read(const ChunkView& chunk) {
  const std::size_t entry = chunk.type == ChunkType::IForwardTsn ? kInterleavedEntry : kEntry;
  if (chunk.value.size() < 4 || (chunk.value.size() - 4) % entry != 0) return std::nullopt;
  return ForwardTsnView(chunk.value, entry);
}

SkippedStream ForwardTsnView::skipped(std::size_t i) const {
  const std::uint8_t* p = value_.data() + 4 + i * entrySize_;
  if (entrySize_ == kEntry) return {StreamId{loadBe16(p)}, false, Mid{loadBe16(p + 2)}};
  return {StreamId{loadBe16(p)}, (p[3] & 1) != 0, Mid{loadBe32(p + 4)}};
}

bool writeForwardTsn(PacketWriter& w, Interleaving interleaving, Tsn newCumulativeTsn,
                     std::span<const SkippedStream> skipped) {
  const bool i = interleaving == Interleaving::On;
  const std::size_t entry = i ? kInterleavedEntry : kEntry;
  const Bytes body =
      w.chunk(i ? ChunkType::IForwardTsn : ChunkType::ForwardTsn, 0, 4 + entry * skipped.size());
  if (body.data() == nullptr) return false;
  ByteWriter out(body);
  out.u32(newCumulativeTsn.value());
  for (const SkippedStream& s : skipped) {
    out.u16(s.stream.value());
    if (i) {
      out.u16(s.unordered ? 1 : 0);
      out.u32(s.mid.value());
    } else {
      out.u16(static_cast<std::uint16_t>(s.mid.value()));
    }
  }
  return true;
}

}  // namespace parley::sctp
