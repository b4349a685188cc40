#include "driver/tcp_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>

#include "driver/socket_address.h"

namespace parley::driver {
namespace {

constexpr int kBacklog = 1024;
constexpr int kAcceptsARound = 64;
constexpr Duration kPause = 100ms;  // when even the reserve does not help

bool setOption(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

Error socketError(const char* what) {
  const int code = errno;
  return {code == EADDRINUSE ? ErrorCode::InUse : ErrorCode::System, what, code};
}

Descriptor openReserve() {
  return Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace

Result<TcpSocket> TcpSocket::bind(const Address& address, bool shared) {
  const bool v6 = address.family() == Family::V6;
  Descriptor fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return socketError("open a TCP socket");
  // Old connections in TIME_WAIT must not keep a restarted server from its port.
  if (!setOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
      (v6 && !setOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
      (shared && !setOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1))) {
    return socketError("set up a TCP socket");
  }
  const SocketAddress sa = toSocketAddress(address);
  if (::bind(fd.get(), sa.get(), sa.length) != 0) return socketError("bind a TCP socket");
  const Address local = localAddress(fd.get());
  return TcpSocket(std::move(fd), local);
}

Status TcpSocket::share() {
  if (!setOption(fd_.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return socketError("share a TCP port");
  return Ok{};
}

TcpListener::TcpListener(Loop& loop, Owner& owner, TcpSocket socket)
    : loop_(loop),
      owner_(owner),
      socket_(std::move(socket)),
      reserve_(openReserve()),
      timer_(loop.addTimer(*this)) {}

TcpListener::~TcpListener() {
  loop_.unwatch(watch_);
  loop_.removeTimer(timer_);
}

Result<std::unique_ptr<TcpListener>> TcpListener::listen(Loop& loop, Owner& owner,
                                                         TcpSocket socket) {
  std::unique_ptr<TcpListener> listener(new TcpListener(loop, owner, std::move(socket)));
  const int fd = listener->socket_.descriptor();
  if (::listen(fd, kBacklog) != 0) return socketError("listen on a TCP socket");
  const auto watch = loop.watch(fd, kReadable, *listener);
  if (!watch) return watch.error();
  listener->watch_ = watch.value();
  return listener;
}

void TcpListener::handleReady(Ready) {
  for (int i = 0; i < kAcceptsARound; ++i) {
    SocketAddress from;
    from.length = sizeof from.storage;
    Descriptor fd(
        ::accept4(socket_.descriptor(), from.get(), &from.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      const auto remote = fromSocketAddress(from.storage, from.length);
      if (remote) owner_.handleAccepted(*this, std::move(fd), *remote);
    } else if (errno == EMFILE || errno == ENFILE) {
      owner_.handleOutOfDescriptors(*this);
      return refuseOne();
    } else if (errno == ENOBUFS || errno == ENOMEM) {
      return pause();
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    }
    // Anything else is an error of that one connection (accept(2)).
  }
}

void TcpListener::refuseOne() {
  reserve_.reset();
  Descriptor refused(::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
  const bool taken = static_cast<bool>(refused);
  refused.reset();
  reserve_ = openReserve();
  if (!taken || !reserve_) pause();
}

void TcpListener::pause() {
  loop_.change(watch_, Ready{});
  loop_.setTimer(timer_, loop_.now() + kPause);
}

void TcpListener::handleTimer() {
  if (!reserve_) reserve_ = openReserve();
  loop_.change(watch_, kReadable);
}

}  // namespace parley::driver
