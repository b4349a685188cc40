#include "peer/event_log.h"

#include <gtest/gtest.h>

#include "peer/events.h"

namespace parley::peer {
namespace {

LogEntry entry(Duration at, LogKind kind, std::int32_t code = 0) {
  LogEntry e;
  e.at = Time{} + at;
  e.kind = kind;
  e.code = code;
  return e;
}

std::vector<std::int32_t> codesOf(const EventLog& log) {
  std::vector<std::int32_t> out;
  log.forEach([&](const LogEntry& e) { out.push_back(e.code); });
  return out;
}

TEST(EventLog, keepsTheBeginningAndTheNewest) {
  EventLog log(10, Time{});
  for (int i = 1; i <= 23; ++i)
    log.add(entry(Duration{i}, LogKind::PairFailed, i));
  EXPECT_EQ(codesOf(log), (std::vector<std::int32_t>{1, 2, 3, 4, 5, 19, 20, 21, 22, 23}));
  EXPECT_EQ(log.forgotten(), 13u);
}

TEST(EventLog, anOddCapacityTurnsToo) {
  EventLog log(3, Time{});
  for (int i = 1; i <= 6; ++i)
    log.add(entry(Duration{i}, LogKind::PairFailed, i));
  EXPECT_EQ(codesOf(log), (std::vector<std::int32_t>{1, 5, 6}));
}

TEST(EventLog, aCandidateIsKeptOnceAndTheTableIsBounded) {
  EventLog log(10, Time{});
  LoggedCandidate c;
  c.address = *Address::parse("192.0.2.1:1");
  EXPECT_EQ(log.local(c), 1);
  EXPECT_EQ(log.local(c), 1);
  for (std::size_t i = 1; i < EventLog::kMaxCandidates; ++i) {
    c.address = c.address.withPort(static_cast<std::uint16_t>(i + 1));
    EXPECT_EQ(log.local(c), i + 1);
  }
  c.address = c.address.withPort(9999);
  EXPECT_EQ(log.local(c), 0) << "full";
  EXPECT_EQ(log.remote(c), 1) << "a table of its own";
}

TEST(EventLog, linesSayWhoAndWhy) {
  EventLog log(10, Time{} + 1s);
  LoggedCandidate ours;
  ours.type = LoggedCandidate::Type::Relayed;
  ours.relayProtocol = Transport::Tls;
  ours.address = *Address::parse("203.0.113.10:50000");
  LoggedCandidate theirs;
  theirs.type = LoggedCandidate::Type::ServerReflexive;
  theirs.address = *Address::parse("198.51.100.1:7");
  LogEntry e = entry(1132ms, LogKind::PairFailed);
  e.local = log.local(ours);
  e.remote = log.remote(theirs);
  e.reason = "no answer";
  log.add(e);
  e = entry(2s, LogKind::DtlsState);
  e.state = static_cast<std::uint8_t>(DtlsState::Connected);
  log.add(e);
  std::vector<std::string> lines;
  log.forEach([&](const LogEntry& x) { lines.push_back(log.describe(x)); });
  EXPECT_EQ(lines[0],
            "    132 ms  pair-failed  relay(tls) 203.0.113.10:50000 -> srflx 198.51.100.1:7  no "
            "answer");
  EXPECT_EQ(lines[1], "   1000 ms  dtls-state connected");
  const std::string redacted = log.toJson(true);
  EXPECT_NE(redacted.find("\"kind\":\"pair-failed\""), std::string::npos);
  EXPECT_NE(redacted.find("\"relayProtocol\":\"tls\""), std::string::npos);
  EXPECT_EQ(redacted.find("203.0.113.10"), std::string::npos);
  EXPECT_NE(log.toJson(false).find("203.0.113.10"), std::string::npos);
}

TEST(EventLog, jsonEscapesWhatServersSay) {
  EventLog log(10, Time{});
  LogEntry e = entry(0ms, LogKind::CandidateError, 401);
  e.url = log.url("turn:\"x\"\n");
  log.add(e);
  EXPECT_NE(log.toJson(false).find("turn:\\\"x\\\"\\u000a"), std::string::npos);
}

}  // namespace
}  // namespace parley::peer
