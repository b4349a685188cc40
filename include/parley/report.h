// What a connection can tell of itself for people: its events, and why there is no path. The words
// are those of the call page.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace parley {

struct LogEntry {
  std::chrono::nanoseconds at{};  // since the connection was made
  std::string text;               // "pair-failed  host 192.168.1.5:4711 -> …"
};

struct ConnectionReport {
  // "none" (connected, or too early to say), "no-pair-answered", "relay-refused",
  // "connection-lost", "setup-failed".
  std::string cause;
  std::string what;  // happened, in a sentence
  std::vector<std::string> evidence;
  std::string remedy;
  // Bounded: how it began and the newest; what lies between may be left out.
  std::vector<LogEntry> log;
  // The log as a JSON array of events (docs/peer-messages.md section 5), with addresses.
  std::string logJson;
};

}  // namespace parley
