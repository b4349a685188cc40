#include "ice/mdns_message.h"

#include <array>
#include <optional>

namespace parley::ice {
namespace {

constexpr std::uint16_t kResponse = 0x8000;       // QR
constexpr std::uint16_t kAuthoritative = 0x0400;  // AA (RFC 6762 section 18.4)
constexpr std::uint16_t kOpcodeAndCode = 0x780F;  // must be zero (sections 18.3, 18.11)
constexpr std::uint16_t kInternet = 1;
constexpr std::uint16_t kTopBit = 0x8000;  // cache-flush, or a unicast answer wanted
constexpr std::size_t kHeader = 12;
constexpr std::size_t kMaxLabel = 63;  // RFC 1035 section 2.3.4
constexpr std::size_t kMaxName = 255;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

class DnsReader {
 public:
  explicit DnsReader(ConstBytes all) : all_(all), at_(kHeader) {}

  std::optional<std::string> name();
  std::optional<std::uint16_t> u16() {
    if (all_.size() - at_ < 2) return std::nullopt;
    at_ += 2;
    return loadBe16(all_.data() + at_ - 2);
  }
  std::optional<std::uint32_t> u32() {
    if (all_.size() - at_ < 4) return std::nullopt;
    at_ += 4;
    return loadBe32(all_.data() + at_ - 4);
  }
  std::optional<ConstBytes> bytes(std::size_t n) {
    if (all_.size() - at_ < n) return std::nullopt;
    at_ += n;
    return all_.subspan(at_ - n, n);
  }

 private:
  ConstBytes all_;
  std::size_t at_;
};

std::optional<std::string> DnsReader::name() {
  std::string text;
  std::size_t at = at_;
  std::size_t end = 0;      // of the name where it stands, once a pointer was followed
  std::size_t limit = at_;  // pointers lead before this
  std::size_t length = 0;
  for (;;) {
    if (at >= all_.size()) return std::nullopt;
    const std::uint8_t n = all_[at];
    if ((n & 0xC0) == 0xC0) {
      if (all_.size() - at < 2) return std::nullopt;
      const std::size_t target = loadBe16(all_.data() + at) & 0x3FFFu;
      if (end == 0) end = at + 2;
      if (target >= limit) return std::nullopt;
      limit = at = target;
      continue;
    }
    if (n > kMaxLabel) return std::nullopt;
    if (n == 0) break;
    length += n + 1u;
    if (length > kMaxName || all_.size() - at - 1 < n) return std::nullopt;
    if (!text.empty()) text += '.';
    for (const std::uint8_t c : all_.subspan(at + 1, n)) {
      // A dot within a label would make two names of one text.
      if (c == '.' || c == 0) return std::nullopt;
      text += lower(static_cast<char>(c));
    }
    at += n + 1u;
  }
  at_ = end == 0 ? at + 1 : end;
  return text;
}

bool readQuestion(DnsReader& in, MdnsMessage& message) {
  auto name = in.name();
  const auto type = in.u16();
  const auto cls = in.u16();
  if (!name || !type || !cls) return false;
  if ((*cls & ~kTopBit) == kInternet || (*cls & ~kTopBit) == 255) {
    message.questions.push_back({std::move(*name), *type, (*cls & kTopBit) != 0});
  }
  return true;
}

bool readRecord(DnsReader& in, MdnsMessage& message) {
  auto name = in.name();
  const auto type = in.u16();
  const auto cls = in.u16();
  const auto ttl = in.u32();
  const auto length = in.u16();
  if (!name || !type || !cls || !ttl || !length) return false;
  const auto data = in.bytes(*length);
  if (!data) return false;
  if ((*cls & ~kTopBit) != kInternet) return true;
  if (*type == static_cast<std::uint16_t>(DnsType::A) && data->size() == 4) {
    message.answers.push_back({std::move(*name), IpAddress::v4(loadBe32(data->data())), *ttl});
  }
  if (*type == static_cast<std::uint16_t>(DnsType::Aaaa) && data->size() == 16) {
    std::array<std::uint8_t, 16> ip{};
    std::memcpy(ip.data(), data->data(), ip.size());
    message.answers.push_back({std::move(*name), IpAddress::v6(ip), *ttl});
  }
  return true;
}

bool writeName(ByteWriter& w, std::string_view name) {
  if (name.empty() || name.size() > kMaxName - 2) return false;
  while (!name.empty()) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (label.empty() || label.size() > kMaxLabel) return false;
    w.u8(static_cast<std::uint8_t>(label.size()));
    w.bytes(asBytes(label));
    name = dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
  }
  w.u8(0);
  return true;
}

void writeHeader(ByteWriter& w, std::uint16_t id, std::uint16_t flags, std::size_t questions,
                 std::size_t answers) {
  w.u16(id);
  w.u16(flags);
  w.u16(static_cast<std::uint16_t>(questions));
  w.u16(static_cast<std::uint16_t>(answers));
  w.u32(0);
}

}  // namespace

