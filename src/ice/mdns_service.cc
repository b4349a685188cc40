#include "ice/mdns_service.h"

#include <algorithm>
#include <array>

#include "ice/candidate.h"

namespace parley::ice {
namespace {

constexpr Duration kAgainToGroup = 1s;  // RFC 6762 section 6

bool asksFor(const MdnsQuestion& question, const IpAddress& address) {
  const auto type = static_cast<DnsType>(question.type);
  return type == DnsType::Any || type == (address.isV4() ? DnsType::A : DnsType::Aaaa);
}

}  // namespace

Address MdnsService::group(Family family) {
  if (family == Family::V4) return {IpAddress::v4(224, 0, 0, 251), kPort};
  return {IpAddress::v6({0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFB}), kPort};
}

bool MdnsService::addLink(LinkId link, const Address& local) {
  if (links_.size() == kMaxLinks) return false;
  links_.push_back({link, local});
  return true;
}

void MdnsService::removeLink(LinkId link) {
  std::erase_if(links_, [&](const Link& l) { return l.id == link; });
  for (Name& n : published_)
    std::erase_if(n.told, [&](const auto& t) { return t.first == link; });
}

bool MdnsService::publish(std::string_view name, const IpAddress& address) {
  if (!isMdnsName(name)) return false;
  withdraw(name);
  if (published_.size() == kMaxPublished) return false;
  published_.push_back({lowerCase(name), address, {}});
  return true;
}

void MdnsService::withdraw(std::string_view name) {
  std::erase_if(published_, [&, key = lowerCase(name)](const Name& n) { return n.name == key; });
}

bool MdnsService::resolve(std::string_view name, Time now) {
  if (!isMdnsName(name)) return false;
  const std::string key = lowerCase(name);
  for (const Name& n : published_) {
    if (n.name != key) continue;
    events_.emplace_back(MdnsResolved{std::string{name}, n.address});
    return true;
  }
  for (const Pending& p : pending_) {
    if (p.name == key) return true;
  }
  if (pending_.size() == kMaxPending) return false;
  pending_.push_back({key, 0, now});
  ask(pending_.back(), now);
  return true;
}

void MdnsService::cancel(std::string_view name) {
  std::erase_if(pending_, [&, key = lowerCase(name)](const Pending& p) { return p.name == key; });
}

// The first question wants its answer straight (section 5.4); later ones go the usual way.
void MdnsService::ask(Pending& pending, Time now) {
  for (const Link& link : links_) {
    const Path path{link.id, Transport::Udp, link.local, group(link.local.family())};
    outbox_.add(path,
                [&](Bytes room) { return writeMdnsQuery(room, pending.name, pending.asked == 0); });
  }
  pending.next =
      now +
      (pending.asked + 1 == kMaxQuestions ? kLastWait : kFirstInterval * (1u << pending.asked));
  ++pending.asked;
}

void MdnsService::handleDatagrams(const Train& in, Time now) {
  for (std::size_t i = 0; i < in.size(); ++i) {
    const Result<MdnsMessage> message = parseMdns(in[i]);
    if (!message) continue;
    if (!message->response) {
      answer(in.path(), *message, now);
    } else if (in.path().remote.port() == kPort) {
      learn(*message);  // section 6: from any other port it is a forgery
    }
  }
}

void MdnsService::answer(const Path& path, const MdnsMessage& query, Time now) {
  const bool legacy = path.remote.port() != kPort;
  for (const MdnsQuestion& question : query.questions) {
    for (Name& n : published_) {
      if (n.name != question.name || !asksFor(question, n.address)) continue;
      const std::array<IpAddress, 1> addresses{n.address};
      if (legacy || question.unicastResponse) {
        const MdnsEcho echo{query.id, question.type};
        outbox_.add(path, [&](Bytes room) {
          return writeMdnsResponse(room, n.name, addresses, legacy ? kLegacyTtl : kTtl,
                                   legacy ? &echo : nullptr);
        });
        continue;
      }
      auto told = std::find_if(n.told.begin(), n.told.end(),
                               [&](const auto& t) { return t.first == path.link; });
      if (told != n.told.end() && now - told->second < kAgainToGroup) continue;
      if (told == n.told.end()) told = n.told.insert(n.told.end(), {path.link, now});
      told->second = now;
      Path toGroup = path;
      toGroup.remote = group(path.remote.family());
      outbox_.add(toGroup, [&](Bytes room) {
        return writeMdnsResponse(room, n.name, addresses, kTtl, nullptr);
      });
    }
  }
}

void MdnsService::learn(const MdnsMessage& response) {
  for (const MdnsAnswer& a : response.answers) {
    const auto it = std::find_if(pending_.begin(), pending_.end(),
                                 [&](const Pending& p) { return p.name == a.name; });
    if (it == pending_.end() || a.ttl == 0) continue;
    events_.emplace_back(MdnsResolved{it->name, a.address});
    pending_.erase(it);
  }
}

void MdnsService::handleTimeout(Time now) {
  for (auto it = pending_.begin(); it != pending_.end();) {
    if (now < it->next) {
      ++it;
    } else if (it->asked < kMaxQuestions) {
      ask(*it, now);
      ++it;
    } else {
      events_.emplace_back(MdnsFailed{it->name});
      it = pending_.erase(it);
    }
  }
}

Time MdnsService::nextTimeout() const {
  Time next = kNever;
  for (const Pending& p : pending_)
    next = std::min(next, p.next);
  return next;
}

More MdnsService::pollTransmit(TransmitBatch& out, Time) {
  return outbox_.flush(out);
}

std::optional<MdnsService::Event> MdnsService::pollEvent() {
  if (events_.empty()) return std::nullopt;
  std::optional<Event> event(std::in_place, std::move(events_.front()));
  events_.pop_front();
  return event;
}

}  // namespace parley::ice
