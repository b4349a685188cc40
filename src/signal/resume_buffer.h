// The sequenced messages to one member that it has not acknowledged (docs/signalling.md section
// 5), as text, ready to be sent again. Numbers start at 1 and have no gap. At most `limit` bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace parley::signal {

class ResumeBuffer {
 public:
  // The number that the next message gets.
  std::uint64_t next() const { return firstKept_ + kept(); }
  std::uint64_t lastSent() const { return next() - 1; }
  std::uint64_t acknowledged() const { return firstKept_ - 1; }
  std::size_t bytes() const { return bytes_; }
  std::size_t kept() const { return texts_.size() - head_; }

  // Keeps the message of number next(). False, and nothing kept, when it would pass the limit.
  bool push(const std::string& text, std::size_t limit);

  // Everything up to `seq` has arrived. False when that was never sent.
  bool acknowledge(std::uint64_t seq);

  // Whether what follows `seq` is all here still.
  bool canReplayAfter(std::uint64_t seq) const {
    return seq >= acknowledged() && seq <= lastSent();
  }
  // `visit(text)` for each message kept, oldest first.
  template <class Visit>
  void forEach(Visit&& visit) const {
    for (std::size_t i = head_; i < texts_.size(); ++i)
      visit(texts_[i]);
  }

 private:
  void compact();

  std::vector<std::string> texts_;  // from head_ on
  std::size_t head_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t firstKept_ = 1;
};

}  // namespace parley::signal
