// The congestion controller of an association: one of two, chosen once.
#pragma once

#include <variant>

#include "sctp/tx/cubic.h"
#include "sctp/tx/model.h"

namespace parley::sctp::tx {

enum class Controller : std::uint8_t { Cubic, Model };

class CongestionControl {
 public:
  CongestionControl(Controller kind, std::size_t packet) : state_(Cubic(packet)) {
    if (kind == Controller::Model) state_.emplace<Model>(packet);
  }

  std::size_t window() const {
    return std::visit([](const auto& c) { return c.window(); }, state_);
  }
  double pacingRate(Duration srtt) const {
    return std::visit([srtt](const auto& c) { return c.pacingRate(srtt); }, state_);
  }
  bool inSlowStart() const {
    return std::visit([](const auto& c) { return c.inSlowStart(); }, state_);
  }
  // For people: what it is doing.
  const char* phase() const {
    return std::visit([](const auto& c) { return c.phase(); }, state_);
  }
  void setPacketSize(std::size_t packet) {
    std::visit([packet](auto& c) { c.setPacketSize(packet); }, state_);
  }
  void onAck(const AckEvent& e) {
    std::visit([&e](auto& c) { c.onAck(e); }, state_);
  }
  // The first loss of a window. The model judges losses by itself, from AckEvent::lost.
  void onLossEvent(Time now) {
    if (auto* c = std::get_if<Cubic>(&state_)) c->onLossEvent(now);
  }
  void onTimeout(Time now) {
    std::visit([now](auto& c) { c.onTimeout(now); }, state_);
  }
  void undo() {
    std::visit([](auto& c) { c.undo(); }, state_);
  }
  void onIdle(Duration idle, Duration rto) {
    std::visit([=](auto& c) { c.onIdle(idle, rto); }, state_);
  }

 private:
  std::variant<Cubic, Model> state_;
};

}  // namespace parley::sctp::tx
