#include "sctp/wire/error_cause.h"

#include <algorithm>

namespace parley::sctp {
namespace {

bool writeCauseChunk(PacketWriter& w, ChunkType type, std::uint8_t flags, CauseCode cause,
                     ConstBytes value) {
  if (cause == CauseCode::None) return w.chunk(type, flags, ConstBytes{});
  if (!w.fits(kChunkHeaderSize + 4)) return false;
  // The longest value that still fits with its padding.
  const std::size_t most = (w.spaceLeft() - kChunkHeaderSize - 4) & ~std::size_t{3};
  value = value.first(std::min(value.size(), most));
  const Bytes body = w.chunk(type, flags, 4 + value.size());
  ByteWriter out(body);
  out.u16(static_cast<std::uint16_t>(cause));
  out.u16(static_cast<std::uint16_t>(4 + value.size()));
  out.bytes(value);
  return true;
}

}  // namespace

bool writeAbort(PacketWriter& w, std::uint8_t flags, CauseCode cause, ConstBytes value) {
  return writeCauseChunk(w, ChunkType::Abort, flags, cause, value);
}

bool writeError(PacketWriter& w, CauseCode cause, ConstBytes value) {
  return writeCauseChunk(w, ChunkType::Error, 0, cause, value);
}

CauseView firstCause(ConstBytes chunkValue) {
  ParameterIterator it(chunkValue);
  const auto p = it.next();
  if (!p) return {};
  return {p->cause(), p->value};
}

const char* name(CauseCode code) {
  switch (code) {
    case CauseCode::None:
      return "no cause given";
    case CauseCode::InvalidStream:
      return "invalid stream identifier";
    case CauseCode::MissingParameter:
      return "missing mandatory parameter";
    case CauseCode::StaleCookie:
      return "stale cookie";
    case CauseCode::OutOfResource:
      return "out of resource";
    case CauseCode::UnresolvableAddress:
      return "unresolvable address";
    case CauseCode::UnrecognizedChunk:
      return "unrecognized chunk type";
    case CauseCode::InvalidParameter:
      return "invalid mandatory parameter";
    case CauseCode::UnrecognizedParameters:
      return "unrecognized parameters";
    case CauseCode::NoUserData:
      return "no user data";
    case CauseCode::CookieWhileShuttingDown:
      return "cookie received while shutting down";
    case CauseCode::RestartWithNewAddresses:
      return "restart with new addresses";
    case CauseCode::UserInitiatedAbort:
      return "user-initiated abort";
    case CauseCode::ProtocolViolation:
      return "protocol violation";
  }
  return "unknown cause";
}

}  // namespace parley::sctp
