// Multicast DNS: the reader by bytes; then the service that asks and answers, with the input as a
// datagram of a stranger.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "ice/candidate.h"
#include "ice/mdns_message.h"
#include "ice/mdns_service.h"

namespace {

using namespace parley;
using namespace parley::ice;

void read(ConstBytes bytes) {
  const auto message = parseMdns(bytes);
  if (!message) return;
  PARLEY_CHECK(message->questions.size() <= MdnsMessage::kMaxQuestions);
  PARLEY_CHECK(message->answers.size() <= MdnsMessage::kMaxAnswers);
  std::vector<std::uint8_t> room(1024);
  for (const MdnsAnswer& a : message->answers) {
    PARLEY_CHECK(a.name.size() <= 255);
    // What can be written is read as it was.
    const std::size_t n = writeMdnsResponse(room, a.name, std::span(&a.address, 1), a.ttl, nullptr);
    if (n == 0) continue;
    const auto again = parseMdns(ConstBytes(room).first(n));
    PARLEY_CHECK(again.ok() && again->answers.size() == 1);
    PARLEY_CHECK(again->answers[0].name == a.name && again->answers[0].address == a.address);
  }
}

void serve(Bytes bytes, std::uint16_t port) {
  MdnsService service;
  const Path path{LinkId{1}, Transport::Udp, *Address::parse("192.168.1.7:5353"),
                  Address{IpAddress::v4(192, 168, 1, 9), port}};
  service.addLink(path.link, path.local);
  service.publish("a.local", path.local.ip());
  service.resolve("b.local", Time{});
  std::vector<std::uint8_t> arena(16'384);
  std::vector<Transmit> items(8);
  TransmitBatch batch{arena, items};
  std::size_t sent = 0;
  std::size_t resolved = 0;
  const auto settle = [&](Time now) {
    drain(
        service, batch, now,
        [&](const TransmitBatch& b) {
          for (const Transmit& t : b.trains())
            sent += t.segments;
        },
        [&](MdnsService::Event&) { ++resolved; });
  };
  settle(Time{});
  sent = 0;
  service.handleDatagrams(Train{path, bytes}, Time{});
  settle(Time{});
  PARLEY_CHECK(sent <= MdnsMessage::kMaxQuestions);
  for (Time now{}; service.nextTimeout() != kNever;) {
    PARLEY_CHECK(service.nextTimeout() > now);
    now = service.nextTimeout();
    service.handleTimeout(now);
    settle(now);
  }
  PARLEY_CHECK(resolved == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::vector<std::uint8_t> bytes(data + 1, data + size);
  read(bytes);
  serve(bytes, data[0] % 2 == 0 ? 5353 : 40'000);
  return 0;
}
