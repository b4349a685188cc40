#include "sctp/wire/init.h"

#include <array>

namespace parley::sctp {
namespace {

constexpr std::size_t kFixed = 16;

void readExtensions(ConstBytes types, Extensions& out) {
  for (const std::uint8_t t : types) {
    switch (static_cast<ChunkType>(t)) {
      case ChunkType::ForwardTsn:
        out.forwardTsn = true;
        break;
      case ChunkType::ReConfig:
        out.reconfig = true;
        break;
      case ChunkType::IData:
        out.interleaving = true;
        break;
      default:
        break;
    }
  }
}

void readParameter(const ParameterView& p, InitView& init) {
  switch (p.type()) {
    case ParameterType::StateCookie:
      init.cookie = p.value;
      break;
    case ParameterType::ForwardTsnSupported:
      init.extensions.forwardTsn = true;
      break;
    case ParameterType::SupportedExtensions:
      readExtensions(p.value, init.extensions);
      break;
    case ParameterType::ZeroChecksumAcceptable:
      init.extensions.zeroChecksum =
          p.value.size() == 4 && loadBe32(p.value.data()) == kErrorDetectionDtls;
      break;
    default:
      break;
  }
}

// The chunk types of the extensions, and their number.
std::size_t extensionTypes(const Extensions& e, std::array<std::uint8_t, 4>& out) {
  std::size_t n = 0;
  const auto add = [&](ChunkType t) { out[n++] = static_cast<std::uint8_t>(t); };
  if (e.forwardTsn) add(ChunkType::ForwardTsn);
  if (e.reconfig) add(ChunkType::ReConfig);
  if (e.interleaving) add(ChunkType::IData);
  if (e.interleaving && e.forwardTsn) add(ChunkType::IForwardTsn);
  return n;
}

}  // namespace

bool InitView::isKnown(ParameterType type) {
  switch (type) {
    case ParameterType::HeartbeatInfo:
    case ParameterType::Ipv4Address:
    case ParameterType::Ipv6Address:
    case ParameterType::StateCookie:
    case ParameterType::UnrecognizedParameter:
    case ParameterType::CookiePreservative:
    case ParameterType::HostName:
    case ParameterType::SupportedAddressTypes:
    case ParameterType::EcnCapable:
    case ParameterType::ZeroChecksumAcceptable:
    case ParameterType::Random:
    case ParameterType::ChunkList:
    case ParameterType::RequestedHmac:
    case ParameterType::Padding:
    case ParameterType::SupportedExtensions:
    case ParameterType::ForwardTsnSupported:
    case ParameterType::AdaptationLayer:
      return true;
    default:
      return false;
  }
}

std::optional<InitView> readInit(const ChunkView& chunk) {
  if (chunk.value.size() < kFixed) return std::nullopt;
  ByteReader in(chunk.value);
  InitView init;
  init.initiateTag = VerificationTag{in.u32()};
  init.advertisedWindow = in.u32();
  init.outboundStreams = in.u16();
  init.inboundStreams = in.u16();
  init.initialTsn = Tsn{in.u32()};
  init.parameters = in.rest();

  ParameterIterator it(init.parameters);
  while (const auto p = it.next()) {
    if (!InitView::isKnown(p->type()) && !skipsIfUnknown(p->type())) {
      init.stoppedAtUnknown = true;
      return init;
    }
    readParameter(*p, init);
  }
  if (it.malformed()) return std::nullopt;
  return init;
}

bool writeInit(PacketWriter& w, ChunkType type, const InitFields& init) {
  std::array<std::uint8_t, 4> extensions{};
  const std::size_t extensionCount = extensionTypes(init.extensions, extensions);
  std::size_t length = kFixed;
  if (!init.cookie.empty()) length += 4 + paddedSize(init.cookie.size());
  if (extensionCount > 0) length += 4 + paddedSize(extensionCount);
  if (init.extensions.forwardTsn) length += 4;
  if (init.extensions.zeroChecksum) length += 8;
  length += init.unrecognized.size();

  const Bytes body = w.chunk(type, 0, length);
  if (body.data() == nullptr) return false;
  ByteWriter out(body);
  out.u32(init.initiateTag.value());
  out.u32(init.advertisedWindow);
  out.u16(init.outboundStreams);
  out.u16(init.inboundStreams);
  out.u32(init.initialTsn.value());
  if (!init.cookie.empty()) writeParameter(out, ParameterType::StateCookie, init.cookie);
  if (init.extensions.forwardTsn) writeParameter(out, ParameterType::ForwardTsnSupported, {});
  if (extensionCount > 0) {
    writeParameter(out, ParameterType::SupportedExtensions,
                   ConstBytes(extensions).first(extensionCount));
  }
  if (init.extensions.zeroChecksum) {
    std::array<std::uint8_t, 4> method{};
    storeBe32(method.data(), kErrorDetectionDtls);
    writeParameter(out, ParameterType::ZeroChecksumAcceptable, method);
  }
  out.bytes(init.unrecognized);
  return true;
}

}  // namespace parley::sctp
