// What waits to be written to a stream, message by message. Bounded: beyond `mediaLimit` the
// oldest media not yet begun makes room, because late media is worth nothing; control is never
// dropped, and when it alone reaches `hardLimit` push() refuses, which must end the stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/bytes.h"
#include "driver/byte_queue.h"

namespace parley::driver {

enum class Priority : std::uint8_t { Control, Media };

class StreamQueue {
 public:
  StreamQueue(std::size_t mediaLimit, std::size_t hardLimit)
      : mediaLimit_(mediaLimit), hardLimit_(hardLimit) {}

  // header, payload and `padding` zero bytes are one message. false only for control that reaches
  // the hard limit; media that finds no room is dropped, counted, and taken for the caller.
  bool push(ConstBytes header, ConstBytes payload, std::size_t padding, Priority priority);

  ConstBytes front() const { return bytes_.pending(); }
  void pop(std::size_t n);
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.size() == 0; }
  void release() { bytes_.release(); }

  std::uint64_t dropped() const { return dropped_; }  // messages

 private:
  struct Entry {
    std::size_t size;  // of what is left of it
    Priority priority;
    bool begun;
  };
  void dropOldMedia(std::size_t until);

  std::size_t mediaLimit_;
  std::size_t hardLimit_;
  ByteQueue bytes_;
  std::deque<Entry> entries_;
  std::uint64_t dropped_ = 0;
};

}  // namespace parley::driver
