// RE-CONFIG (RFC 6525 section 3): requests to reset or add streams, and the answers.
#pragma once

#include <optional>
#include <span>

#include "sctp/wire/packet_reader.h"
#include "sctp/wire/packet_writer.h"
#include "sctp/wire/parameters.h"

namespace parley::sctp {

// Section 4.4.
enum class ReconfigResult : std::uint32_t {
  NothingToDo = 0,
  Performed = 1,
  Denied = 2,
  WrongSsn = 3,
  RequestInProgress = 4,
  BadSequenceNumber = 5,
  InProgress = 6,
};

// The streams of a reset request as they lie in the chunk; none means all.
class StreamList {
 public:
  StreamList() = default;
  explicit StreamList(ConstBytes bytes) : bytes_(bytes) {}
  std::size_t size() const { return bytes_.size() / 2; }
  bool empty() const { return size() == 0; }
  StreamId operator[](std::size_t i) const { return StreamId{loadBe16(bytes_.data() + 2 * i)}; }

 private:
  ConstBytes bytes_;
};

// Section 4.1: the sender resets its outgoing streams, which are incoming ones here.
struct OutgoingResetView {
  ReconfigSn request;
  ReconfigSn answersRequest;  // of an Incoming SSN Reset Request, when that asked for it
  Tsn lastTsn;                // the last TSN the sender has assigned
  StreamList streams;
};
// Section 4.2: the peer asks us to reset our outgoing streams.
struct IncomingResetView {
  ReconfigSn request;
  StreamList streams;
};
// Sections 4.5, 4.6.
struct AddStreamsView {
  ReconfigSn request;
  std::uint16_t count = 0;
};
struct ReconfigResponseView {
  ReconfigSn request;
  ReconfigResult result{};
};

std::optional<OutgoingResetView> readOutgoingReset(const ParameterView& p);
std::optional<IncomingResetView> readIncomingReset(const ParameterView& p);
std::optional<AddStreamsView> readAddStreams(const ParameterView& p);
std::optional<ReconfigResponseView> readReconfigResponse(const ParameterView& p);

// Each writes a RE-CONFIG chunk with this one parameter; false when it does not fit.
bool writeOutgoingReset(PacketWriter& w, ReconfigSn request, ReconfigSn answersRequest, Tsn lastTsn,
                        std::span<const StreamId> streams);
bool writeIncomingReset(PacketWriter& w, ReconfigSn request, std::span<const StreamId> streams);
bool writeAddStreams(PacketWriter& w, ParameterType type, ReconfigSn request, std::uint16_t count);
bool writeReconfigResponse(PacketWriter& w, ReconfigSn request, ReconfigResult result);

}  // namespace parley::sctp
