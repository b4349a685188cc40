// The data channels of one SCTP association (RFC 8831, RFC 8832, webrtc-pc section 6.2): opening
// and announcing, which stream is whose, messages of strings and bytes, closing by stream reset. It
// keeps no queue of messages: those are the association's.
//
// Channels may be created before there is an association; start() gives it, and with it the side
// (the DTLS client's identifiers are even). The owner passes on what the association says:
//
//   while (auto m = association.nextMessage()) {
//     auto data = channels.receive(*m, now);
//     ... pollEvent() until empty: an announcement comes before its first message
//     if (data) ...                                  // a view, valid as long as *m
//   }
//   while (auto e = association.pollEvent()) channels.handleEvent(*e, now);
//
// A channel is open as soon as the association is: the other side's acknowledgement is not waited
// for, and until it comes messages go in order (RFC 8832 section 6). A closing channel first sends
// what waits, then resets its stream; it is closed, and its identifier free again, when both
// directions are reset. After the association's end all channels are closed and input is ignored.
//
// Limits: maxChannels, of both sides together; kMaxName bytes of a label or protocol; all names
// that the other side makes us keep together maxRemoteNames. A channel beyond a limit is refused by
// resetting its stream. Messages on streams without a channel are dropped (stats().stray).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "datachannel/dcep.h"
#include "sctp/association/association.h"

namespace parley::datachannel {

// Ours; never reused while the book lives, other than the stream identifier.
using ChannelId = StrongId<struct DataChannelTag, std::uint32_t>;

inline constexpr std::uint16_t kPriorityNormal = 256;  // RFC 8831 section 6.4

struct ChannelInit {
  std::string label;
  std::string protocol;
  bool ordered = true;
  std::optional<std::uint16_t> maxRetransmits{};
  std::optional<std::uint16_t> maxPacketLifeTime{};  // milliseconds; not both
  bool negotiated = false;
  std::optional<std::uint16_t> id{};  // the SCTP stream; only and always when negotiated
  std::uint16_t priority = kPriorityNormal;
};

enum class ChannelState : std::uint8_t { Connecting, Open, Closing, Closed };
enum class MessageKind : std::uint8_t { Binary, Text };
// Whose identifiers are even (RFC 8832 section 6).
enum class Side : std::uint8_t { DtlsClient, DtlsServer };

namespace event {

// One of ours, or one that was announced before.
struct Opened {
  ChannelId channel;
  sctp::StreamId stream;
};
// The other side opened it; Opened follows.
struct Announced {
  ChannelId channel;
  ChannelInit init;  // with its id
};
// The other side closes it, or an error does: nothing can be sent any more. Not told of close(),
// as W3C's event is not (webrtc-pc section 6.2.4).
struct Closing {
  ChannelId channel;
};
// Terminal. With an error when it was not closed in order.
struct Closed {
  ChannelId channel;
  std::optional<Error> error;
};
// The amount has fallen to the threshold, which is 0 until it is set.
struct BufferedAmountLow {
  ChannelId channel;
};

}  // namespace event

using ChannelEvent = std::variant<event::Opened, event::Announced, event::Closing, event::Closed,
                                  event::BufferedAmountLow>;

struct ReceivedData {
  ChannelId channel;
  MessageKind kind = MessageKind::Binary;
  ConstBytes bytes;
};

struct ChannelStats {
  std::uint64_t messagesSent = 0;
  std::uint64_t bytesSent = 0;
  std::uint64_t messagesReceived = 0;
  std::uint64_t bytesReceived = 0;
};

struct ChannelsConfig {
  std::size_t maxChannels = 1024;  // as libwebrtc has it
  std::size_t maxRemoteNames = 1 << 20;
  // Of messages in deprecated partial PPIDs (RFC 8831 section 6.6), which are put together here.
  std::size_t maxReceivedMessage = 16 << 20;
};

struct ChannelsStats {
  std::uint32_t opened = 0;
  std::uint32_t closed = 0;
  std::uint64_t stray = 0;      // messages without a channel, or of an unknown PPID
  std::uint64_t malformed = 0;  // DCEP messages that broke a rule
};

class Channels {
 public:
  using Event = ChannelEvent;

  explicit Channels(const ChannelsConfig& config = {}) : config_(config) {}

  // The association may be connected already or not; it must outlive this. Once.
  void start(sctp::Association& association, Side side, Time now);

  // Errors: Invalid (both reliability limits, id and negotiated not together, a name over kMaxName
  // bytes), InUse (the id), Limit (maxChannels or no identifier is left), Closed (the association
  // has ended).
  Result<ChannelId> create(ChannelInit init, Time now);
  // Errors: Closed (not open), and the association's: Limit, and then nothing was taken.
  Status send(ChannelId channel, MessageKind kind, ConstBytes message, Time now);
  void close(ChannelId channel, Time now);

