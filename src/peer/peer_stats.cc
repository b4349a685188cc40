// The snapshot for getStats(). Ids are stable while what they name lives.
#include "base/base64.h"
#include "peer/peer_impl.h"

namespace parley::peer {
namespace {

const char* transportName(Transport t) {
  switch (t) {
    case Transport::Udp:
      return "udp";
    case Transport::Tcp:
      return "tcp";
    default:
      return "tls";
  }
}

double seconds(Duration d) {
  return static_cast<double>(d.count()) / 1e9;
}

std::optional<Time> known(Time t) {
  return t == Time{} ? std::nullopt : std::optional(t);
}

std::string candidateId(ice::CandidateId id) {
  return "IC" + std::to_string(id.value());
}
std::string pairId(ice::PairId id) {
  return "IP" + std::to_string(id.value());
}

IceCandidateStats candidateStats(const ice::CandidateStats& from, bool remote,
                                 const std::string& transport) {
  const ice::Candidate& c = from.candidate;
  IceCandidateStats s;
  s.id = candidateId(from.id);
  s.remote = remote;
  s.transportId = transport;
  s.address = c.mdnsName.empty() ? c.address.ip().toString() : c.mdnsName;
  s.port = c.address.port();
  s.protocol = transportName(c.protocol);
  s.candidateType = ice::name(c.type);
  s.priority = c.priority;
  if (!remote && c.type == ice::CandidateType::Relayed)
    s.relayProtocol = transportName(c.relayProtocol);
  s.foundation = c.foundation;
  if (c.related) {
    s.relatedAddress = c.related->ip().toString();
    s.relatedPort = c.related->port();
  }
  s.usernameFragment = c.ufrag;
  return s;
}

IceCandidatePairStats pairStats(const ice::CandidatePairStats& p, const std::string& transport) {
  IceCandidatePairStats s;
  s.id = pairId(p.id);
  s.transportId = transport;
  s.localCandidateId = candidateId(p.local);
  s.remoteCandidateId = candidateId(p.remote);
  s.state = ice::name(p.state);
  s.nominated = p.nominated;
  s.packetsSent = p.counters.packetsSent;
  s.packetsReceived = p.counters.packetsReceived;
  s.bytesSent = p.counters.bytesSent;
  s.bytesReceived = p.counters.bytesReceived;
  s.lastPacketSentTimestamp = known(p.counters.lastPacketSent);
  s.lastPacketReceivedTimestamp = known(p.counters.lastPacketReceived);
  s.totalRoundTripTime = seconds(p.counters.totalRoundTripTime);
  if (p.counters.responsesReceived > 0)
    s.currentRoundTripTime = seconds(p.counters.currentRoundTripTime);
  s.requestsReceived = p.counters.requestsReceived;
  s.requestsSent = p.counters.requestsSent;
  s.responsesReceived = p.counters.responsesReceived;
  s.responsesSent = p.counters.responsesSent;
  s.consentRequestsSent = p.counters.consentRequestsSent;
  return s;
}

CertificateStats certificateStats(std::string id, ConstBytes der) {
  const auto print = crypto::Fingerprint::of(crypto::FingerprintHash::Sha256, der);
  return {std::move(id), print.text(), std::string{crypto::name(print.hash())}, base64Encode(der)};
}

}  // namespace

void IceDtlsTransport::addStats(StatsReport& out) const {
  const std::string self = "T" + std::to_string(id_.value());
  const ice::AgentStats ice = agent_.stats();
  TransportStats t;
  t.id = self;
  t.packetsSent = counters_.packetsSent;
  t.packetsReceived = counters_.packetsReceived;
  t.bytesSent = counters_.bytesSent;
  t.bytesReceived = counters_.bytesReceived;
  t.iceRole = local_.ufrag.empty() ? "unknown" : ice::name(ice.role);
  t.iceLocalUsernameFragment = local_.ufrag;
  t.iceState = name(iceState());
  t.dtlsState = name(dtlsState_);
  t.selectedCandidatePairChanges = ice.selectedPairChanges;
  t.localCertificateId = "CF" + self;
  t.dtlsRole = !session_ ? "unknown" : session_->role() == dtls::Role::Client ? "client" : "server";
  for (const ice::CandidatePairStats& p : ice.pairs) {
    if (p.selected) t.selectedCandidatePairId = pairId(p.id);
    out.emplace_back(pairStats(p, self));
  }
  for (const ice::CandidateStats& c : ice.localCandidates) {
    IceCandidateStats s = candidateStats(c, false, self);
    if (c.candidate.urlIndex && *c.candidate.urlIndex < servers_.serverCount())
      s.url = servers_.url(*c.candidate.urlIndex);
    out.emplace_back(std::move(s));
  }
  for (const ice::CandidateStats& c : ice.remoteCandidates)
    out.emplace_back(candidateStats(c, true, self));
  out.emplace_back(certificateStats(t.localCertificateId, shared_.identity.der()));
  if (session_ && !session_->remoteCertificate().empty()) {
    t.remoteCertificateId = "CF" + self + "R";
    t.tlsVersion = "FEFD";
    t.dtlsCipher = session_->cipherSuite();
    out.emplace_back(certificateStats(t.remoteCertificateId, session_->remoteCertificate()));
  }
  out.emplace_back(std::move(t));
}

StatsReport Peer::Impl::stats(Time) const {
  StatsReport report;
  transport.addStats(report);
  addChannelStats(report);
  if (!sctp) return report;
  const sctp::AssociationStats a = sctp->stats();
  SctpTransportStats s;
  s.id = "SCTP1";
  s.transportId = "T" + std::to_string(transport.id().value());
  s.smoothedRoundTripTime = seconds(a.smoothedRtt);
  s.congestionWindow = a.congestionWindow;
  s.receiverWindow = a.peerWindow;
  s.mtu = a.mtu;
  s.bytesInFlight = a.bytesInFlight;
  s.packetsSent = a.packetsSent;
  s.packetsReceived = a.packetsReceived;
  s.retransmittedChunks = a.retransmissions;
  s.sacksSent = a.sacksSent;
  s.sacksReceived = a.sacksReceived;
  report.emplace_back(std::move(s));
  return report;
}

}  // namespace parley::peer
