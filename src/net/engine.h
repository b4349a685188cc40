// The shape of every protocol machine, from a STUN transaction to a whole peer: five verbs, so
// that learning one teaches all. Bytes and time go in; datagrams, timers and events come out.
// A machine returns effects as values and never calls back.
#pragma once

#include <concepts>
#include <optional>

#include "base/time.h"
#include "net/train.h"
#include "net/transmit_batch.h"

namespace parley {

template <class E>
concept Engine = requires(E e, const E c, const Train& in, TransmitBatch& out, Time now) {
  typename E::Event;  // a std::variant of plain structs
  { e.handleDatagrams(in, now) } -> std::same_as<void>;
  { e.handleTimeout(now) } -> std::same_as<void>;  // early or late is harmless
  { c.nextTimeout() } -> std::same_as<Time>;       // O(1); kNever when idle
  { e.pollTransmit(out, now) } -> std::same_as<More>;
  { e.pollEvent() } -> std::same_as<std::optional<typename E::Event>>;
};

// What the driver tells an engine of a path besides bytes.
enum class PathEvent : std::uint8_t { Writable, Closed, Icmp, MtuChanged };

// Transmits until there are no more, events until empty: what must follow every call that may
// change an engine, before the next one. `send` takes a TransmitBatch and clears it; `onEvent`
// takes an event and may call the engine again (what that brings is drained too).
template <Engine E, class Send, class OnEvent>
void drain(E& engine, TransmitBatch& batch, Time now, Send&& send, OnEvent&& onEvent) {
  bool busy = true;
  while (busy) {
    busy = false;
    More more = More::Yes;
    while (more == More::Yes) {
      more = engine.pollTransmit(batch, now);
      if (!batch.empty()) send(batch);
      batch.clear();
    }
    while (auto event = engine.pollEvent()) {
      onEvent(*event);
      busy = true;
    }
  }
}

}  // namespace parley