  // Of a channel that is not there (closed): Closed, nothing, 0.
  ChannelState state(ChannelId channel) const;
  std::optional<sctp::StreamId> stream(ChannelId channel) const;
  ChannelStats stats(ChannelId channel) const;
  std::size_t bufferedAmount(ChannelId channel) const;
  void setLowThreshold(ChannelId channel, std::size_t bytes);

  std::optional<ReceivedData> receive(const sctp::ReceivedMessage& message, Time now);
  void handleEvent(const sctp::AssociationEvent& event, Time now);
  std::optional<Event> pollEvent();

  std::size_t size() const { return channels_.size(); }
  const ChannelsStats& stats() const { return stats_; }

 private:
  struct ResetProgress {
    bool outgoing = false;
    bool incoming = false;
    bool done() const { return outgoing && incoming; }
  };
  struct Channel {
    ChannelId id;
    ChannelInit init;
    ChannelState state = ChannelState::Connecting;
    std::optional<sctp::StreamId> stream;
    bool remote = false;        // the other side opened it
    bool acknowledged = false;  // messages may go out of order
    ResetProgress reset;
    bool ackWaits = false;       // our ACK, for the reset of the stream's former channel
    std::optional<Error> error;  // to be told when it has closed
    std::optional<std::size_t> lowThreshold;
    bool dataWaits = false;  // sent since the last BufferedAmountLow: DCEP's own bytes are not told
    std::vector<std::uint8_t> partial;  // of a message in deprecated partial PPIDs
    sctp::SendOptions options;
    ChannelStats stats;
  };

  static Status validate(const ChannelInit& init);
  static std::size_t nameBytes(const ChannelInit& init) {
    return init.label.size() + init.protocol.size();
  }
  Channel& add(ChannelInit init);
  Channel* find(ChannelId id);
  const Channel* find(ChannelId id) const;
  Channel* find(sctp::StreamId stream);
  std::optional<sctp::StreamId> freeStream();
  void assign(Channel& channel, sctp::StreamId stream);
  void begin(Channel& channel, Time now);
  bool sendOpen(Channel& channel, Time now);
  void acknowledge(Channel& channel, Time now);
  void open(Channel& channel);
  void beginClosing(Channel& channel, Time now);
  void finish(ChannelId id);
  void freeIfReset(sctp::StreamId stream);
  void closeAll(std::optional<Error> error);

  void handleDcep(sctp::StreamId stream, ConstBytes message, Time now);
  void handleOpen(sctp::StreamId stream, const DcepOpen& open, Time now);
  bool mayOpen(sctp::StreamId stream, const DcepOpen& open) const;
  bool replacesReset(sctp::StreamId stream);
  void refuse(sctp::StreamId stream, Time now);
  std::optional<ReceivedData> deliver(Channel& channel, MessageKind kind, ConstBytes bytes,
                                      Time now);
  bool keepPart(Channel& channel, ConstBytes bytes, Time now);

  template <class E>
  void tell(E&& e) {
    events_.emplace_back(std::in_place_type<std::decay_t<E>>, std::forward<E>(e));
  }
  void onEvent(const sctp::event::Connected& e, Time now);
  void onEvent(const sctp::event::StreamsAdded& e, Time now);
  void onEvent(const sctp::event::Restarted& e, Time now);
  void onEvent(const sctp::event::IncomingStreamReset& e, Time now);
  void onEvent(const sctp::event::OutgoingStreamReset& e, Time now);
  void onEvent(const sctp::event::BufferedAmountLow& e, Time now);
  void onEvent(const sctp::event::Ended& e, Time now);

  ChannelsConfig config_;
  sctp::Association* association_ = nullptr;
  Side side_ = Side::DtlsClient;
  bool connected_ = false;
  bool ended_ = false;
  std::uint32_t nextId_ = 1;
  std::uint32_t streamLimit_ = sctp::kMaxStreams;
  std::size_t remoteNames_ = 0;
  std::unordered_map<ChannelId, Channel> channels_;
  std::unordered_map<sctp::StreamId, ChannelId> byStream_;
  // Streams without a channel that are being reset (refused), or never can be (denied): in use.
  std::unordered_map<sctp::StreamId, ResetProgress> unusable_;
  std::vector<std::uint8_t> whole_;  // the last message that came in parts
  std::vector<Event> events_;
  std::size_t eventsRead_ = 0;
  ChannelsStats stats_;
};

}  // namespace parley::datachannel
