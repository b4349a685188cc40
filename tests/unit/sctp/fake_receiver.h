// The receiving half of a peer, as plain as can be: remembers every TSN in a set, puts messages
// together, and answers with SACKs. What the sender is tested against; it shares no code with the
// product's receiver but the wire formats.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "sctp/wire/data_chunk.h"
#include "sctp/wire/forward_tsn.h"
#include "sctp/wire/sack.h"

namespace parley::sctp {

class FakeReceiver {
 public:
  struct Message {
    StreamId stream;
    Mid mid;
    Ppid ppid;
    bool unordered = false;
    std::vector<std::uint8_t> bytes;
  };

  explicit FakeReceiver(Tsn initial, std::uint32_t window = 64u << 20)
      : cumulative_(initial.previous()), highest_(cumulative_), window_(window) {}

  // A packet arrives; its chunks are DATA, I-DATA and FORWARD TSN.
  void receive(ConstBytes packet) {
    const auto view = PacketView::parse(packet, AcceptZeroChecksum::Yes);
    if (!view.ok()) return;
    ChunkIterator it = view->chunks();
    while (const auto chunk = it.next()) {
      if (chunk->type == ChunkType::Data) take(readData(*chunk));
      if (chunk->type == ChunkType::IData) take(readIData(*chunk));
      if (chunk->type == ChunkType::ForwardTsn || chunk->type == ChunkType::IForwardTsn)
        forward(ForwardTsnView::read(*chunk));
    }
  }

  // A SACK of what has arrived; duplicates are reported once.
  std::size_t writeSack(Bytes room) {
    std::vector<GapBlock> gaps;
    for (const auto& [offset, tsn] : offsets()) {
      if (!gaps.empty() && gaps.back().end + 1 == offset)
        ++gaps.back().end;
      else
        gaps.push_back({offset, offset});
    }
    PacketWriter w(room, {5000, 5000, VerificationTag{1}});
    sctp::writeSack(w, {cumulative_, window_, gaps, duplicates_});
    duplicates_.clear();
    return w.finish(Checksum::Zero);
  }

  void setWindow(std::uint32_t window) { window_ = window; }
  // Forgets what it acknowledged by gap blocks (RFC 9260 section 6.2).
  void renege() { beyond_.clear(); }
  bool dropsAll = false;  // no room: data is not taken

  Tsn cumulative() const { return cumulative_; }
  bool hasGap() const { return !beyond_.empty(); }
  std::vector<Message>& messages() { return messages_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t chunks() const { return chunks_; }
  std::uint64_t duplicates() const { return duplicatesSeen_; }
  std::vector<SkippedStream>& skipped() { return skipped_; }
  std::uint64_t immediateAsked() const { return immediateAsked_; }
  bool keepMessages = true;

 private:
  std::vector<std::pair<std::uint16_t, Tsn>> offsets() const {
    std::vector<std::pair<std::uint16_t, Tsn>> out;
    for (const std::uint32_t tsn : beyond_)
      out.emplace_back(static_cast<std::uint16_t>(Tsn{tsn} - cumulative_), Tsn{tsn});
    std::sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.first < b.first; });
    return out;
  }

  void take(const std::optional<DataChunk>& d) {
    if (!d || dropsAll) return;
    if (d->wantsImmediateSack()) ++immediateAsked_;
    if (d->tsn <= cumulative_ || beyond_.count(d->tsn.value()) != 0) {
      duplicates_.push_back(d->tsn);
      ++duplicatesSeen_;
      return;
    }
    beyond_.insert(d->tsn.value());
    if (highest_ < d->tsn) highest_ = d->tsn;
    ++chunks_;
    bytes_ += d->payload.size();
    if (keepMessages) fragments_[d->tsn.value()] = {*d, {d->payload.begin(), d->payload.end()}};
    advance();
  }

  void advance() {
    while (beyond_.erase(cumulative_.next().value()) != 0)
      ++cumulative_;
    if (keepMessages) assemble();
  }

  void forward(const std::optional<ForwardTsnView>& f) {
    if (!f) return;
    for (std::size_t i = 0; i < f->skippedCount(); ++i)
      skipped_.push_back(f->skipped(i));
    while (cumulative_ < f->newCumulativeTsn()) {
      ++cumulative_;
      beyond_.erase(cumulative_.value());
    }
    advance();
    // What lies behind and is not whole will not become so; with interleaving, what is named.
    std::erase_if(fragments_, [&](const auto& entry) {
      if (!interleaved_) return Tsn{entry.first} <= f->newCumulativeTsn();
      const DataHeader& h = entry.second.first;
      for (std::size_t i = 0; i < f->skippedCount(); ++i) {
        const SkippedStream s = f->skipped(i);
        if (s.stream == h.stream && s.unordered == h.isUnordered() && h.mid <= s.mid) return true;
      }
      return false;
    });
  }

  // DATA: fragments follow each other; I-DATA: the same message and numbers.
  void assemble() {
    for (auto it = fragments_.begin(); it != fragments_.end();) {
      if (!it->second.first.isBegin() || !collect(it))
        ++it;
      else
        it = fragments_.begin();
    }
  }
  bool collect(
      std::map<std::uint32_t, std::pair<DataHeader, std::vector<std::uint8_t>>>::iterator begin) {
    const DataHeader first = begin->second.first;
    std::vector<std::uint32_t> used;
    std::uint32_t fsn = 0;
    bool whole = false;
    // Without interleaving the next fragment has the next TSN; with it, some later one.
    for (Tsn tsn{begin->first}; !whole && tsn <= highest_; ++tsn) {
      const auto f = fragments_.find(tsn.value());
      if (f == fragments_.end()) {
        if (!interleaved_) return false;
        continue;
      }
      const DataHeader& h = f->second.first;
      if (interleaved_ && (h.stream != first.stream || h.mid != first.mid ||
                           h.isUnordered() != first.isUnordered() || h.fsn != fsn))
        continue;
      if (!interleaved_ && tsn.value() != begin->first && h.isBegin()) return false;
      used.push_back(tsn.value());
      ++fsn;
      whole = h.isEnd();
    }
    if (!whole) return false;
    Message m{first.stream, first.mid, first.ppid, first.isUnordered(), {}};
    for (const std::uint32_t t : used) {
      const auto& bytes = fragments_[t].second;
      m.bytes.insert(m.bytes.end(), bytes.begin(), bytes.end());
      fragments_.erase(t);
    }
    messages_.push_back(std::move(m));
    return true;
  }

 public:
  void setInterleaved() { interleaved_ = true; }

 private:
  Tsn cumulative_;
  Tsn highest_;
  std::uint32_t window_;
  bool interleaved_ = false;
  std::set<std::uint32_t> beyond_;
  std::vector<Tsn> duplicates_;
  std::map<std::uint32_t, std::pair<DataHeader, std::vector<std::uint8_t>>> fragments_;
  std::vector<Message> messages_;
  std::vector<SkippedStream> skipped_;
  std::uint64_t bytes_ = 0;
  std::uint64_t chunks_ = 0;
  std::uint64_t duplicatesSeen_ = 0;
  std::uint64_t immediateAsked_ = 0;
};

}  // namespace parley::sctp
