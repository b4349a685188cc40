// What a Peer says: what its host must do for it, what the other side must be told, and what an
// application wants to know. Values; spans in them are valid until the next pollEvent().
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/strong_id.h"
#include "datachannel/channels.h"
#include "net/path.h"
#include "peer/config.h"

namespace parley::peer {

// ---- for the host --------------------------------------------------------------------------

// Connect a stream to a TURN server, and answer by handleStreamOpened() or handleStreamFailed().
struct OpenStream {
  StreamRequestId id;
  Address server;
  Transport transport = Transport::Tcp;  // or Tls
  std::string serverName;                // for TLS: SNI and the certificate's check
  IpAddress local;                       // bind to it; port 0
};
struct CloseStream {
  LinkId link;
};
// Nobody waits for it any more; it need not be answered.
struct CancelStream {
  StreamRequestId id;
};
// Look the name up (A and AAAA) and answer by handleResolved().
struct ResolveName {
  LookupId id;
  std::string name;
};
// The same for a name ending in .local, by multicast DNS (RFC 6762), one question.
struct ResolveMdns {
  LookupId id;
  std::string name;
};

// From now on answer multicast DNS questions for the name with the address.
struct PublishMdns {
  std::string name;
  IpAddress address;
};

// ---- for the other side, by signalling --------------------------------------------------------

// A candidate as SDP has it (RFC 8839 section 5.1: "candidate:…"); an empty text is the end of
// the candidates of this generation (RFC 8838 section 13).
struct LocalCandidate {
  TransportId transport;
  std::string text;
  std::string ufrag;
  std::string url;  // of the server that gave it
};

// ---- for the application ------------------------------------------------------------------------

enum class GatheringState : std::uint8_t { New, Gathering, Complete };
enum class IceState : std::uint8_t {
  New,
  Checking,
  Connected,
  Completed,
  Disconnected,
  Failed,
  Closed
};
enum class DtlsState : std::uint8_t { New, Connecting, Connected, Closed, Failed };
enum class SctpState : std::uint8_t { Connecting, Connected, Closed };
enum class ConnectionState : std::uint8_t {
  New,
  Connecting,
  Connected,
  Disconnected,
  Failed,
  Closed
};
std::string_view name(GatheringState s);
std::string_view name(IceState s);
std::string_view name(DtlsState s);
std::string_view name(SctpState s);
std::string_view name(ConnectionState s);

struct GatheringStateChanged {
  TransportId transport;
  GatheringState state;
};
// webrtc-pc section 5.9, RTCPeerConnectionIceErrorEvent.
struct CandidateError {
  TransportId transport;
  std::string url;
  Address local;
  std::int32_t code = 0;
  std::string text;
};
struct IceStateChanged {
  TransportId transport;
  IceState state;
};
struct SelectedPairChanged {
  TransportId transport;
  Path path;  // the `link` of a relayed one is none of the host's
  ice::CandidateType local{};
  ice::CandidateType remote{};
  std::optional<Transport> relayProtocol{};  // our own relay carries it, and is talked to so
};
struct DtlsStateChanged {
  TransportId transport;
  DtlsState state;
  std::string error;  // of Failed, in words
};
struct SctpStateChanged {
  SctpState state;
  std::uint16_t maxChannels = 0;  // once connected
};
// Of all transports together (webrtc-pc section 4.3.3).
struct ConnectionStateChanged {
  ConnectionState state;
};

// A data channel of this Peer, from createChannel() or announced by the other side. Never reused.
using ChannelId = datachannel::ChannelId;
using ChannelInit = datachannel::ChannelInit;
using MessageKind = datachannel::MessageKind;

// One of ours, or one that the other side opened (told by ChannelAnnounced before).
struct ChannelOpened {
  ChannelId channel;
  std::uint16_t stream = 0;
};
struct ChannelAnnounced {
  ChannelId channel;
  ChannelInit init;
};
struct ChannelMessage {
  ChannelId channel;
  MessageKind kind;
  ConstBytes data;
};
// It is being closed, by the other side or by closeChannel(): nothing can be sent any more.
struct ChannelClosing {
  ChannelId channel;
};
struct ChannelClosed {
  ChannelId channel;
  std::string error;  // empty: in order
};
// The bytes waiting sank to the threshold or below it.
struct ChannelBufferedAmountLow {
  ChannelId channel;
};
using PeerEvent =
    std::variant<OpenStream, CloseStream, CancelStream, ResolveName, ResolveMdns, PublishMdns,
                 LocalCandidate, GatheringStateChanged, CandidateError, IceStateChanged,
                 SelectedPairChanged, DtlsStateChanged, SctpStateChanged, ConnectionStateChanged,
                 ChannelOpened, ChannelAnnounced, ChannelMessage, ChannelClosing, ChannelClosed,
                 ChannelBufferedAmountLow>;

}  // namespace parley::peer
