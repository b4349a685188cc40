// ABORT and ERROR chunks and their causes (RFC 9260 sections 3.3.7, 3.3.10).
#pragma once

#include "sctp/wire/packet_writer.h"
#include "sctp/wire/parameters.h"

namespace parley::sctp {

// What an ABORT says: its first cause, and the text that two of them may carry (section 3.3.10.12
// and .13), else what belongs to the cause.
struct CauseView {
  CauseCode code = CauseCode::None;
  ConstBytes value;
};
CauseView firstCause(ConstBytes chunkValue);

// "protocol violation" and so on; never null.
const char* name(CauseCode code);

// The T bit of ABORT and SHUTDOWN COMPLETE: the tag is the receiver's own (section 8.5.1).
inline constexpr std::uint8_t kReflectedTag = 0x01;

// Each writes an ABORT or ERROR chunk with one cause (none with CauseCode::None); a value that does
// not fit is cut. False when not even that fits.
bool writeAbort(PacketWriter& w, std::uint8_t flags, CauseCode cause, ConstBytes value);
bool writeError(PacketWriter& w, CauseCode cause, ConstBytes value);

}  // namespace parley::sctp
