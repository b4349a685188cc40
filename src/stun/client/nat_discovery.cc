#include "stun/client/nat_discovery.h"

#include <algorithm>

#include "stun/attributes.h"
#include "stun/message_writer.h"

namespace parley::stun {
namespace {

// RFC 5780 section 7.2.
constexpr std::uint32_t kChangeIp = 4;
constexpr std::uint32_t kChangePort = 2;
constexpr std::size_t kMaxRequest = 64;

// XOR-MAPPED-ADDRESS, or what servers of RFC 3489 send.
std::optional<Address> mappedAddress(const Message& m) {
  if (const auto v = m.find(attr::kXorMappedAddress))
    return decodeXorAddress(*v, m.transactionId());
  if (const auto v = m.find(attr::kMappedAddress)) return decodeAddress(*v);
  return std::nullopt;
}

}  // namespace

const char* describe(NatBehaviour b) {
  switch (b) {
    case NatBehaviour::Unknown:
      return "unknown";
    case NatBehaviour::NoNat:
      return "no NAT";
    case NatBehaviour::EndpointIndependent:
      return "endpoint-independent";
    case NatBehaviour::AddressDependent:
      return "address-dependent";
    case NatBehaviour::AddressAndPortDependent:
      return "address-and-port-dependent";
    case NatBehaviour::Dependent:
      return "address- or port-dependent";
    case NatBehaviour::NotPortDependent:
      return "not port-dependent (endpoint-independent, or address-dependent)";
  }
  return "unknown";
}

NatDiscovery::NatDiscovery(const Path& local, const std::vector<Address>& servers,
                           std::vector<IpAddress> ownAddresses, RandomSource& random,
                           const RetransmitConfig& retransmit)
    : local_(local), own_(std::move(ownAddresses)), random_(random), retransmit_(retransmit) {
  for (const Address& s : servers) {
    const bool known = std::any_of(report_.servers.begin(), report_.servers.end(),
                                   [&](const StunServerReport& r) { return r.server == s; });
    if (!known && s.family() == local.local.family() && report_.servers.size() < kMaxServers) {
      StunServerReport& r = report_.servers.emplace_back();
      r.server = s;
    }
  }
}

void NatDiscovery::start(Time) {
  if (step_ == Step::Idle) begin(Step::AskAll);
}

void NatDiscovery::ask(const Address& to, std::uint32_t change, std::size_t server) {
  Request r;
  r.to = to;
  r.change = change;
  r.transaction = ClientTransaction(randomTransactionId(random_), retransmit_, Transport::Udp);
  r.due = true;
  r.server = server;
  requests_.push_back(std::move(r));
}

void NatDiscovery::begin(Step step) {
  step_ = step;
  seen_.reset();
  cameThrough_ = refused_ = false;
  const auto subject = [&]() -> const StunServerReport& { return report_.servers[subject_]; };
  switch (step) {
    case Step::AskAll:
      for (std::size_t i = 0; i < report_.servers.size(); ++i)
        ask(report_.servers[i].server, 0, i);
      if (requests_.empty()) finish();
      return;
    case Step::FilterBoth:
      return ask(subject().server, kChangeIp | kChangePort, subject_);
    case Step::FilterPort:
      return ask(subject().server, kChangePort, subject_);
    case Step::MapAddress:
      return ask(Address(subject().other->ip(), subject().server.port()), 0, subject_);
    case Step::MapBoth:
      return ask(*subject().other, 0, subject_);
    case Step::Idle:
    case Step::Over:
      return;
  }
}

// After the first answers: whether there is a NAT, and who can tell more.
void NatDiscovery::askedAll() {
  const auto answers = [](const StunServerReport& r) { return r.mapped.has_value(); };
  const auto first = std::find_if(report_.servers.begin(), report_.servers.end(), answers);
  if (first == report_.servers.end()) return finish();
  const Address& mapped = *first->mapped;
  const bool ours = local_.local.ip().isUnspecified()
                        ? std::find(own_.begin(), own_.end(), mapped.ip()) != own_.end()
                        : mapped.ip() == local_.local.ip();
  if (ours && mapped.port() == local_.local.port()) report_.mapping = NatBehaviour::NoNat;

  // A second address that differs in address and port is what the tests need (RFC 5780 section
  // 7.4).
  const auto subject =
      std::find_if(report_.servers.begin(), report_.servers.end(), [&](const StunServerReport& r) {
        return r.mapped && r.other && r.other->family() == r.server.family() &&
               r.other->ip() != r.server.ip() && r.other->port() != r.server.port();
      });
  if (subject == report_.servers.end()) {
    infer();
    return finish();
  }
  subject_ = static_cast<std::size_t>(subject - report_.servers.begin());
  report_.byRfc5780 = true;
  begin(Step::FilterBoth);
}

// One mapping for all servers is endpoint-independent as far as they can tell. Different ones at
// one address tell apart by port; else it may be by address or by both.
void NatDiscovery::infer() {
  if (report_.mapping == NatBehaviour::NoNat) return;
  std::vector<const StunServerReport*> all;
  for (const StunServerReport& r : report_.servers)
    if (r.mapped) all.push_back(&r);
  bool compared = false;
  bool sameAddressDiffers = false;
  bool differs = false;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i]->server.ip() != all[0]->server.ip()) compared = true;
    differs = differs || *all[i]->mapped != *all[0]->mapped;
    for (std::size_t k = 0; k < i; ++k)
      sameAddressDiffers = sameAddressDiffers || (all[i]->server.ip() == all[k]->server.ip() &&
                                                  *all[i]->mapped != *all[k]->mapped);
  }
  if (sameAddressDiffers)
    report_.mapping = NatBehaviour::AddressAndPortDependent;
  else if (differs)
    report_.mapping = NatBehaviour::Dependent;
  else if (compared)
    report_.mapping = NatBehaviour::EndpointIndependent;
  else if (all.size() > 1)
    report_.mapping = NatBehaviour::NotPortDependent;
}

