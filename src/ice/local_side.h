// Our own side: the bases that datagrams leave from (sockets and relays), and the candidates that
// were made of them, with foundations and priorities.
//
// Local preferences follow RFC 8421 section 4: the addresses of the better kind of interface come
// first, and among equals the families take turns, IPv6 first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ice/events.h"
#include "ice/pair.h"

namespace parley::ice {

struct Base {
  LinkId link;
  Address address;
  bool relayed = false;
  LinkOptions options;  // of a socket
  std::uint16_t preference = 0;
  Candidate relay;        // of a relayed one, as it was given
  CandidateId candidate;  // its own, of this generation
  bool gone = false;
};

struct LocalEntry {
  CandidateId id;
  BaseIndex base = 0;
  Candidate candidate;
};

class LocalSide {
 public:
  static constexpr std::size_t kMaxBases = 32;
  static constexpr std::size_t kMaxCandidates = 128;

  // Null: no room.
  std::optional<BaseIndex> addLink(LinkId link, const Address& local, const LinkOptions& options);
  std::optional<BaseIndex> addRelay(LinkId link, const Candidate& relayed);
  void removeBase(BaseIndex index);

  const std::vector<Base>& bases() const { return bases_; }
  const Base& base(BaseIndex index) const { return bases_[index]; }
  // By link and local address; by the link alone when the address is none of ours (a driver that
  // does not know which one was spoken to).
  std::optional<BaseIndex> findBase(LinkId link, const Address& local) const;

  // The candidate of a base: at its own address, or as others see it. Null when it is redundant
  // (RFC 8445 section 5.1.3: same address and base) or there is no room.
  const LocalEntry* addHost(BaseIndex base, const std::string& ufrag);
  const LocalEntry* addRelayed(BaseIndex base, const std::string& ufrag);
  const LocalEntry* addReflexive(BaseIndex base, const Address& mapped, CandidateType type,
                                 std::optional<Address> server,
                                 std::optional<std::uint16_t> urlIndex, const std::string& ufrag);
  const LocalEntry* find(BaseIndex base, const Address& address) const;
  const std::vector<LocalEntry>& entries() const { return entries_; }
  // Bases stay, candidates go.
  void beginGeneration() { entries_.clear(); }

  // What a check from the base claims for the candidate that the other side may learn by it
  // (section 7.1.1): that of a peer-reflexive one.
  std::uint32_t reflexivePriority(BaseIndex base) const {
    return candidatePriority(typePreference(CandidateType::PeerReflexive, Transport::Udp),
                             bases_[base].preference, 1);
  }
  // Of the base itself.
  std::uint32_t priority(BaseIndex base) const;
  std::string foundation(BaseIndex base);

 private:
  struct FoundationKey {
    CandidateType type;
    IpAddress base;
    std::optional<IpAddress> server;
    Transport protocol;
    friend bool operator==(const FoundationKey&, const FoundationKey&) = default;
  };
  std::optional<BaseIndex> place(Base base);
  std::uint16_t preferenceOf(const Base& base) const;
  std::string foundationOf(const FoundationKey& key);
  const LocalEntry* add(BaseIndex base, Candidate candidate);

  std::vector<Base> bases_;
  std::vector<LocalEntry> entries_;
  std::vector<FoundationKey> foundations_;  // bounded by what bases and servers there are
  std::uint32_t lastId_ = 0;
};

}  // namespace parley::ice
