// Two associations, state first: they stand before the input begins (or are in the midst of their
// handshake), and everything that the input feeds in has the right ports, tag and checksum. The
// input is a list of steps: messages, resets, time, lost and doubled packets, and chunks of its own
// making with TSNs near those that are expected.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <vector>

#include "sctp/association/association.h"
#include "sctp/wire/data_chunk.h"
#include "sctp/wire/error_cause.h"
#include "sctp/wire/forward_tsn.h"
#include "sctp/wire/reconfig.h"
#include "sctp/wire/sack.h"

namespace {

using namespace parley;
using namespace parley::sctp;

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : reader_({data, size}) {}
  bool more() const { return reader_.remaining() > 0; }
  std::uint8_t byte() { return reader_.u8(); }
  std::uint16_t half() { return reader_.u16(); }
  std::uint32_t word() { return reader_.u32(); }
  ConstBytes some() { return reader_.bytes(std::min<std::size_t>(byte(), reader_.remaining())); }

 private:
  ByteReader reader_;
};

AssociationConfig config(std::uint8_t bits) {
  AssociationConfig c;
  c.extensions = {(bits & 1) == 0, (bits & 2) == 0, (bits & 4) == 0, (bits & 8) == 0};
  c.maxReceivedMessage = 20'000;
  c.receiveBufferLimit = 300'000;
  c.sendBufferLimit = 100'000;
  c.initialReceiveWindow = 50'000;
  c.maxInitRetransmits = 2;
  c.maxRetransmits = 3;
  return c;
}

class World {
 public:
  explicit World(std::uint8_t bits)
      : random_(bits), ends_{Association(config(bits), random_), Association(config(0), random_)} {
    ends_[0].connect(now_);
    if ((bits & 0x10) != 0) ends_[1].connect(now_);
    for (int i = 0; i < (bits >> 6) + ((bits & 0x20) != 0 ? 0 : 20); ++i)
      round();
  }

