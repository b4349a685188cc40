// Sends datagrams in as few system calls as their order allows. Datagrams of equal size that
// follow each other on one path leave as one train (UDP GSO), trains of one socket in one call.
//
//   sender.begin(socket, path, ecn);
//   sender.add(header, payload);            // one datagram; the payload is not copied
//   sender.addTrain(bytes, segmentSize);    // many, back to back
//   sender.flush();
//
// Payloads must live until flush(), which also happens by itself when another socket begins or the
// sender is full; headers are copied. A train is cut at kMaxSegments datagrams and
// kMaxTrainBytes. A train that the kernel refuses as such (EMSGSIZE, EINVAL: a datagram too large
// for the link's MTU cannot be segmented) goes out datagram by datagram. A full socket buffer
// drops the rest for that socket; an old error reported on this call is no reason to drop.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "driver/udp_socket.h"
#include "net/train.h"
#include "net/transmit_batch.h"

namespace parley::driver {

struct SendCounters {
  std::uint64_t datagrams = 0;  // that the kernel took
  std::uint64_t calls = 0;      // system calls
  std::uint64_t splits = 0;     // trains refused as such and sent singly
  std::uint64_t dropped = 0;    // datagrams for which the socket buffer had no room
  std::uint64_t failed = 0;     // datagrams refused for another reason
};

class UdpSender {
 public:
  static constexpr std::uint32_t kMaxSegments = TransmitBatch::kMaxSegments;
  static constexpr std::uint32_t kMaxTrainBytes = TransmitBatch::kMaxTrainBytes;
  static constexpr std::size_t kMaxMessages = 64;  // trains in one system call
  static constexpr std::size_t kMaxSlices = 1024;  // of a train; the kernel's UIO_MAXIOV
  static constexpr std::size_t kMaxHeader = 64;
  static constexpr std::size_t kMaxPadding = 3;

  UdpSender();
  ~UdpSender();
  UdpSender(const UdpSender&) = delete;
  UdpSender& operator=(const UdpSender&) = delete;

  // `socket` must live until flush(). path.local is the source address where the socket is bound
  // to a wildcard; an unspecified one leaves it to the kernel.
  void begin(const UdpSocket& socket, const Path& path, Ecn ecn);
  // A datagram of more than kMaxTrainBytes is dropped and counted as failed. header: at most
  // kMaxHeader bytes. padding: zero bytes behind the payload, at most kMaxPadding.
  void add(ConstBytes header, ConstBytes payload, std::size_t padding = 0);
  void addTrain(ConstBytes bytes, std::size_t segmentSize);
  void flush();

  const SendCounters& counters() const { return counters_; }

 private:
  struct State;
  void openMessage();
  bool fits(std::size_t bytes) const;
  void slice(ConstBytes bytes);
  ConstBytes keep(ConstBytes header);
  void send(std::size_t count);
  void sendSingly(std::size_t index);
  bool sendOne(std::size_t index);

  std::unique_ptr<State> state_;
  SendCounters counters_;
};

}  // namespace parley::driver
