// Payloads that say who sent them to whom, so that whoever hears one knows whether it is his,
// whole, and heard for the first time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/sim/seeds.h"

namespace parley::sim::test {

class PayloadBook {
 public:
  // What the links may do; see the checks below.
  bool mayCorrupt = false;
  bool mayDuplicate = false;

  std::vector<std::uint8_t> make(const std::string& from, const std::string& to, std::size_t size) {
    std::vector<std::uint8_t> bytes(size < kLeast ? kLeast : size);
    SeededRandom{++last_}.fill(bytes);
    storeBe64(bytes.data(), last_);
    storeBe64(bytes.data() + 8, checksum(bytes));
    sent_[last_] = {from, to, bytes.size(), 0};
    return bytes;
  }

  // `isMine` says whether this end goes by the name that the sender sent to.
  template <class IsMine>
  void heard(const std::string& by, ConstBytes bytes, IsMine&& isMine) {
    ++heard_;
    const bool whole = bytes.size() >= kLeast && loadBe64(bytes.data() + 8) == checksum(bytes);
    const auto it = whole ? sent_.find(loadBe64(bytes.data())) : sent_.end();
    if (it == sent_.end()) {
      if (!mayCorrupt) failures.push_back(by + " heard bytes that nobody sent");
      return;
    }
    Sent& s = it->second;
    ++s.times;
    // A flipped bit in the address of a Send indication, which has no integrity, misleads it.
    if (!isMine(s.to) && !mayCorrupt)
      failures.push_back(by + " heard what " + s.from + " sent to " + s.to);
    if (s.size != bytes.size()) failures.push_back(by + " heard a payload of another length");
    if (s.times > 1 && !mayDuplicate)
      failures.push_back(by + " heard a payload of " + s.from + " more than once");
  }

  std::size_t sentCount() const { return sent_.size(); }
  std::size_t heardCount() const { return heard_; }
  std::size_t missing() const {
    std::size_t n = 0;
    for (const auto& [id, s] : sent_)
      n += s.times == 0 ? 1 : 0;
    return n;
  }

  Failures failures;

 private:
  static constexpr std::size_t kLeast = 24;
  struct Sent {
    std::string from;
    std::string to;
    std::size_t size = 0;
    std::size_t times = 0;
  };
  static std::uint64_t checksum(ConstBytes bytes) {
    std::uint64_t h = 0xcbf29ce484222325u;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      if (i < 8 || i >= 16) h = (h ^ bytes[i]) * 0x100000001b3u;
    return h;
  }

  std::uint64_t last_ = 0;
  std::size_t heard_ = 0;
  std::map<std::uint64_t, Sent> sent_;
};

}  // namespace parley::sim::test
