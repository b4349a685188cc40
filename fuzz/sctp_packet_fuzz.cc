// SCTP packets by bytes: every reader, and what it gives written again and read again is the same.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "sctp/wire/crc32c.h"
#include "sctp/wire/data_chunk.h"
#include "sctp/wire/error_cause.h"
#include "sctp/wire/forward_tsn.h"
#include "sctp/wire/init.h"
#include "sctp/wire/reconfig.h"
#include "sctp/wire/sack.h"

namespace {

using namespace parley;
using namespace parley::sctp;

void require(bool holds) {
  if (!holds) std::abort();
}

// Chunks that are written into a packet of their own, to be read back.
class Again {
 public:
  PacketWriter& writer() { return writer_; }
  ChunkView read() {
    const std::size_t n = writer_.finish(Checksum::Crc32c);
    const auto packet = PacketView::parse(ConstBytes(room_).first(n), AcceptZeroChecksum::No);
    require(packet.ok());
    ChunkIterator it = packet->chunks();
    const auto chunk = it.next();
    require(chunk.has_value() && !it.next().has_value() && !it.malformed());
    return *chunk;
  }

 private:
  std::vector<std::uint8_t> room_ = std::vector<std::uint8_t>(70'000);
  PacketWriter writer_{room_, {}};
};

void data(const ChunkView& chunk, Interleaving i) {
  const auto d = i == Interleaving::On ? readIData(chunk) : readData(chunk);
  if (!d || d->payload.size() > 60'000) return;
  Again again;
  const Bytes body = writeData(again.writer(), i, *d, d->payload.size());
  require(body.size() == d->payload.size());
  std::memcpy(body.data(), d->payload.data(), body.size());
  const ChunkView c = again.read();
  const auto e = i == Interleaving::On ? readIData(c) : readData(c);
  require(e && e->tsn == d->tsn && e->stream == d->stream && e->flags == d->flags);
  require(e->fsn == d->fsn && e->ppid == d->ppid && e->payload.size() == d->payload.size());
}

void sack(const ChunkView& chunk) {
  const auto s = SackView::read(chunk);
  if (!s) return;
  std::vector<GapBlock> gaps;
  std::vector<Tsn> duplicates;
  for (std::size_t i = 0; i < s->gapCount(); ++i)
    gaps.push_back(s->gap(i));
  for (std::size_t i = 0; i < s->duplicateCount(); ++i)
    duplicates.push_back(s->duplicate(i));
  Again again;
  require(writeSack(again.writer(), {s->cumulativeTsn(), s->advertisedWindow(), gaps, duplicates}));
  const auto t = SackView::read(again.read());
  require(t && t->gapCount() <= gaps.size() && t->cumulativeTsn() == s->cumulativeTsn());
}

void forward(const ChunkView& chunk) {
  const auto f = ForwardTsnView::read(chunk);
  if (!f) return;
  std::vector<SkippedStream> skipped;
  for (std::size_t i = 0; i < f->skippedCount(); ++i)
    skipped.push_back(f->skipped(i));
  Again again;
  const Interleaving i =
      chunk.type == ChunkType::IForwardTsn ? Interleaving::On : Interleaving::Off;
  if (!writeForwardTsn(again.writer(), i, f->newCumulativeTsn(), skipped)) return;
  const auto g = ForwardTsnView::read(again.read());
  require(g && g->skippedCount() == skipped.size());
}

void init(const ChunkView& chunk) {
  const auto a = readInit(chunk);
  if (!a) return;
  std::size_t unknown = 0;
  a->forEachUnknown([&](const ParameterView& p) { unknown += p.whole().size(); });
  require(unknown <= chunk.value.size());
  Again again;
  if (!writeInit(again.writer(), chunk.type,
                 {a->initiateTag,
                  a->advertisedWindow,
                  a->outboundStreams,
                  a->inboundStreams,
                  a->initialTsn,
                  a->extensions,
                  a->cookie,
                  {}}))
    return;
  const auto b = readInit(again.read());
  require(b && b->initiateTag == a->initiateTag && b->initialTsn == a->initialTsn);
  require(b->cookie.size() == a->cookie.size());
}

void reconfig(const ChunkView& chunk) {
  ParameterIterator it(chunk.value);
  while (const auto p = it.next()) {
    if (const auto r = readOutgoingReset(*p)) {
      for (std::size_t i = 0; i < r->streams.size(); ++i)
        static_cast<void>(r->streams[i]);
    }
    if (const auto r = readIncomingReset(*p)) static_cast<void>(r->streams.size());
    static_cast<void>(readAddStreams(*p));
    static_cast<void>(readReconfigResponse(*p));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::vector<std::uint8_t> packet(bytes, bytes + size);
  if (size >= kCommonHeaderSize) {
    require(crc32c(packet) == crc32cPortable(packet));
    storeBe32(packet.data() + 8, packetChecksum(packet));
  }
  const auto view = PacketView::parse(packet, AcceptZeroChecksum::No);
  if (!view.ok()) return 0;
  ChunkIterator it = view->chunks();
  while (const auto chunk = it.next()) {
    switch (chunk->type) {
      case ChunkType::Data:
        data(*chunk, Interleaving::Off);
        break;
      case ChunkType::IData:
        data(*chunk, Interleaving::On);
        break;
      case ChunkType::Sack:
        sack(*chunk);
        break;
      case ChunkType::ForwardTsn:
      case ChunkType::IForwardTsn:
        forward(*chunk);
        break;
      case ChunkType::Init:
      case ChunkType::InitAck:
        init(*chunk);
        break;
      case ChunkType::ReConfig:
        reconfig(*chunk);
        break;
      default:
        static_cast<void>(firstCause(chunk->value));
    }
  }
  return 0;
}
