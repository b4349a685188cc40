#include "ice/events.h"
#include "ice/stats.h"

namespace parley::ice {

const char* name(Role role) {
  return role == Role::Controlling ? "controlling" : "controlled";
}

const char* name(State state) {
  constexpr const char* kNames[] = {"new",          "checking", "connected", "completed",
                                    "disconnected", "failed",   "closed"};
  return kNames[static_cast<unsigned>(state)];
}

const char* name(GatheringState state) {
  constexpr const char* kNames[] = {"new", "gathering", "complete"};
  return kNames[static_cast<unsigned>(state)];
}

const char* name(PairState state) {
  constexpr const char* kNames[] = {"frozen", "waiting", "in-progress", "failed", "succeeded"};
  return kNames[static_cast<unsigned>(state)];
}

const char* name(PairNews news) {
  constexpr const char* kNames[] = {"succeeded",    "failed",       "nominated",
                                    "consent lost", "unresponsive", "responsive again"};
  return kNames[static_cast<unsigned>(news)];
}

const char* name(FailReason reason) {
  constexpr const char* kNames[] = {"none",
                                    "no answer",
                                    "error response",
                                    "refused by the network",
                                    "answered from another address",
                                    "its socket is gone"};
  return kNames[static_cast<unsigned>(reason)];
}

}  // namespace parley::ice
