// What congestion controllers are told and what they answer; Sender holds one of them by value.
//
// Bytes are those of DATA chunks with their headers and padding; rates are in bytes a second.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace parley::sctp::tx {

struct AckEvent {
  Time now{};
  std::size_t acked = 0;                 // newly delivered
  std::size_t lost = 0;                  // newly given up
  std::uint64_t lostPriorDelivered = 0;  // delivered in all when the latest of these was sent
  std::size_t priorInFlight = 0;         // before this SACK
  std::size_t inFlight = 0;              // after it
  Duration rtt{};                        // measured by it; zero: nothing measured
  Duration srtt{};
  Duration minRtt{};                 // over the association's recent life; zero: not known
  std::uint64_t delivered = 0;       // in all, this SACK included
  std::uint64_t priorDelivered = 0;  // in all when the latest sent of what it acknowledges was sent
  double rate = 0;                   // at which what it acknowledges was delivered; 0: not known
  bool rateAppLimited = false;       // the application, not the network, bounded that rate
  bool windowLimited = false;        // the window was used to its end
  bool inRecovery = false;           // what it acknowledges was sent before the last loss event
};

}  // namespace parley::sctp::tx