Result<MdnsMessage> parseMdns(ConstBytes bytes) {
  const Error malformed{ErrorCode::Malformed, "mDNS message"};
  if (bytes.size() < kHeader) return malformed;
  ByteReader header(bytes);
  MdnsMessage message;
  message.id = header.u16();
  const std::uint16_t flags = header.u16();
  if ((flags & kOpcodeAndCode) != 0) return Error{ErrorCode::Unsupported, "mDNS opcode"};
  message.response = (flags & kResponse) != 0;
  const std::size_t questions = header.u16();
  std::size_t records = header.u16();
  records += header.u16();
  records += header.u16();
  DnsReader in(bytes);
  for (std::size_t i = 0; i < questions; ++i) {
    if (message.questions.size() == MdnsMessage::kMaxQuestions) return message;
    if (!readQuestion(in, message)) return malformed;
  }
  for (std::size_t i = 0; i < records; ++i) {
    if (message.answers.size() == MdnsMessage::kMaxAnswers) return message;
    if (!readRecord(in, message)) return malformed;
  }
  return message;
}

std::size_t writeMdnsQuery(Bytes room, std::string_view name, bool unicastResponse) {
  ByteWriter w(room);
  writeHeader(w, 0, 0, 2, 0);
  for (const DnsType type : {DnsType::A, DnsType::Aaaa}) {
    if (!writeName(w, name)) return 0;
    w.u16(static_cast<std::uint16_t>(type));
    w.u16(unicastResponse ? kInternet | kTopBit : kInternet);
  }
  return w.ok() ? w.size() : 0;
}

std::size_t writeMdnsResponse(Bytes room, std::string_view name,
                              std::span<const IpAddress> addresses, std::uint32_t ttl,
                              const MdnsEcho* echo) {
  ByteWriter w(room);
  writeHeader(w, echo == nullptr ? 0 : echo->id, kResponse | kAuthoritative,
              echo == nullptr ? 0 : 1, addresses.size());
  if (echo != nullptr) {
    if (!writeName(w, name)) return 0;
    w.u16(echo->type);
    w.u16(kInternet);
  }
  for (const IpAddress& ip : addresses) {
    if (!writeName(w, name)) return 0;
    w.u16(static_cast<std::uint16_t>(ip.isV4() ? DnsType::A : DnsType::Aaaa));
    // The bit tells caches that nobody else has this name; who asked by ordinary DNS must not see
    // it (RFC 6762 sections 10.2 and 6.7).
    w.u16(echo == nullptr ? kInternet | kTopBit : kInternet);
    w.u32(ttl);
    w.u16(static_cast<std::uint16_t>(ip.bytes().size()));
    w.bytes(ip.bytes());
  }
  return w.ok() ? w.size() : 0;
}

}  // namespace parley::ice
