// Which sequence numbers of an epoch were received (RFC 6347 section 4.1.2.6): the kSpan newest are
// told apart, older ones count as replayed. accept() only after the record proved authentic.
#pragma once

#include <array>
#include <cstdint>

namespace parley::dtls {

class ReplayWindow {
 public:
  // RFC 6347 asks for 32 at least and suggests 64; trains on paths that reorder want more.
  static constexpr std::uint64_t kSpan = 1024;

  bool isFresh(std::uint64_t sequence) const {
    if (sequence >= next_) return true;
    if (next_ - sequence > kSpan) return false;
    return (words_[wordOf(sequence)] & bitOf(sequence)) == 0;
  }
  void accept(std::uint64_t sequence) {
    if (sequence >= next_) slideTo(sequence);
    words_[wordOf(sequence)] |= bitOf(sequence);
  }

 private:
  static constexpr std::size_t kWords = kSpan / 64 + 1;  // one more, so that whole words slide

  static std::size_t wordOf(std::uint64_t sequence) {
    return static_cast<std::size_t>(sequence / 64 % kWords);
  }
  static std::uint64_t bitOf(std::uint64_t sequence) { return std::uint64_t{1} << (sequence % 64); }

  void slideTo(std::uint64_t sequence) {
    // Words entered for the first time are cleared; those before next_ hold what is known.
    const std::uint64_t last = sequence / 64;
    std::uint64_t word = next_ == 0 ? 0 : (next_ - 1) / 64 + 1;
    if (last >= word + kWords) word = last - kWords + 1;
    for (; word <= last; ++word)
      words_[word % kWords] = 0;
    next_ = sequence + 1;
  }

  std::uint64_t next_ = 0;  // one more than the highest accepted
  std::array<std::uint64_t, kWords> words_{};
};

}  // namespace parley::dtls
