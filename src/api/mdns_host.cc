#include "api/mdns_host.h"

#include <algorithm>
#include <utility>

namespace parley::api {
namespace {

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace

void MdnsEngine::addLink(LinkId link, const Address& local) {
  if (service_.addLink(link, local)) links_.emplace_back(link, local);
}

void MdnsEngine::handleDatagrams(const Train& in, Time now) {
  for (const auto& [link, local] : links_) {
    if (link != in.path().link) continue;
    Path path = in.path();
    path.local = local;
    service_.handleDatagrams(Train(path, in.bytes(), in.segmentSize(), in.ecn()), now);
  }
}

bool MdnsHost::openSockets(const std::vector<driver::Interface>& interfaces) {
  driver::AddressWishes wishes;
  wishes.loopback = true;  // two programs of a machine without a network
  for (const driver::Interface& i : driver::usableAddresses(interfaces, wishes)) {
    const std::pair key(i.index, i.address.family());
    if (std::find(open_.begin(), open_.end(), key) != open_.end()) continue;
    if (open_.size() == ice::MdnsService::kMaxLinks) break;
    auto socket = driver::UdpSocket::bindMdns(i.address, i.index);
    if (!socket) continue;  // an interface without multicast, or a machine without the right
    const auto path = runner_.adopt(std::move(*socket));
    if (!path) continue;
    engine_.addLink(path->link, Address(i.address, ice::MdnsService::kPort));
    open_.push_back(key);
  }
  return !open_.empty();
}

std::optional<MdnsHost::Ticket> MdnsHost::resolve(const std::string& name,
                                                  const std::vector<driver::Interface>& interfaces,
                                                  OnAnswer onAnswer) {
  if (!openSockets(interfaces) || !engine_.service().resolve(name, runner_.now()))
    return std::nullopt;
  waiting_.push_back({++lastTicket_, lower(name), std::move(onAnswer)});
  runner_.pumpSoon();
  return lastTicket_;
}

void MdnsHost::cancel(Ticket ticket) {
  const auto it = std::find_if(waiting_.begin(), waiting_.end(),
                               [&](const Waiting& w) { return w.ticket == ticket; });
  if (it == waiting_.end()) return;
  const std::string name = std::move(it->name);
  waiting_.erase(it);
  const bool others = std::any_of(waiting_.begin(), waiting_.end(),
                                  [&](const Waiting& w) { return w.name == name; });
  if (!others) engine_.service().cancel(name);
}

bool MdnsHost::publish(const std::string& name, const IpAddress& address,
                       const std::vector<driver::Interface>& interfaces) {
  return openSockets(interfaces) && engine_.service().publish(name, address);
}

void MdnsHost::withdraw(const std::string& name) {
  engine_.service().withdraw(name);
}

void MdnsHost::handleEngineEvent(ice::MdnsService::Event& event) {
  if (const auto* found = std::get_if<ice::MdnsResolved>(&event)) {
    answer(lower(found->name), found->address);
  } else if (const auto* failed = std::get_if<ice::MdnsFailed>(&event)) {
    answer(lower(failed->name), std::nullopt);
  }
}

// All who asked; they may ask and cancel from within.
void MdnsHost::answer(const std::string& name, const std::optional<IpAddress>& address) {
  while (true) {
    const auto it = std::find_if(waiting_.begin(), waiting_.end(),
                                 [&](const Waiting& w) { return w.name == name; });
    if (it == waiting_.end()) return;
    const OnAnswer onAnswer = std::move(it->onAnswer);
    waiting_.erase(it);
    onAnswer(address);
  }
}

}  // namespace parley::api
