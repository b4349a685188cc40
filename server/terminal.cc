#include <qrcodegen/qrcodegen.hpp>

#include "server/ready.h"

namespace parley::server {
namespace {

constexpr int kQuietZone = 2;  // the standard wants 4; cameras read 2 and the terminal is small

// Colours that hold on any terminal: black on white.
constexpr const char* kInk = "\x1b[30;107m";
constexpr const char* kPlain = "\x1b[0m";

}  // namespace

std::string qrCode(const std::string& text, bool colour) {
  std::string out;
  try {
    const auto code = qrcodegen::QrCode::encodeText(text.c_str(), qrcodegen::QrCode::Ecc::LOW);
    // Two rows of modules a line. Without colours light modules are drawn, for most terminals are
    // dark: the code stays light on dark only at its edges.
    const auto drawn = [&](int x, int y) {
      const bool dark = code.getModule(x, y);  // false outside
      return colour ? dark : !dark;
    };
    const int end = code.getSize() + kQuietZone;
    for (int y = -kQuietZone; y < end; y += 2) {
      if (colour) out += kInk;
      for (int x = -kQuietZone; x < end; ++x) {
        const bool top = drawn(x, y);
        const bool bottom = y + 1 < end ? drawn(x, y + 1) : !colour;
        out += top ? (bottom ? "█" : "▀") : (bottom ? "▄" : " ");
      }
      out += colour ? std::string(kPlain) + "\n" : "\n";
    }
  } catch (const qrcodegen::data_too_long&) {
    return {};
  }
  return out;
}

}  // namespace parley::server