  void step(Input& in) {
    const std::size_t i = in.byte() & 1;
    Association& a = ends_[i];
    switch (in.byte() % 12) {
      case 0:
      case 1:
        send(a, in);
        break;
      case 2:
        a.resetStream(StreamId{static_cast<std::uint16_t>(in.byte() % 8)}, now_);
        break;
      case 3:
        now_ += std::chrono::milliseconds{in.byte() * 5};
        for (Association& e : ends_)
          e.handleTimeout(now_);
        break;
      case 4:
        lose(in);
        break;
      case 5:
      case 6:
      case 7:
      case 8:
        forge(i, in);
        break;
      case 9:
        if (in.byte() % 8 == 0) a.shutdown(now_);
        break;
      case 10:
        a.setHeldByApplication(in.word() % 100'000);
        a.addOutgoingStreams(in.byte(), now_);
        break;
      default:
        round();
    }
    drain();
  }
  void finish() {
    for (int i = 0; i < 50; ++i) {
      round();
      now_ += 200ms;
      for (Association& e : ends_)
        e.handleTimeout(now_);
    }
  }

 private:
  void send(Association& a, Input& in) {
    SendOptions o;
    const std::uint8_t bits = in.byte();
    o.unordered = (bits & 1) != 0;
    if ((bits & 2) != 0) o.maxRetransmits = bits >> 6;
    if ((bits & 4) != 0) o.lifetime = std::chrono::milliseconds{bits};
    message_.assign(1 + in.half() % 25'000, bits);
    static_cast<void>(a.send(StreamId{static_cast<std::uint16_t>((bits >> 3) % 8)}, Ppid{in.byte()},
                             message_, o, now_));
  }
  void lose(Input& in) {
    auto& q = queues_[in.byte() & 1];
    if (q.empty()) return;
    const std::size_t at = in.byte() % q.size();
    if (in.byte() % 2 == 0)
      q.erase(q.begin() + static_cast<std::ptrdiff_t>(at));
    else
      q.push_back(q[at]);
  }

  // A packet for end i that its peer might have sent.
  void forge(std::size_t i, Input& in) {
    std::vector<std::uint8_t> room(2000);
    PacketWriter w(room, {5000, 5000, tags_[i]});
    for (int n = 1 + in.byte() % 4; n > 0; --n)
      chunk(w, i, in);
    room.resize(w.finish(Checksum::Crc32c));
    if (!room.empty()) deliver(i, room);
  }
  void chunk(PacketWriter& w, std::size_t i, Input& in) {
    const Tsn theirs =
        lastTsn_[i] + static_cast<std::uint32_t>(static_cast<std::int8_t>(in.byte()));
    switch (in.byte() % 8) {
      case 0:
      case 1:
        return data(w, theirs, in);
      case 2: {
        GapBlock gaps[3];
        for (GapBlock& g : gaps)
          g = {in.byte(), in.byte()};
        writeSack(
            w, {lastTsn_[1 - i] + static_cast<std::uint32_t>(static_cast<std::int8_t>(in.byte())),
                in.word(),
                gaps,
                {}});
        return;
      }
      case 3: {
        SkippedStream skipped[2];
        for (SkippedStream& s : skipped)
          s = {StreamId{in.byte()}, (in.byte() & 1) != 0, Mid{in.byte()}};
        writeForwardTsn(w, in.byte() % 2 != 0 ? Interleaving::On : Interleaving::Off, theirs,
                        skipped);
        return;
      }
      case 4: {
        const StreamId streams[2] = {StreamId{in.byte()}, StreamId{in.byte()}};
        const ReconfigSn request{lastTsn_[i].value() + in.byte()};
        writeOutgoingReset(w, request, {}, theirs, std::span(streams).first(in.byte() % 3));
        return;
      }
      case 5:
        writeReconfigResponse(w, ReconfigSn{lastTsn_[1 - i].value() + in.byte()},
                              static_cast<ReconfigResult>(in.byte() % 7));
        return;
      case 6:
        w.chunk(static_cast<ChunkType>(in.byte() % 16), in.byte(), in.some());
        return;
      default:
        w.chunk(static_cast<ChunkType>(in.byte()), in.byte(), in.some());
    }
  }
  void data(PacketWriter& w, Tsn tsn, Input& in) {
    DataHeader h;
    h.tsn = tsn;
    h.flags = in.byte() & 0x0f;
    h.stream = StreamId{in.byte()};
    h.mid = Mid{in.byte()};
    h.fsn = in.byte();
    const Bytes body = writeData(w, in.byte() % 4 != 0 ? Interleaving::On : Interleaving::Off, h,
                                 1 + in.byte() * 4u);
    std::fill(body.begin(), body.end(), std::uint8_t{1});
  }

  void round() {
    now_ += 3ms;
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::size_t n = queues_[i].size(); n > 0; --n) {
        const std::vector<std::uint8_t> packet = std::move(queues_[i].front());
        queues_[i].pop_front();
        deliver(i, packet);
      }
      ends_[i].endOfTrain(now_);
      if (ends_[i].nextTimeout() <= now_) ends_[i].handleTimeout(now_);
    }
    drain();
  }
  void deliver(std::size_t i, const std::vector<std::uint8_t>& packet) {
    ends_[i].handlePacket(packet, now_);
    std::size_t sum = 0;
    while (const auto m = ends_[i].nextMessage()) {
      for (const std::uint8_t b : m->data)
        sum += b;
      if (m->data.empty()) std::abort();
    }
    sum_ += sum;
  }
  void drain() {
    std::uint8_t room[1400];
    for (std::size_t i = 0; i < 2; ++i) {
      int packets = 0;
      while (const std::size_t n = ends_[i].pollPacket(room, now_)) {
        if (++packets > 2000 || n > sizeof room) std::abort();  // it never ends
        learn(i, {room, n});
        if (queues_[1 - i].size() < 500) queues_[1 - i].emplace_back(room, room + n);
      }
      while (ends_[i].pollEvent()) {
      }
      const AssociationStats s = ends_[i].stats();
      if (s.receiveBuffered > 2'000'000) std::abort();
    }
  }
  // The tag to speak to the other end with, and the last TSN, by what end i sends.
  void learn(std::size_t i, ConstBytes packet) {
    const VerificationTag tag{loadBe32(packet.data() + 4)};
    if (tag != VerificationTag{}) tags_[1 - i] = tag;
    ChunkIterator it(packet.subspan(kCommonHeaderSize));
    while (const auto c = it.next()) {
      if ((c->type == ChunkType::Data || c->type == ChunkType::IData) && c->value.size() >= 4)
        lastTsn_[1 - i] = Tsn{loadBe32(c->value.data())};
      if ((c->type == ChunkType::Init || c->type == ChunkType::InitAck) && c->value.size() >= 16)
        lastTsn_[1 - i] = Tsn{loadBe32(c->value.data() + 12)}.previous();
    }
  }

  SeededRandom random_;
  Time now_{1s};
  Association ends_[2];
  std::deque<std::vector<std::uint8_t>> queues_[2];  // towards end i
  VerificationTag tags_[2];
  Tsn lastTsn_[2];
  std::vector<std::uint8_t> message_;
  std::size_t sum_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  World world(bytes[0]);
  Input in(bytes + 1, size - 1);
  for (int i = 0; i < 300 && in.more(); ++i)
    world.step(in);
  world.finish();
  return 0;
}
