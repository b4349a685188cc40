// How threads meet: a bounded ring of messages into which any thread posts and from which one
// thread takes, with a descriptor that wakes the taker. Never blocks, never grows: post() says
// false when the ring is full, which is counted, and the poster must make it visible.
//
// Messages of one poster come in its order. Those in the ring at destruction are destroyed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "driver/wakeup.h"

namespace parley::driver {

template <class T>
class Mailbox {
 public:
  // capacity: a power of two.
  explicit Mailbox(std::size_t capacity) : mask_(capacity - 1), cells_(new Cell[capacity]) {
    PARLEY_CHECK(capacity >= 2 && (capacity & mask_) == 0);
    for (std::size_t i = 0; i < capacity; ++i) {
      cells_[i].sequence.store(i, std::memory_order_relaxed);
    }
  }

  // Any thread. `message` is moved from only when it was taken.
  bool post(T&& message) {
    if (!push(message)) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    wakeup_.signal();
    return true;
  }

  // The taking thread, after its descriptor became readable: consumes the wake-up, then hands over
  // at most one ring of messages.
  template <class F>
  void take(F&& onMessage) {
    wakeup_.consume();
    for (std::size_t n = 0; n <= mask_; ++n) {
      if (!pop(onMessage)) return;
    }
    wakeup_.signal();  // there may be more: posters were as fast as we
  }

  int descriptor() const { return wakeup_.descriptor(); }
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  // A cell's sequence says whose turn it is: its position when it is free for that round's poster,
  // position + 1 when it holds a message (bounded queue after Dmitry Vyukov).
  struct Cell {
    std::atomic<std::size_t> sequence;
    std::optional<T> message;
  };

  bool push(T& message) {
    std::size_t at = head_.load(std::memory_order_relaxed);
    while (true) {
      Cell& cell = cells_[at & mask_];
      const std::size_t sequence = cell.sequence.load(std::memory_order_acquire);
      const auto lead = static_cast<std::ptrdiff_t>(sequence - at);
      if (lead < 0) return false;
      if (lead > 0) {
        at = head_.load(std::memory_order_relaxed);
      } else if (head_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) {
        cell.message.emplace(std::move(message));
        cell.sequence.store(at + 1, std::memory_order_release);
        return true;
      }
    }
  }

  // Whether there was one.
  template <class F>
  bool pop(F& onMessage) {
    Cell& cell = cells_[tail_ & mask_];
    if (cell.sequence.load(std::memory_order_acquire) != tail_ + 1) return false;
    T message(std::move(*cell.message));
    cell.message.reset();
    cell.sequence.store(tail_ + mask_ + 1, std::memory_order_release);
    ++tail_;
    onMessage(std::move(message));
    return true;
  }

  const std::size_t mask_;
  const std::unique_ptr<Cell[]> cells_;
  Wakeup wakeup_;
  std::atomic<std::uint64_t> refused_{0};
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::size_t tail_ = 0;  // the taker's own
};

}  // namespace parley::driver
