#include "driver/udp_sender.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "driver/linux/udp_control.h"
#include "driver/socket_address.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace parley::driver {
namespace {

constexpr std::size_t kControlBytes = 128;
constexpr std::size_t kSlicesADatagram = 3;  // header, payload, padding
constexpr std::array<std::uint8_t, UdpSender::kMaxPadding> kZeros{};
constexpr std::size_t kSliceRoom = 2 * UdpSender::kMaxSlices;
constexpr std::size_t kKeepBytes = 16 * 1024;

struct Message {
  std::size_t firstSlice = 0;
  std::size_t slices = 0;
  std::uint32_t length = 0;
  std::uint32_t segmentSize = 0;
  std::uint32_t segments = 0;
  bool closed = false;  // a shorter datagram ended the train
};

void putSource(msghdr& m, const IpAddress& source) {
  if (source.isV4()) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(source.v4HostOrder());
    putControl(m, kControlBytes, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, source.bytes().data(), 16);
    putControl(m, kControlBytes, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

void putEcn(msghdr& m, Family family, Ecn ecn) {
  const int bits = static_cast<int>(ecn);
  if (family == Family::V4) {
    putControl(m, kControlBytes, IPPROTO_IP, IP_TOS, bits);
  } else {
    putControl(m, kControlBytes, IPPROTO_IPV6, IPV6_TCLASS, bits);
  }
}

// Kernels say EMSGSIZE or EINVAL to a train whose datagrams are larger than the link's MTU allows,
// EIO where the route cannot have checksums filled in later (IPsec).
bool refusedAsTrain(int code) {
  return code == EMSGSIZE || code == EINVAL || code == EIO;
}

bool bufferFull(int code) {
  return code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS;
}

}  // namespace

struct UdpSender::State {
  const UdpSocket* socket = nullptr;
  Path path;
  Ecn ecn = Ecn::NotEct;
  bool open = false;  // the last message takes further datagrams

  std::array<Message, kMaxMessages> messages;
  std::array<SocketAddress, kMaxMessages> names;
  std::array<mmsghdr, kMaxMessages> headers{};
  alignas(cmsghdr) std::array<std::array<char, kControlBytes>, kMaxMessages> control;
  std::array<iovec, kSliceRoom> slices;
  std::array<iovec, kMaxSlices> single;
  std::array<std::uint8_t, kKeepBytes> kept;
  std::size_t messageCount = 0;
  std::size_t sliceCount = 0;
  std::size_t keptBytes = 0;
  ConstBytes lastHeader;  // the datagrams of a train mostly have the same

  Message& last() { return messages[messageCount - 1]; }
  void writeHeader(std::size_t index, bool segmented);
};

void UdpSender::State::writeHeader(std::size_t index, bool segmented) {
  msghdr& m = headers[index].msg_hdr;
  const Message& message = messages[index];
  m.msg_iov = &slices[message.firstSlice];
  m.msg_iovlen = message.slices;
  if (!segmented || message.segments < 2) return;
  putControl(m, kControlBytes, IPPROTO_UDP, UDP_SEGMENT,
             static_cast<std::uint16_t>(message.segmentSize));
}

UdpSender::UdpSender() : state_(new State) {}  // not value-initialised: arrays fill on use
UdpSender::~UdpSender() = default;

void UdpSender::begin(const UdpSocket& socket, const Path& path, Ecn ecn) {
  State& s = *state_;
  if (s.socket != nullptr && s.socket != &socket) flush();
  s.open = s.open && s.socket == &socket && s.path == path && s.ecn == ecn;
  s.socket = &socket;
  s.path = path;
  s.ecn = ecn;
}

void UdpSender::openMessage() {
  State& s = *state_;
  if (s.messageCount == kMaxMessages) flush();
  const std::size_t index = s.messageCount++;
  s.messages[index] = {};
  s.messages[index].firstSlice = s.sliceCount;
  s.names[index] = toSocketAddress(s.path.remote);
  msghdr& m = s.headers[index].msg_hdr;
  m = {};
  m.msg_name = &s.names[index].storage;
  m.msg_namelen = s.names[index].length;
  m.msg_control = s.control[index].data();
  m.msg_controllen = 0;
  const IpAddress& source = s.path.local.ip();
  if (s.socket->wildcard() && !source.isUnspecified() &&
      source.family() == s.path.remote.family()) {
    putSource(m, source);
  }
  if (s.ecn != Ecn::NotEct) putEcn(m, s.path.remote.family(), s.ecn);
  s.open = true;
}

bool UdpSender::fits(std::size_t bytes) const {
  State& s = *state_;
  if (!s.open || s.messageCount == 0) return false;
  const Message& m = s.last();
  return !m.closed && bytes != 0 && bytes <= m.segmentSize && m.segments < kMaxSegments &&
         m.length + bytes <= kMaxTrainBytes && m.slices + kSlicesADatagram <= kMaxSlices;
}

void UdpSender::slice(ConstBytes bytes) {
  if (bytes.empty()) return;
  State& s = *state_;
  s.slices[s.sliceCount++] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  ++s.last().slices;
}

void UdpSender::add(ConstBytes header, ConstBytes payload, std::size_t padding) {
  State& s = *state_;
  PARLEY_CHECK(s.socket != nullptr && header.size() <= kMaxHeader && padding <= kMaxPadding);
  const std::size_t bytes = header.size() + payload.size() + padding;
  if (bytes > kMaxTrainBytes) {
    ++counters_.failed;
    return;
  }
  if (s.sliceCount + kSlicesADatagram > kSliceRoom || header.size() > kKeepBytes - s.keptBytes) {
    flush();
  }
  if (!fits(bytes)) openMessage();  // may flush, so the header is kept after it
  slice(keep(header));
  slice(payload);
  slice(ConstBytes(kZeros).first(padding));
  Message& m = s.last();
  if (m.segments == 0) m.segmentSize = static_cast<std::uint32_t>(bytes);
  m.closed = bytes < m.segmentSize || bytes == 0;
  m.length += static_cast<std::uint32_t>(bytes);
  ++m.segments;
}

void UdpSender::addTrain(ConstBytes bytes, std::size_t segmentSize) {
  State& s = *state_;
  PARLEY_CHECK(s.socket != nullptr);
  if (bytes.size() <= segmentSize) return add({}, bytes);
  if (segmentSize > kMaxTrainBytes || segmentSize == 0) {
    ++counters_.failed;
    return;
  }
  const std::size_t most = std::min<std::size_t>(kMaxSegments, kMaxTrainBytes / segmentSize);
  while (!bytes.empty()) {
    const ConstBytes part = bytes.first(std::min(bytes.size(), most * segmentSize));
    if (s.sliceCount == kSliceRoom) flush();
    openMessage();
    slice(part);
    Message& m = s.last();
    m.segmentSize = static_cast<std::uint32_t>(std::min(segmentSize, part.size()));
    m.length = static_cast<std::uint32_t>(part.size());
    m.segments = static_cast<std::uint32_t>((part.size() + segmentSize - 1) / segmentSize);
    m.closed = part.size() % segmentSize != 0;
    bytes = bytes.subspan(part.size());
  }
}

ConstBytes UdpSender::keep(ConstBytes header) {
  State& s = *state_;
  if (header.empty() ||
      std::equal(header.begin(), header.end(), s.lastHeader.begin(), s.lastHeader.end())) {
    return header.empty() ? header : s.lastHeader;
  }
  std::uint8_t* to = s.kept.data() + s.keptBytes;
  std::memcpy(to, header.data(), header.size());
  s.keptBytes += header.size();
  s.lastHeader = {to, header.size()};
  return s.lastHeader;
}

void UdpSender::flush() {
  State& s = *state_;
  if (s.messageCount != 0) {
    for (std::size_t i = 0; i < s.messageCount; ++i) {
      s.writeHeader(i, true);
    }
    send(s.messageCount);
  }
  s.messageCount = 0;
  s.sliceCount = 0;
  s.keptBytes = 0;
  s.lastHeader = {};
  s.open = false;
}

void UdpSender::send(std::size_t count) {
  State& s = *state_;
  std::size_t at = 0;
  bool retried = false;
  while (at < count) {
    const int n = ::sendmmsg(s.socket->descriptor(), &s.headers[at],
                             static_cast<unsigned>(count - at), MSG_DONTWAIT | MSG_NOSIGNAL);
    ++counters_.calls;
    if (n > 0) {
      for (int i = 0; i < n; ++i) {
        counters_.datagrams += s.messages[at++].segments;
      }
      retried = false;
      continue;
    }
    const int code = errno;
    if (code == EINTR) continue;
    if (bufferFull(code)) {
      for (; at < count; ++at) {
        counters_.dropped += s.messages[at].segments;
      }
      return;
    }
    if (refusedAsTrain(code) && s.messages[at].segments > 1) {
      ++counters_.splits;
      sendSingly(at++);
    } else if (!retried) {
      retried = true;  // this may be the report of an older datagram's fate; it is cleared now
      continue;
    } else {
      counters_.failed += s.messages[at++].segments;
    }
    retried = false;
  }
}

// Cuts the message's slices at each datagram's end.
void UdpSender::sendSingly(std::size_t index) {
  State& s = *state_;
  const Message message = s.messages[index];
  msghdr& m = s.headers[index].msg_hdr;
  // UDP_SEGMENT was put last.
  m.msg_controllen -= CMSG_SPACE(sizeof(std::uint16_t));
  std::size_t slice = message.firstSlice;
  std::size_t used = 0;  // bytes of that slice
  std::uint32_t left = message.length;
  for (std::uint32_t i = 0; i < message.segments; ++i) {
    std::size_t want = std::min(left, message.segmentSize);
    left -= static_cast<std::uint32_t>(want);
    std::size_t parts = 0;
    while (want != 0) {
      const iovec& from = s.slices[slice];
      const std::size_t n = std::min(want, from.iov_len - used);
      s.single[parts++] = {static_cast<std::uint8_t*>(from.iov_base) + used, n};
      want -= n;
      used += n;
      if (used == from.iov_len) {
        ++slice;
        used = 0;
      }
    }
    m.msg_iov = s.single.data();
    m.msg_iovlen = parts;
    if (!sendOne(index)) {
      counters_.dropped += message.segments - i;
      return;
    }
  }
}

// false: the socket buffer is full.
bool UdpSender::sendOne(std::size_t index) {
  State& s = *state_;
  for (int attempt = 0; attempt < 2; ++attempt) {
    ++counters_.calls;
    if (::sendmsg(s.socket->descriptor(), &s.headers[index].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL) >=
        0) {
      ++counters_.datagrams;
      return true;
    }
    if (bufferFull(errno)) return false;
  }
  ++counters_.failed;
  return true;
}

}  // namespace parley::driver
