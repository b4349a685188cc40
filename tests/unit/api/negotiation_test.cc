// Offer and answer between two connections: states, errors by the W3C's names, glare, restarts.
#include "pair.h"

namespace parley::test {
namespace {

std::string_view nameOf(const Expected<void>& result) {
  return result ? std::string_view{} : toString(result.error().name);
}

TEST(NegotiationTest, StatesGoTheirWay) {
  Pair pair;
  Record story;
  Gate connected;
  pair.a.onsignalingstatechange([&](SignalingState s) { story.add(std::string(toString(s))); });
  pair.a.onconnectionstatechange([&](PeerConnectionState s) {
    if (s == PeerConnectionState::Connected) connected.up();
  });
  EXPECT_EQ(pair.a.signalingState(), SignalingState::Stable);
  EXPECT_EQ(pair.a.connectionState(), PeerConnectionState::New);
  pair.open();
  ASSERT_TRUE(connected.wait());
  EXPECT_EQ(story.all(), (std::vector<std::string>{"have-local-offer", "stable"}));
  EXPECT_EQ(pair.a.connectionState(), PeerConnectionState::Connected);
  const auto sctp = pair.a.sctp();
  ASSERT_TRUE(sctp);
  EXPECT_EQ(sctp->state, SctpTransportState::Connected);
  EXPECT_EQ(sctp->transport.state, DtlsTransportState::Connected);
  ASSERT_TRUE(sctp->transport.iceTransport.selectedCandidatePair);
  EXPECT_EQ(sctp->transport.iceTransport.selectedCandidatePair->local.address, "127.0.0.1");
}

TEST(NegotiationTest, RefusalsHaveTheW3cNames) {
  auto pc = PeerConnection::create(loopback()).value();
  EXPECT_EQ(pc.createAnswer().error().name, ErrorName::InvalidStateError);
  EXPECT_EQ(nameOf(pc.setLocalDescription({SdpType::Rollback, ""})), "InvalidStateError");
  const auto broken = pc.setRemoteDescription({SdpType::Offer, "v=0\r\nnonsense"});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().name, ErrorName::OperationError);
  EXPECT_EQ(broken.error().detail, ErrorDetail::SdpSyntaxError);
  EXPECT_TRUE(broken.error().sdpLineNumber);
  EXPECT_EQ(nameOf(pc.addIceCandidate(
                {.candidate = "candidate:1 1 udp 1 1.2.3.4 5 typ host", .sdpMid = "0"})),
            "InvalidStateError");
  EXPECT_EQ(nameOf(pc.addIceCandidate({.candidate = "x"})), "TypeError");
  pc.close();
  EXPECT_EQ(pc.createOffer().error().name, ErrorName::InvalidStateError);
  EXPECT_EQ(nameOf(pc.setLocalDescription()), "InvalidStateError");
  EXPECT_EQ(pc.signalingState(), SignalingState::Closed);
  EXPECT_EQ(pc.getStats().get().error().name, ErrorName::InvalidStateError);
}

TEST(NegotiationTest, ConfigurationsAreChecked) {
  const auto nameFor = [](const IceServer& server) {
    Configuration c = loopback();
    c.iceServers = {server};
    const auto pc = PeerConnection::create(c);
    return pc ? std::string_view{} : toString(pc.error().name);
  };
  EXPECT_EQ(nameFor({.urls = {"stun:example.org"}}), "");
  EXPECT_EQ(nameFor({}), "SyntaxError");
  EXPECT_EQ(nameFor({.urls = {"http://example.org"}}), "SyntaxError");
  EXPECT_EQ(nameFor({.urls = {"turn:example.org"}}), "InvalidAccessError");
  EXPECT_EQ(nameFor({.urls = {"turn:example.org"}, .username = "u", .credential = "c"}), "");

  auto pc = PeerConnection::create(loopback()).value();
  Configuration other = pc.getConfiguration();
  other.bundlePolicy = BundlePolicy::MaxBundle;
  EXPECT_EQ(nameOf(pc.setConfiguration(other)), "InvalidModificationError");
  Configuration servers = pc.getConfiguration();
  servers.iceServers = {{.urls = {"stun:example.org"}}};
  EXPECT_EQ(nameOf(pc.setConfiguration(servers)), "");
  EXPECT_EQ(pc.getConfiguration().iceServers, servers.iceServers);
}

TEST(NegotiationTest, CertificatesAreTheOnesGiven) {
  const Certificate certificate = Certificate::generate().value();
  Configuration c = loopback();
  c.certificates = {certificate};
  auto pc = PeerConnection::create(c).value();
  static_cast<void>(pc.createDataChannel("x").value());
  const auto offer = pc.createOffer().value();
  EXPECT_NE(offer.sdp.find(certificate.getFingerprints()[0].value), std::string::npos);
  const auto copy =
      Certificate::fromPem(certificate.certificatePem(), certificate.privateKeyPem()).value();
  EXPECT_EQ(copy.getFingerprints(), certificate.getFingerprints());
  EXPECT_EQ(copy.expires(), certificate.expires());
  EXPECT_EQ(Certificate::fromPem("x", "y").error().name, ErrorName::InvalidAccessError);
}

// Perfect negotiation over a signalling that is an ordinary callback each way.
struct Negotiator {
  PeerConnection& pc;
  PeerConnection& other;
  bool polite;

