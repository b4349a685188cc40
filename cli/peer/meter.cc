#include "cli/peer/meter.h"

#include <algorithm>
#include <cstdio>

#include "cli/peer/output.h"

namespace parley::cli {
namespace {

constexpr Duration kStep = 200ms;  // samples closer together say nothing more
constexpr std::size_t kBar = 20;

std::string bar(double part) {
  std::string out;
  const auto full = static_cast<std::size_t>(part * static_cast<double>(kBar));
  for (std::size_t i = 0; i < kBar; ++i)
    out += i < full ? "█" : "░";
  return out;
}

// Columns, taking each character for one.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string cut(std::string text, std::size_t width) {
  while (columns(text) > width) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80)
      text.pop_back();
    if (!text.empty()) text.pop_back();
  }
  return text;
}

}  // namespace

void Meter::add(std::uint64_t total, Time now) {
  // A file that begins anew goes back.
  if (!samples_.empty() && total < samples_.back().total) samples_.clear();
  if (samples_.size() > 1 && now - samples_[samples_.size() - 2].at < kStep) samples_.pop_back();
  samples_.push_back({now, total});
  while (samples_.size() > 2 && now - samples_.front().at > kSpan)
    samples_.pop_front();
}

std::optional<double> Meter::speed() const {
  if (samples_.size() < 2) return std::nullopt;
  const double seconds =
      std::chrono::duration<double>(samples_.back().at - samples_.front().at).count();
  if (seconds <= 0) return std::nullopt;
  return static_cast<double>(samples_.back().total - samples_.front().total) / seconds;
}

std::string progressLine(const std::string& what, std::uint64_t done, std::uint64_t all,
                         const Meter& meter, const std::string& path, std::size_t width) {
  const double part = all == 0 ? 1 : static_cast<double>(done) / static_cast<double>(all);
  char percent[16];
  std::snprintf(percent, sizeof percent, " %3.0f %% ", part * 100);
  std::string rest = percent + bar(part);
  if (const auto speed = meter.speed()) {
    rest += "  " + inBytes(*speed) + "/s";
    if (*speed > 1) rest += "  " + inTime(static_cast<double>(all - done) / *speed) + " left";
  }
  if (!path.empty()) rest += "  " + path;
  rest = cut(rest, width - 1);
  const std::size_t left = width - 1 - columns(rest);
  return cut(what, std::max<std::size_t>(left, 0)) + rest;
}

}  // namespace parley::cli
