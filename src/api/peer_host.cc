#include "api/peer_host.h"

#include <algorithm>

#include "api/connection.h"
#include "api/runtime.h"
#include "api/settings.h"

namespace parley::api {

namespace {

peer::InterfaceKind kindOf(driver::InterfaceKind kind) {
  switch (kind) {
    case driver::InterfaceKind::Wired:
      return peer::InterfaceKind::Ethernet;
    case driver::InterfaceKind::Wifi:
      return peer::InterfaceKind::Wifi;
    case driver::InterfaceKind::Cellular:
      return peer::InterfaceKind::Cellular;
    case driver::InterfaceKind::Vpn:
      return peer::InterfaceKind::Vpn;
    case driver::InterfaceKind::Loopback:
      return peer::InterfaceKind::Loopback;
    case driver::InterfaceKind::Virtual:
    case driver::InterfaceKind::Unknown:
      break;
  }
  return peer::InterfaceKind::Unknown;
}

// DTLS, plain or in ChannelData (RFC 7983 section 7, RFC 8656 section 12.4).
bool isData(ConstBytes datagram) {
  constexpr std::size_t kChannelHeader = 4;
  if (!datagram.empty() && (datagram[0] & 0xC0) == 0x40 && datagram.size() > kChannelHeader)
    datagram = datagram.subspan(kChannelHeader);
  return !datagram.empty() && datagram[0] >= 20 && datagram[0] < 64;
}

}  // namespace

void HeldEngine::handleDatagrams(const Train& train, Time now) {
  if (host_.takesData() || !isData(train[0])) peer_.handleDatagrams(train, now);
}

std::optional<HeldEngine::Event> HeldEngine::pollEvent() {
  auto event = peer_.pollEvent();
  if (!event) host_.handleDrained();
  return event;
}

// ChannelData (RFC 8656 section 12.4) and Send indications (section 11.1).
bool TurnFraming::isMedia(ConstBytes message) {
  if (message.size() < 2) return false;
  return (message[0] & 0xC0) == 0x40 || (message[0] == 0x00 && message[1] == 0x16);
}

PeerHost::PeerHost(std::shared_ptr<Connection> connection)
    : connection_(std::move(connection)),
      shard_(connection_->shard()),
      peer_(connection_->engineConfig(), connection_->identity(), dtlsContext(), random_,
            shard_.now()),
      engine_(peer_, *this),
      runner_(std::make_unique<Runner>(shard_.shared(), engine_, *this)),
      linger_(shard_.loop().addTimer(*this)) {}

PeerHost::~PeerHost() {
  for (const auto lookup : lookups_)
    shard_.resolver().cancel(lookup);
  forgetNames();
  shard_.loop().removeTimer(linger_);
}

void PeerHost::run(Outbox& outbox) {
  for (Command& command : outbox.commands) {
    switch (command.kind) {
      case Command::Kind::Send:
        send(command, ConstBytes(outbox.bytes).subspan(command.offset, command.length));
        break;
      case Command::Kind::CloseChannel:
        if (command.channel->peerId) peer_.closeChannel(*command.channel->peerId, now());
        break;
      case Command::Kind::Call:
        command.call(*this);
        break;
      case Command::Kind::Close:
        close();
        break;
    }
  }
}

void PeerHost::send(const Command& command, ConstBytes bytes) {
  Channel& channel = *command.channel;
  if (!channel.peerId || closed_) return;
  // What the engine refuses is a channel that it has closed meanwhile: told by an event.
  [[maybe_unused]] const auto status = peer_.send(*channel.peerId, command.message, bytes, now());
  channel.handedOver += bytes.size();
  if (channel.buffering) return;
  channel.buffering = true;
  buffering_.push_back(command.channel);
}

bool PeerHost::takesData() const {
  return !connection_->blocked();
}

void PeerHost::handleDrained() {
  reportBuffered();
  if (connection_->logs()) forwardLog();
  if (closed_ && peer_.isDone()) finish();
}

void PeerHost::handleTimer() {
  finish();  // whatever it still had to say
}

// What has left the engine since the last time is no longer buffered.
void PeerHost::reportBuffered() {
  std::erase_if(buffering_, [this](const std::shared_ptr<Channel>& channel) {
    const std::uint64_t left = channel->peerId ? peer_.bufferedAmount(*channel->peerId) : 0;
    const std::uint64_t had = channel->inEngine + channel->handedOver;
    channel->inEngine = left;
    channel->handedOver = 0;
    if (had > left) connection_->lowerBuffered(channel, had - left);
    if (left != 0) return false;
    channel->buffering = false;
    return true;
  });
}

void PeerHost::forwardLog() {
  const peer::EventLog& log = peer_.log();
  const std::uint64_t total = log.size() + log.forgotten();
  if (total == logged_) return;
  std::uint64_t at = log.forgotten();
  log.forEach([&](const peer::LogEntry& entry) {
    if (at++ >= logged_) connection_->log(LogLevel::Debug, log.describe(entry));
  });
  logged_ = total;
}

// ---- what the engine asks for
// -----------------------------------------------------------------------

void PeerHost::handleEngineEvent(peer::PeerEvent& event) {
  if (const auto* stream = std::get_if<peer::OpenStream>(&event)) return openStream(*stream);
  if (const auto* stream = std::get_if<peer::CloseStream>(&event))
    return runner_->close(stream->link);
  if (const auto* name = std::get_if<peer::ResolveName>(&event)) return resolve(*name);
  if (const auto* hidden = std::get_if<peer::ResolveMdns>(&event)) return resolve(*hidden);
  if (const auto* own = std::get_if<peer::PublishMdns>(&event)) return publish(*own);
  connection_->handleEvent(event);
}

void PeerHost::openStream(const peer::OpenStream& request) {
  driver::OutgoingOptions options;
  options.remote = request.server;
  if (!request.local.isUnspecified()) options.local = request.local;
  if (request.transport == Transport::Tls) {
    auto tls = tlsContext(connection_->fixed().tls);
    if (!tls) {
      connection_->log(LogLevel::Warning, tls.error().message);
      peer_.handleStreamFailed(request.id, {ErrorCode::Invalid, "trust of TLS"}, now());
      return;
    }
    options.tls = std::move(*tls);
    options.serverName = request.serverName;
  }
  runner_->openStream(request.id.value(), std::move(options));
}

void PeerHost::resolve(const peer::ResolveName& request) {
  const auto answer = [this, id = request.id](driver::Resolver::Id lookup,
                                              const driver::Resolver::Answer& addresses) {
    std::erase(lookups_, lookup);
    peer_.handleResolved(
        id, addresses ? std::span<const IpAddress>(*addresses) : std::span<const IpAddress>{},
        now());
    pump();
  };
  const auto lookup = shard_.resolver().resolve(request.name, answer);
  if (lookup) {
    lookups_.push_back(*lookup);
  } else {
    peer_.handleResolved(request.id, {}, now());
  }
}

void PeerHost::resolve(const peer::ResolveMdns& request) {
  const auto answer = [this, id = request.id](const std::optional<IpAddress>& address) {
    peer_.handleResolved(
        id, address ? std::span<const IpAddress>(&*address, 1) : std::span<const IpAddress>{},
        now());
    pump();
  };
  std::optional<MdnsHost::Ticket> ticket;
  if (connection_->fixed().mdns == MdnsMode::Resolve)
    ticket = shard_.mdns().resolve(request.name, shard_.interfaces(), answer);
  if (ticket)
    mdnsLookups_.push_back(*ticket);
  else
    peer_.handleResolved(request.id, {}, now());
}

void PeerHost::publish(const peer::PublishMdns& request) {
  if (shard_.mdns().publish(request.name, request.address, shard_.interfaces()))
    published_.push_back(request.name);
  else
    connection_->log(LogLevel::Warning, "a name that hides an address cannot be published");
}

void PeerHost::forgetNames() {
  if (mdnsLookups_.empty() && published_.empty()) return;
  for (const auto ticket : mdnsLookups_)
    shard_.mdns().cancel(ticket);
  for (const std::string& name : published_)
    shard_.mdns().withdraw(name);
  mdnsLookups_.clear();
  published_.clear();
}

void PeerHost::handleStreamOpened(driver::StreamTicket ticket, const Path& path) {
  peer_.handleStreamOpened(peer::StreamRequestId(static_cast<std::uint32_t>(ticket)), path, now());
}

void PeerHost::handleStreamFailed(driver::StreamTicket ticket, const Error& error) {
  peer_.handleStreamFailed(peer::StreamRequestId(static_cast<std::uint32_t>(ticket)), error, now());
}

// ---- sockets
// ------------------------------------------------------------------------------------------

void PeerHost::openLinks() {
  if (linksOpen_) return;
  linksOpen_ = true;
  const Configuration& configuration = connection_->fixed();
  std::vector<driver::Interface> wanted;
  for (const driver::Interface& i : shard_.interfaces())
    if (wantsInterface(configuration, i.name, i.address.toString())) wanted.push_back(i);
  bool any = false;
  const auto open = [&](bool loopback) {
    driver::AddressWishes wishes;
    wishes.loopback = loopback;
    for (const driver::Interface& interface : driver::usableAddresses(wanted, wishes))
      if (interface.loopback == loopback) any = bindSocket(interface) || any;
  };
  open(false);
  const LoopbackMode mode = configuration.loopback;
  if (mode == LoopbackMode::Always || (mode == LoopbackMode::Auto && !any)) open(true);
  if (!any) connection_->log(LogLevel::Warning, "no network interface to use");
  peer_.endOfLinks(now());
}

bool PeerHost::bindSocket(const driver::Interface& interface) {
  const IpAddress& ip = interface.address;
  const PortRange& ports = connection_->fixed().ports;
  driver::UdpOptions options;
  options.errors = true;
  options.receiveBufferBytes = kSocketBufferBytes;
  options.sendBufferBytes = kSocketBufferBytes;
  const std::uint32_t count = std::uint32_t{ports.last} - ports.first + 1;
  const auto start = static_cast<std::uint32_t>(random_.below(count));
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto port = static_cast<std::uint16_t>(ports.first + (start + i) % count);
    const auto path = runner_->bind({ip, port}, options);
    if (!path) {
      if (path.error().code() == ErrorCode::InUse) continue;
      connection_->log(LogLevel::Warning, path.error().describe());
      return false;
    }
    peer_.addLink(path->link, path->local, kindOf(interface.kind), now());
    return true;
  }
  connection_->log(LogLevel::Warning, "no free port in the range on " + ip.toString());
  return false;
}

// ---- the end
// ------------------------------------------------------------------------------------------

void PeerHost::close() {
  if (closed_) return;
  closed_ = true;
  peer_.close(now());
  shard_.loop().setTimer(linger_, now() + kLinger);
}

void PeerHost::finish() {
  if (finished_) return;
  finished_ = true;
  shard_.loop().setTimer(linger_, kNever);
  forgetNames();
  runner_->closeAll();
  // Not here: the caller may be one of our sockets.
  shard_.post([connection = connection_] { connection->dropHost(); });
}

}  // namespace parley::api
