#include "tests/sim/hole_punching.h"

#include <map>
#include <set>

namespace parley::sim::test {
namespace {

// An outer address: whose it is, and which of its ports.
struct Outer {
  int host = 0;
  int port = 0;
  friend auto operator<=>(const Outer&, const Outer&) = default;
};
constexpr Outer kServer{2, 0};

class Model {
 public:
  Model(int host, const Place& place) : host_(host), place_(place) {}

  // Where a packet to that destination comes from; it is let back in from now on.
  Outer send(const Outer& to) {
    Outer key;
    const Dependence d = place_.nat ? place_.nat->mapping : Dependence::EndpointIndependent;
    if (d == Dependence::AddressDependent) key = {to.host, -1};
    if (d == Dependence::AddressAndPortDependent) key = to;
    if (d == Dependence::EndpointIndependent) key = {-1, -1};
    const auto [it, fresh] = ports_.try_emplace(key, static_cast<int>(ports_.size()));
    const Outer from{host_, it->second};
    allowed_[from.port].insert(to);
    return from;
  }
  bool admits(const Outer& at, const Outer& from) const {
    const auto it = allowed_.find(at.port);
    if (it == allowed_.end()) return false;  // nobody mapped it
    if (!place_.nat || place_.nat->filtering == Dependence::EndpointIndependent) return true;
    if (place_.nat->filtering == Dependence::AddressAndPortDependent)
      return it->second.contains(from);
    for (const Outer& o : it->second)
      if (o.host == from.host) return true;
    return false;
  }
  std::set<Outer> knows;

 private:
  int host_;
  const Place& place_;
  std::map<Outer, int> ports_;
  std::map<int, std::set<Outer>> allowed_;
};

bool tryOnce(Model& from, Model& to) {
  bool works = false;
  const std::set<Outer> targets = from.knows;
  for (const Outer& target : targets) {
    const Outer source = from.send(target);
    if (!to.admits(target, source)) continue;
    to.knows.insert(source);
    // The answer goes to where the request came from.
    const Outer answer = to.send(source);
    if (from.admits(source, answer) && answer == target) works = true;
  }
  return works;
}

}  // namespace

bool canPunchHoles(const Place& a, const Place& b) {
  if (!a.usesUdp() || !b.usesUdp()) return false;
  Model left(0, a);
  Model right(1, b);
  left.knows.insert(right.send(kServer));
  right.knows.insert(left.send(kServer));
  // Addresses that are learnt lead to others; what did not work in some rounds never does.
  for (int round = 0; round < 6; ++round) {
    const bool there = tryOnce(left, right);
    const bool back = tryOnce(right, left);
    if (there || back) return true;
  }
  return false;
}

}  // namespace parley::sim::test
