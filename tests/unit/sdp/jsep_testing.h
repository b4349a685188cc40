// What the tests of the offer/answer engine share: two negotiators, what they can, and a host that
// keeps the events.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "sdp/jsep/negotiator.h"
#include "some_media.h"

namespace parley::sdp::jsep {

// A negotiator and its host, which says what happened.
struct Side {
  explicit Side(std::uint64_t seed, NegotiatorConfig config = someConfig())
      : random(seed), pc(std::move(config), random) {}

  // Runs the queued task; true if negotiationneeded fired.
  bool runTasks() { return pc.takeNegotiationCheck() && pc.updateNegotiationNeeded(); }

  bool setLocal(std::optional<SdpType> type = {}, std::string_view sdp = {}) {
    return keep(pc.setLocalDescription(type, sdp));
  }
  bool setRemote(SdpType type, std::string_view sdp) {
    return keep(pc.setRemoteDescription(type, sdp));
  }
  bool setRemote(const std::optional<Description>& d) { return setRemote(d->type, d->sdp); }
  bool keep(Outcome<Applied> outcome) {
    lastError.reset();
    if (!outcome) {
      lastError = outcome.error();
      return false;
    }
    last = std::move(*outcome);
    events.insert(events.end(), last.events.begin(), last.events.end());
    return true;
  }
  SessionDescription local() const { return *parse(pc.localDescription()->sdp); }
  SessionDescription remote() const { return *parse(pc.remoteDescription()->sdp); }
  const Transceiver& at(std::size_t index) const {
    return *pc.transceiver(pc.transceivers().at(index));
  }
  template <class E>
  std::vector<E> all() const {
    std::vector<E> out;
    for (const Event& e : events) {
      if (const auto* one = std::get_if<E>(&e)) out.push_back(*one);
    }
    return out;
  }
  std::vector<SignalingState> states() const {
    std::vector<SignalingState> out;
    for (const auto& e : all<event::SignalingStateChange>())
      out.push_back(e.state);
    return out;
  }

  SeededRandom random;
  Negotiator pc;
  Applied last;
  std::vector<Event> events;
  std::optional<JsepError> lastError;
};

// A whole exchange, offered by `a`.
inline void negotiate(Side& a, Side& b) {
  ASSERT_TRUE(a.setLocal()) << a.lastError->message;
  ASSERT_TRUE(b.setRemote(a.pc.localDescription())) << b.lastError->message;
  ASSERT_TRUE(b.setLocal()) << b.lastError->message;
  ASSERT_TRUE(a.setRemote(b.pc.localDescription())) << a.lastError->message;
}

template <class T>
ErrorName errorOf(const Outcome<T>& outcome) {
  EXPECT_FALSE(outcome.ok());
  return outcome.ok() ? ErrorName::RangeError : outcome.error().name;
}

}  // namespace parley::sdp::jsep
