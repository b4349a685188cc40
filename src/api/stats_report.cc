#include "api/stats_report.h"

#include <array>

namespace parley::api {
namespace {

template <class Enum, std::size_t N>
Enum parse(const std::array<std::string_view, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == text) return static_cast<Enum>(i);
  return Enum{};
}

constexpr std::array<std::string_view, 3> kRoles = {"unknown", "controlling", "controlled"};
constexpr std::array<std::string_view, 7> kIceStates = {
    "new", "checking", "connected", "completed", "disconnected", "failed", "closed"};
constexpr std::array<std::string_view, 5> kDtlsStates = {"new", "connecting", "connected", "closed",
                                                         "failed"};
constexpr std::array<std::string_view, 4> kChannelStates = {"connecting", "open", "closing",
                                                            "closed"};
constexpr std::array<std::string_view, 5> kPairStates = {"frozen", "waiting", "in-progress",
                                                         "failed", "succeeded"};
constexpr std::array<std::string_view, 4> kTypes = {"host", "srflx", "prflx", "relay"};
constexpr std::array<std::string_view, 3> kRelayProtocols = {"udp", "tcp", "tls"};
constexpr std::array<std::string_view, 3> kTcpTypes = {"active", "passive", "so"};

using Value = decltype(Stats::value);

Value convert(const peer::PeerConnectionStats& s) {
  return PeerConnectionStats{s.dataChannelsOpened, s.dataChannelsClosed};
}

Value convert(const peer::DataChannelStats& s) {
  DataChannelStats out;
  out.label = s.label;
  out.protocol = s.protocol;
  out.dataChannelIdentifier = s.dataChannelIdentifier;
  out.state = parse<DataChannelState>(kChannelStates, s.state);
  out.messagesSent = static_cast<std::uint32_t>(s.messagesSent);
  out.bytesSent = s.bytesSent;
  out.messagesReceived = static_cast<std::uint32_t>(s.messagesReceived);
  out.bytesReceived = s.bytesReceived;
  return out;
}

Value convert(const peer::IceCandidateStats& s) {
  IceCandidateStats out;
  out.local = !s.remote;
  IceCandidate& c = out.candidate;
  c.foundation = s.foundation;
  c.address = s.address;
  c.port = s.port;
  c.priority = s.priority;
  c.protocol = s.protocol == "tcp" ? IceProtocol::Tcp : IceProtocol::Udp;
  c.type = parse<IceCandidateType>(kTypes, s.candidateType);
  if (!s.usernameFragment.empty()) c.usernameFragment = s.usernameFragment;
  if (!s.url.empty()) c.url = s.url;
  if (!s.relayProtocol.empty())
    c.relayProtocol = parse<RelayProtocol>(kRelayProtocols, s.relayProtocol);
  if (!s.tcpType.empty()) c.tcpType = parse<IceTcpCandidateType>(kTcpTypes, s.tcpType);
  if (!s.relatedAddress.empty()) {
    c.relatedAddress = s.relatedAddress;
    c.relatedPort = s.relatedPort;
  }
  return out;
}

Value convert(const peer::IceCandidatePairStats& s) {
  IceCandidatePairStats out;
  out.localCandidateId = s.localCandidateId;
  out.remoteCandidateId = s.remoteCandidateId;
  out.state = parse<CandidatePairState>(kPairStates, s.state);
  out.nominated = s.nominated;
  out.packetsSent = s.packetsSent;
  out.packetsReceived = s.packetsReceived;
  out.bytesSent = s.bytesSent;
  out.bytesReceived = s.bytesReceived;
  out.currentRoundTripTime = s.currentRoundTripTime;
  out.totalRoundTripTime = s.totalRoundTripTime;
  out.requestsSent = s.requestsSent;
  out.requestsReceived = s.requestsReceived;
  out.responsesSent = s.responsesSent;
  out.responsesReceived = s.responsesReceived;
  out.consentRequestsSent = s.consentRequestsSent;
  return out;
}

Value convert(const peer::TransportStats& s) {
  TransportStats out;
  out.packetsSent = s.packetsSent;
  out.packetsReceived = s.packetsReceived;
  out.bytesSent = s.bytesSent;
  out.bytesReceived = s.bytesReceived;
  out.iceRole = parse<IceRole>(kRoles, s.iceRole);
  out.iceLocalUsernameFragment = s.iceLocalUsernameFragment;
  out.iceState = parse<IceTransportState>(kIceStates, s.iceState);
  out.dtlsState = parse<DtlsTransportState>(kDtlsStates, s.dtlsState);
  out.selectedCandidatePairId = s.selectedCandidatePairId;
  out.localCertificateId = s.localCertificateId;
  out.remoteCertificateId = s.remoteCertificateId;
  out.tlsVersion = s.tlsVersion;
  out.dtlsCipher = s.dtlsCipher;
  out.dtlsRole = s.dtlsRole;
  out.selectedCandidatePairChanges = s.selectedCandidatePairChanges;
  return out;
}

Value convert(const peer::CertificateStats& s) {
  return CertificateStats{s.fingerprint, s.fingerprintAlgorithm, s.base64Certificate};
}

Value convert(const peer::SctpTransportStats& s) {
  SctpTransportStats out;
  if (s.smoothedRoundTripTime > 0) out.smoothedRoundTripTime = s.smoothedRoundTripTime;
  out.congestionWindow = s.congestionWindow;
  out.receiverWindow = s.receiverWindow;
  out.mtu = static_cast<std::uint32_t>(s.mtu);
  out.unackData = s.bytesInFlight;
  out.packetsSent = s.packetsSent;
  out.packetsReceived = s.packetsReceived;
  out.retransmittedChunks = s.retransmittedChunks;
  out.sacksSent = s.sacksSent;
  out.sacksReceived = s.sacksReceived;
  return out;
}

}  // namespace

StatsReport statsReport(const peer::StatsReport& from) {
  StatsReport out;
  const auto timestamp = std::chrono::system_clock::now();
  out.entries.reserve(from.size());
  for (const peer::Stats& stats : from) {
    std::visit([&](const auto& s) { out.entries.push_back({s.id, timestamp, convert(s)}); }, stats);
  }
  return out;
}

ConnectionReport connectionReport(const peer::Peer& peer, Time now) {
  ConnectionReport out;
  const peer::Verdict verdict = peer.verdict("the other side", now);
  out.cause = std::string(peer::name(verdict.cause));
  out.what = verdict.what;
  out.evidence = verdict.evidence;
  out.remedy = verdict.remedy;
  const peer::EventLog& log = peer.log();
  log.forEach([&](const peer::LogEntry& entry) {
    out.log.push_back({entry.at - log.start(), log.describe(entry)});
  });
  out.logJson = log.toJson(false);
  return out;
}

}  // namespace parley::api
