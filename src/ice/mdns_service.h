// Resolves and answers for the names that hide addresses of candidates, by multicast DNS: one for a
// process or a shard, shared by its agents. A protocol machine without I/O (net/engine.h); its
// links are sockets on port 5353 that joined the group of their family.
//
// It probes for no names (RFC 6762 section 8.1): a random UUID is nobody else's. It caches nothing,
// for a name is asked for once. It does not send more than one question for a name each second, nor
// a record to the group twice within a second (sections 5.2, 6).
//
// Limits: kMaxLinks, kMaxPublished, kMaxPending; beyond them publish() and resolve() say false.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ice/mdns_message.h"
#include "ice/outbox.h"
#include "net/engine.h"

namespace parley::ice {

struct MdnsResolved {
  std::string name;
  IpAddress address;
};
struct MdnsFailed {
  std::string name;
};

class MdnsService {
 public:
  using Event = std::variant<MdnsResolved, MdnsFailed>;

  static constexpr std::uint16_t kPort = 5353;
  static constexpr std::size_t kMaxLinks = 32;
  static constexpr std::size_t kMaxPublished = 256;
  static constexpr std::size_t kMaxPending = 256;
  // Questions after 0, 1 and 3 s; given up after 5.
  static constexpr unsigned kMaxQuestions = 3;
  static constexpr Duration kFirstInterval = 1s;
  static constexpr Duration kLastWait = 2s;
  static constexpr std::uint32_t kTtl = 120;       // section 10, for host names
  static constexpr std::uint32_t kLegacyTtl = 10;  // section 6.7

  static Address group(Family family);

  // The address bound; its family decides the group.
  bool addLink(LinkId link, const Address& local);
  void removeLink(LinkId link);

  bool publish(std::string_view name, const IpAddress& address);
  void withdraw(std::string_view name);
  // Answered by an event, at once when the name is one of our own.
  bool resolve(std::string_view name, Time now);
  void cancel(std::string_view name);

  void handleDatagrams(const Train& in, Time now);
  void handleTimeout(Time now);
  Time nextTimeout() const;
  More pollTransmit(TransmitBatch& out, Time now);
  std::optional<Event> pollEvent();

 private:
  struct Link {
    LinkId id;
    Address local;
  };
  struct Name {
    std::string name;
    IpAddress address;
    std::vector<std::pair<LinkId, Time>> told;  // when to the group of each link
  };
  struct Pending {
    std::string name;
    unsigned asked = 0;
    Time next{};
  };
  void answer(const Path& path, const MdnsMessage& query, Time now);
  void ask(Pending& pending, Time now);
  void learn(const MdnsMessage& response);

  std::vector<Link> links_;
  std::vector<Name> published_;
  std::vector<Pending> pending_;
  std::deque<Event> events_;  // one for each resolve()
  Outbox outbox_;
};

}  // namespace parley::ice
