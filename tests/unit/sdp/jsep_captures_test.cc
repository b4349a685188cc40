// Offers of other programs are answered so that they can take the answer, with media and without.
#include <set>

#include "jsep_testing.h"
#include "vectors.h"

namespace parley::sdp::jsep {
namespace {

std::vector<std::string> offers() {
  std::vector<std::string> out;
  for (const std::string& name : vectorNames()) {
    if (name.size() > 6 && name.substr(name.size() - 6) == "_offer") out.push_back(name);
  }
  return out;
}

class Offers : public testing::TestWithParam<std::string> {};

void checkAnswer(const SessionDescription& offer, const SessionDescription& answer, bool media) {
  ASSERT_EQ(answer.media.size(), offer.media.size());
  std::set<std::string> transports;
  int sections = 0;  // that are offered, before this one
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const MediaDescription& o = offer.media[i];
    const MediaDescription& a = answer.media[i];
    EXPECT_EQ(a.media, o.media);
    EXPECT_EQ(a.protocol, o.protocol);
    EXPECT_EQ(a.mid.value_or("0"), o.mid.value_or("0"));
    const bool accepted = !o.isRejected() && (media || o.isSctp());
    const bool describes = sections == 0 && &o != &offer.media.back();
    sections += o.isRejected() ? 0 : 1;
    if (!accepted && !o.isRejected() && describes && offer.media.back().isSctp()) {
      EXPECT_EQ(a.direction, Direction::Inactive);  // the data section is in its bundle
    } else {
      EXPECT_EQ(a.isRejected(), !accepted) << "section " << i;
    }
    if (a.isRejected()) continue;
    transports.insert(a.transport.ufrag.value_or(""));
    EXPECT_TRUE(a.transport.setup == Setup::Active || a.transport.setup == Setup::Passive);
    EXPECT_FALSE(a.transport.fingerprints.empty());
    for (const Codec& c : a.codecs) {
      const Codec* const offered = o.codec(c.payloadType);
      ASSERT_NE(offered, nullptr);
      EXPECT_EQ(offered->name, c.name);
      EXPECT_EQ(offered->clockRate, c.clockRate);
    }
    for (const Extmap& e : a.extmaps) {
      EXPECT_TRUE(std::any_of(o.extmaps.begin(), o.extmaps.end(),
                              [&](const Extmap& x) { return x.id == e.id && x.uri == e.uri; }));
    }
  }
  for (const Group& g : answer.groups) {
    EXPECT_NE(offer.groupOf(g.semantics, g.mids.front()), nullptr);
  }
  const bool any = std::any_of(answer.media.begin(), answer.media.end(),
                               [](const MediaDescription& m) { return !m.isRejected(); });
  EXPECT_EQ(transports.size(), any ? 1u : 0u);  // all of them bundle
}

TEST_P(Offers, IsAnswered) {
  for (const bool media : {false, true}) {
    Side b(5, someConfig(media ? someMedia() : MediaCapabilities{}));
    const std::string text = vectorText(GetParam());
    ASSERT_TRUE(b.setRemote(SdpType::Offer, text)) << b.lastError->message;
    EXPECT_EQ(b.pc.remoteDescription()->sdp, text);
    const std::size_t created = b.last.transports.size();
    ASSERT_TRUE(b.setLocal()) << b.lastError->message;
    checkAnswer(*parse(text), b.local(), media);
    EXPECT_LE(created, 1u);
    for (const TransportState& t : b.last.transports) {
      EXPECT_TRUE(t.negotiated);
      EXPECT_TRUE(t.remote.has_value() && t.local.has_value());
      EXPECT_FALSE(t.remoteFingerprints.empty());
    }
    EXPECT_EQ(b.pc.signalingState(), SignalingState::Stable);
  }
}

INSTANTIATE_TEST_SUITE_P(Captured, Offers, testing::ValuesIn(offers()),
                         [](const auto& i) { return i.param; });

}  // namespace
}  // namespace parley::sdp::jsep
