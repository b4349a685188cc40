// Looks host names up by the system's resolver, on a thread of its own, because getaddrinfo()
// blocks; the answers come on the loop. A literal address is answered without the thread.
//
// Bounded: at most kMaxPending lookups wait, further ones are refused. A cancelled lookup is never
// heard of again. getaddrinfo() itself cannot be interrupted, but nobody waits for it: a lookup
// that takes longer than `timeout` is answered with TimedOut, and destruction leaves the thread to
// finish by itself. kThreads lookups run at once, so that one dead name server does not hold up
// the rest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "driver/loop.h"
#include "net/address.h"

namespace parley::driver {

class Resolver {
 public:
  static constexpr std::size_t kMaxPending = 64;
  static constexpr std::size_t kMaxAddresses = 16;  // of a name; more are left out
  static constexpr int kThreads = 4;
  static constexpr std::size_t kMaxName = 253;  // RFC 1035 section 2.3.4

  using Id = std::uint64_t;
  // Never empty when ok; in the system's order (RFC 6724).
  using Answer = Result<std::vector<IpAddress>>;
  using OnAnswer = std::function<void(Id, const Answer&)>;
  // What does the looking up, on any thread; tests give their own.
  using Lookup = Answer (*)(const std::string& name);

  static Result<std::unique_ptr<Resolver>> make(Loop& loop, Lookup lookup = systemLookup);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Answers later on the loop, never from within; Limit when too many wait.
  Result<Id> resolve(std::string name, OnAnswer onAnswer, Duration timeout = 10s);
  void cancel(Id id);
  std::size_t pending() const;

  static Answer systemLookup(const std::string& name);

 private:
  struct Impl;
  explicit Resolver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::driver
