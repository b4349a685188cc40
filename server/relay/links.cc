#include "server/relay/links.h"

#include <utility>

#include "base/check.h"
#include "driver/first_byte.h"

namespace parley::server {

UdpPort::UdpPort(driver::Loop& loop, Owner& owner, Role role, driver::UdpSocket udp)
    : loop_(loop), owner_(owner), role_(role), socket_(std::move(udp)) {
  socket = &socket_;
}

UdpPort::~UdpPort() {
  unwatch();
}

Result<std::unique_ptr<UdpPort>> UdpPort::open(driver::Loop& loop, Owner& owner, Role role,
                                               driver::UdpSocket socket) {
  std::unique_ptr<UdpPort> port(new UdpPort(loop, owner, role, std::move(socket)));
  const auto watch = loop.watch(port->socket_.descriptor(), driver::kReadable, *port);
  if (!watch) return watch.error();
  port->watch_ = watch.value();
  return port;
}

Result<std::unique_ptr<Connection>> Connection::open(driver::Loop& loop, Owner& owner,
                                                     driver::StreamBuffers& buffers,
                                                     driver::Descriptor fd,
                                                     std::optional<driver::TlsSession> tls) {
  std::unique_ptr<Connection> c(new Connection(loop, owner));
  c->Link::connection = c.get();
  auto stream = driver::Stream::make(loop, *c, buffers, std::move(fd), std::move(tls), {});
  if (!stream) return stream.error();
  c->stream_ = std::move(stream).value();
  c->touch();
  return c;
}

void Connection::setId(LinkId linkId) {
  id = linkId;
  path_ = {linkId, stream_->transport(), stream_->local(), stream_->remote()};
}

void Connection::touch() {
  if (allocations_ == 0) stream_->setIdleDeadline(loop_.now() + kIdle);
}

void Connection::allocationMade() {
  ++allocations_;
  stream_->setIdleDeadline(kNever);
}

void Connection::allocationEnded() {
  PARLEY_CHECK(allocations_ > 0);
  --allocations_;
  touch();
}

void Connection::handleStreamBytes(driver::Stream&, Bytes bytes) {
  const bool first = !std::exchange(started_, true);
  if (first && driver::streamKind(bytes[0]) != driver::StreamKind::Stun) return sendAway();
  framer_.append(bytes);
  bool any = false;
  while (!gone_) {
    const auto message = framer_.next();
    if (!message) break;
    any = true;
    owner_.handleMessage(*this, Train(path_, *message));
  }
  if (any) {
    owner_.handleMessagesEnd();
    touch();
  }
  if (framer_.failed() && !gone_) sendAway();
}

void Connection::sendAway() {
  stream_->close();
  leave(true);
}

void Connection::handleStreamEnd(driver::Stream& stream) {
  leave(false);
  stream.finish();
}

void Connection::handleStreamClosed(driver::Stream&, driver::StreamEnd why) {
  leave(why != driver::StreamEnd::PeerClosed && why != driver::StreamEnd::Reset);
}

void Connection::leave(bool failed) {
  const bool first = !std::exchange(gone_, true);
  owner_.handleConnectionGone(*this, failed && first);
}

}  // namespace parley::server