void NatDiscovery::stepOver() {
  const StunServerReport* subject = report_.servers.empty() ? nullptr : &report_.servers[subject_];
  switch (step_) {
    case Step::AskAll:
      return askedAll();
    case Step::FilterBoth:
      if (cameThrough_) report_.filtering = NatBehaviour::EndpointIndependent;
      if (cameThrough_ || refused_) {
        if (report_.mapping == NatBehaviour::NoNat) return finish();
        return begin(Step::MapAddress);
      }
      return begin(Step::FilterPort);
    case Step::FilterPort:
      if (!refused_)
        report_.filtering =
            cameThrough_ ? NatBehaviour::AddressDependent : NatBehaviour::AddressAndPortDependent;
      if (report_.mapping == NatBehaviour::NoNat) return finish();
      return begin(Step::MapAddress);
    case Step::MapAddress: {
      if (!seen_) return infer(), finish();  // its second address does not answer
      if (*seen_ == *subject->mapped) {
        report_.mapping = NatBehaviour::EndpointIndependent;
        return finish();
      }
      seenBefore_ = seen_;
      return begin(Step::MapBoth);
    }
    case Step::MapBoth:
      report_.mapping = !seen_                   ? NatBehaviour::Dependent
                        : *seen_ == *seenBefore_ ? NatBehaviour::AddressDependent
                                                 : NatBehaviour::AddressAndPortDependent;
      return finish();
    case Step::Idle:
    case Step::Over:
      return;
  }
}

void NatDiscovery::finish() {
  step_ = Step::Over;
  requests_.clear();
  told_ = false;
}

void NatDiscovery::answered(const Message& answer, const Address& from, const Request& request,
                            Time now) {
  StunServerReport& server = report_.servers[request.server];
  const bool failed = answer.messageClass() == Class::Error;
  if (failed && step_ == Step::AskAll) {
    const auto value = answer.find(attr::kErrorCode);
    const auto error = value ? decodeErrorCode(*value) : std::nullopt;
    server.errorCode = error ? error->code : std::uint16_t{400};
  }
  refused_ = refused_ || failed;
  if (failed) return;
  const auto mapped = mappedAddress(answer);
  switch (step_) {
    case Step::AskAll: {
      server.mapped = mapped;
      const auto other = answer.find(attr::kOtherAddress);
      if (other) server.other = decodeAddress(*other);
      server.roundTrip = now - request.transaction.firstSentAt();
      return;
    }
    // An answer from where it was asked from says that the server does not change; not the NAT.
    case Step::FilterBoth:
      (from.ip() != request.to.ip() ? cameThrough_ : refused_) = true;
      return;
    case Step::FilterPort:
      (from.port() != request.to.port() ? cameThrough_ : refused_) = true;
      return;
    case Step::MapAddress:
    case Step::MapBoth:
      seen_ = mapped;
      return;
    case Step::Idle:
    case Step::Over:
      return;
  }
}

void NatDiscovery::handleDatagrams(const Train& in, Time now) {
  if (in.path().link != local_.link) return;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto m = Message::parse(in[i]);
    if (!m || m->method() != Method::Binding) continue;
    const auto it = std::find_if(requests_.begin(), requests_.end(),
                                 [&](const Request& r) { return r.transaction.matches(*m); });
    if (it == requests_.end()) continue;
    // Only CHANGE-REQUEST's answers may come from elsewhere.
    if (it->change == 0 && in.path().remote != it->to) continue;
    const Request request = *it;
    requests_.erase(it);
    answered(*m, in.path().remote, request, now);
    if (requests_.empty()) stepOver();
  }
}

void NatDiscovery::handleTimeout(Time now) {
  if (step_ == Step::Over || step_ == Step::Idle) return;
  const bool waited = !requests_.empty();
  for (auto it = requests_.begin(); it != requests_.end();) {
    const auto step = it->transaction.handleTimeout(now);
    if (step == ClientTransaction::Step::Send) it->due = true;
    it = step == ClientTransaction::Step::Failed ? requests_.erase(it) : it + 1;
  }
  if (waited && requests_.empty()) stepOver();
}

Time NatDiscovery::nextTimeout() const {
  Time next = kNever;
  for (const Request& r : requests_)
    if (!r.due) next = std::min(next, r.transaction.nextTimeout());
  return next;
}

More NatDiscovery::pollTransmit(TransmitBatch& out, Time now) {
  for (Request& r : requests_) {
    if (!r.due) continue;
    const Bytes room = out.reserve(kMaxRequest);
    if (room.empty()) return More::Yes;
    MessageWriter w(room, Method::Binding, Class::Request, r.transaction.id());
    if (r.change != 0) w.u32(attr::kChangeRequest, r.change);
    Path path = local_;
    path.remote = r.to;
    out.commit(path, w.finish());
    r.due = false;
    r.transaction.sent(now);
  }
  return More::No;
}

std::optional<NatDiscovery::Event> NatDiscovery::pollEvent() {
  if (told_) return std::nullopt;
  told_ = true;
  return Done{report_};
}

}  // namespace parley::stun
