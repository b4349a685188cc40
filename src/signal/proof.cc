#include "signal/proof.h"

#include <charconv>

#include "base/base64.h"

namespace parley::signal {
namespace {

// The part up to the next dot; `rest` goes on behind it.
std::string_view part(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view out = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
  return out;
}

std::optional<std::int64_t> parseNumber(std::string_view text) {
  std::int64_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc{} || end != text.data() + text.size() || v < 0) return std::nullopt;
  return v;
}

}  // namespace

ProofMaker::ProofMaker(ConstBytes serverKey, Duration life, RandomSource& random)
    : key_(crypto::HmacAlgorithm::Sha256, serverKey), life_(life) {
  std::array<std::uint8_t, 8> run{};
  random.fill(run);
  run_ = base64UrlEncode(run);
}

std::string ProofMaker::mac(std::string_view signedPart, std::string_view room,
                            std::string_view memberName) {
  // A room has no line feed and a name has no control character: the parts cannot flow together.
  std::string text = "parley proof\n";
  text.append(signedPart).append("\n").append(room).append("\n").append(memberName);
  std::array<std::uint8_t, 32> out{};
  key_.sign(asBytes(text), {}, out);
  return base64UrlEncode(out);
}

std::string ProofMaker::make(const MemberId& id, Rights rights, std::string_view room,
                             std::string_view memberName, WallTime now) {
  std::string text = "1." + run_ + ".";
  id.appendTo(text);
  text += "." + std::to_string(rights.bits()) + "." + std::to_string(unixSeconds(now + life_));
  return text + "." + mac(text, room, memberName);
}

std::optional<Proof> ProofMaker::check(std::string_view text, std::string_view room,
                                       std::string_view memberName, WallTime now) {
  const std::size_t macDot = text.rfind('.');
  if (macDot == std::string_view::npos) return std::nullopt;
  const std::string_view signedPart = text.substr(0, macDot);
  const std::string expected = mac(signedPart, room, memberName);
  if (!crypto::constantTimeEqual(asBytes(expected), asBytes(text.substr(macDot + 1))))
    return std::nullopt;

  std::string_view rest = signedPart;
  if (part(rest) != "1") return std::nullopt;
  const bool ofThisRun = part(rest) == run_;
  const auto id = MemberId::parse(part(rest));
  const auto rights = parseNumber(part(rest));
  const auto expiry = parseNumber(part(rest));
  if (!id || !rights || !expiry || *expiry <= unixSeconds(now)) return std::nullopt;
  return Proof{*id, Rights::fromBits(static_cast<unsigned>(*rights)), ofThisRun};
}

std::string ProofMaker::roomDigest(std::string_view room) {
  std::array<std::uint8_t, 32> out{};
  key_.sign(asBytes("parley locked room\n"), asBytes(room), out);
  return hexEncode(ConstBytes(out).first(16));
}

}  // namespace parley::signal
