#include "peer/negotiation.h"

namespace parley::peer {

namespace jsep = sdp::jsep;

namespace {

// RFC 8122 section 5: upper-case digits with colons.
std::string fingerprintText(const std::vector<std::uint8_t>& value) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const std::uint8_t b : value) {
    if (!out.empty()) out += ':';
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

}  // namespace

Status apply(Peer& peer, const jsep::TransportState& s, Time now) {
  const TransportId t = peer.transport();
  if (s.closed) return Ok{};
  if (s.remote) peer.setRemote(t, {s.remote->ufrag, s.remote->pwd, s.remoteLite}, now);
  if (s.local) peer.setLocal(t, {s.local->ufrag, s.local->pwd, false}, s.controlling, now);
  // A candidate that we cannot use is no failure of the description (RFC 9429 section 4.1.19).
  for (const sdp::CandidateAttribute& c : s.remoteCandidates)
    static_cast<void>(peer.addRemoteCandidate(t, sdp::writeCandidate(c), s.remote->ufrag, now));
  if (s.remoteEndOfCandidates)
    static_cast<void>(peer.addRemoteCandidate(t, {}, s.remote->ufrag, now));
  if (!s.negotiated) return Ok{};
  if (s.dtlsRole) {
    std::vector<Fingerprint> prints;
    for (const sdp::Fingerprint& f : s.remoteFingerprints)
      prints.push_back({f.algorithm, fingerprintText(f.value)});
    const Status started = peer.startDtls(
        t, *s.dtlsRole == jsep::DtlsRole::Client ? DtlsRole::Client : DtlsRole::Server, prints,
        now);
    if (!started.ok()) return started;
  }
  if (s.sctp)
    peer.startData({s.sctp->localPort, s.sctp->remotePort, s.sctp->remoteMaxMessageSize}, now);
  return Ok{};
}

}  // namespace parley::peer
