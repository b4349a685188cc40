#include "sctp/wire/reconfig.h"

namespace parley::sctp {
namespace {

// A RE-CONFIG chunk with one parameter of this type and length; the value is the caller's to fill.
Bytes reconfigChunk(PacketWriter& w, ParameterType type, std::size_t valueLength) {
  const Bytes body = w.chunk(ChunkType::ReConfig, 0, 4 + valueLength);
  if (body.data() == nullptr) return {};
  storeBe16(body.data(), static_cast<std::uint16_t>(type));
  storeBe16(body.data() + 2, static_cast<std::uint16_t>(4 + valueLength));
  return body.subspan(4);
}

}  // namespace

std::optional<OutgoingResetView> readOutgoingReset(const ParameterView& p) {
  if (p.value.size() < 12 || p.value.size() % 2 != 0) return std::nullopt;
  ByteReader in(p.value);
  OutgoingResetView v;
  v.request = ReconfigSn{in.u32()};
  v.answersRequest = ReconfigSn{in.u32()};
  v.lastTsn = Tsn{in.u32()};
  v.streams = StreamList(in.rest());
  return v;
}

std::optional<IncomingResetView> readIncomingReset(const ParameterView& p) {
  if (p.value.size() < 4 || p.value.size() % 2 != 0) return std::nullopt;
  return IncomingResetView{ReconfigSn{loadBe32(p.value.data())}, StreamList(p.value.subspan(4))};
}

std::optional<AddStreamsView> readAddStreams(const ParameterView& p) {
  if (p.value.size() != 8) return std::nullopt;
  return AddStreamsView{ReconfigSn{loadBe32(p.value.data())}, loadBe16(p.value.data() + 4)};
}

std::optional<ReconfigResponseView> readReconfigResponse(const ParameterView& p) {
  // The two optional TSNs answer an SSN/TSN reset, which we never ask for.
  if (p.value.size() != 8 && p.value.size() != 16) return std::nullopt;
  return ReconfigResponseView{ReconfigSn{loadBe32(p.value.data())},
                              static_cast<ReconfigResult>(loadBe32(p.value.data() + 4))};
}

bool writeOutgoingReset(PacketWriter& w, ReconfigSn request, ReconfigSn answersRequest, Tsn lastTsn,
                        std::span<const StreamId> streams) {
  const Bytes value =
      reconfigChunk(w, ParameterType::OutgoingResetRequest, 12 + 2 * streams.size());
  if (value.data() == nullptr) return false;
  ByteWriter out(value);
  out.u32(request.value());
  out.u32(answersRequest.value());
  out.u32(lastTsn.value());
  for (const StreamId s : streams)
    out.u16(s.value());
  return true;
}

bool writeIncomingReset(PacketWriter& w, ReconfigSn request, std::span<const StreamId> streams) {
  const Bytes value = reconfigChunk(w, ParameterType::IncomingResetRequest, 4 + 2 * streams.size());
  if (value.data() == nullptr) return false;
  ByteWriter out(value);
  out.u32(request.value());
  for (const StreamId s : streams)
    out.u16(s.value());
  return true;
}

bool writeAddStreams(PacketWriter& w, ParameterType type, ReconfigSn request, std::uint16_t count) {
  const Bytes value = reconfigChunk(w, type, 8);
  if (value.data() == nullptr) return false;
  ByteWriter out(value);
  out.u32(request.value());
  out.u16(count);
  out.u16(0);
  return true;
}

bool writeReconfigResponse(PacketWriter& w, ReconfigSn request, ReconfigResult result) {
  const Bytes value = reconfigChunk(w, ParameterType::ReconfigResponse, 8);
  if (value.data() == nullptr) return false;
  ByteWriter out(value);
  out.u32(request.value());
  out.u32(static_cast<std::uint32_t>(result));
  return true;
}

}  // namespace parley::sctp