  void onNeeded(Negotiator& them) {
    pc.setLocalDescription().value();
    them.receive(*pc.localDescription(), *this);
  }
  void receive(const SessionDescription& description, Negotiator& them) {
    const bool collision =
        description.type == SdpType::Offer && pc.signalingState() != SignalingState::Stable;
    if (collision && !polite) return;
    if (description.type == SdpType::Answer &&
        pc.signalingState() != SignalingState::HaveLocalOffer)
      return;
    if (!pc.setRemoteDescription(description)) return;
    if (description.type != SdpType::Offer) return;
    pc.setLocalDescription().value();
    them.receive(*pc.localDescription(), *this);
  }
};

TEST(NegotiationTest, GlareIsSettledByThePolitePeer) {
  Configuration c = loopback();
  const auto queue = std::make_shared<TaskQueue>();
  c.executor = queue;  // both on one executor: one sequence, as in a browser
  Pair pair(c, c);
  Negotiator a{pair.a, pair.b, true};
  Negotiator b{pair.b, pair.a, false};
  int opened = 0;
  const auto watch = [&](DataChannel channel) { channel.onopen([&] { ++opened; }); };
  pair.a.ondatachannel(watch);
  pair.b.ondatachannel(watch);
  watch(pair.a.createDataChannel("from a").value());
  watch(pair.b.createDataChannel("from b").value());
  // Both offer before either hears of the other's.
  pair.a.setLocalDescription().value();
  pair.b.setLocalDescription().value();
  const SessionDescription offerA = *pair.a.localDescription();
  const SessionDescription offerB = *pair.b.localDescription();
  b.receive(offerA, a);  // impolite: ignores it
  EXPECT_EQ(pair.b.signalingState(), SignalingState::HaveLocalOffer);
  a.receive(offerB, b);  // polite: rolls its own back and answers
  EXPECT_EQ(pair.a.signalingState(), SignalingState::Stable);
  EXPECT_EQ(pair.b.signalingState(), SignalingState::Stable);
  // Candidates came into the descriptions while the queue was not run; trickle the rest.
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (opened < 4 && std::chrono::steady_clock::now() < until) {
    if (queue->run() == 0) std::this_thread::yield();
  }
  EXPECT_EQ(opened, 4);
}

TEST(NegotiationTest, NeededIsToldOnceForManyChannels) {
  Configuration c = loopback();
  const auto queue = std::make_shared<TaskQueue>();
  c.executor = queue;
  auto pc = PeerConnection::create(c).value();
  int needed = 0;
  pc.onnegotiationneeded([&] { ++needed; });
  static_cast<void>(pc.createDataChannel("1").value());
  static_cast<void>(pc.createDataChannel("2").value());
  EXPECT_EQ(needed, 0) << "never from within";
  queue->run();
  EXPECT_EQ(needed, 1);
  pc.setLocalDescription().value();
  queue->run();
  EXPECT_EQ(needed, 1);
}

TEST(NegotiationTest, AnIceRestartKeepsTheChannelsAndFindsAPath) {
  Pair pair;
  Gate got;
  pair.takeB = [&](DataChannel channel) { channel.onmessage([&](const Message&) { got.up(); }); };
  pair.open();
  Gate needed;
  pair.a.onnegotiationneeded([&] { needed.up(); });
  Gate changed;
  pair.a.onselectedcandidatepairchange([&](const IceCandidatePair&) { changed.up(); });
  const std::string before = pair.a.localDescription()->sdp;
  pair.a.restartIce();
  ASSERT_TRUE(needed.wait());
  EXPECT_TRUE(pair.onA.send("during"));
  pair.negotiate();
  const auto ufrag = [](const std::string& sdp) {
    const std::size_t at = sdp.find("a=ice-ufrag:");
    return sdp.substr(at, sdp.find('\r', at) - at);
  };
  EXPECT_NE(ufrag(pair.a.localDescription()->sdp), ufrag(before));
  ASSERT_TRUE(changed.wait());
  EXPECT_TRUE(pair.onA.send("after"));
  ASSERT_TRUE(got.wait(2));
}

TEST(NegotiationTest, AnOfferWithMediaIsAnsweredInactiveAndDataOpens) {
  auto pc = PeerConnection::create(loopback()).value();
  // As a browser offers it, shortened.
  const std::string offer =
      "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
      "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
      "a=fingerprint:sha-256 "
      "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:"
      "EE:FF\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n"
      "a=rtpmap:111 opus/48000/2\r\n"
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
      "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
      "a=fingerprint:sha-256 "
      "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:"
      "EE:FF\r\na=setup:actpass\r\na=mid:1\r\na=sctp-port:5000\r\n"
      "a=max-message-size:262144\r\n";
  pc.setRemoteDescription({SdpType::Offer, offer}).value();
  pc.setLocalDescription().value();
  const std::string answer = pc.localDescription()->sdp;
  // It carries the bundle, so it stays and says that nothing flows (docs/sdp.md).
  EXPECT_NE(answer.find("m=audio 9 "), std::string::npos) << answer;
  EXPECT_NE(answer.find("a=inactive"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("m=application 0 "), std::string::npos) << answer;
  EXPECT_EQ(pc.sctp()->maxMessageSize, 262'144u);
}

}  // namespace
}  // namespace parley::test
