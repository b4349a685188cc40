// Multicast DNS messages as far as hidden candidates need them: questions for the addresses of a
// name, and their answers (RFC 6762, wire form of RFC 1035 section 4).
//
// Reading: names are decompressed and made lower case (RFC 6762 section 16); records that are not
// addresses are skipped; beyond kMaxQuestions or kMaxAnswers the rest is not looked at. Compression
// pointers may only point backwards, so that no name goes in circles. Writing compresses nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace parley::ice {

enum class DnsType : std::uint16_t { A = 1, Aaaa = 28, Any = 255 };

struct MdnsQuestion {
  std::string name;
  std::uint16_t type = 0;
  bool unicastResponse = false;  // the QU bit (RFC 6762 section 5.4)
};

struct MdnsAnswer {
  std::string name;
  IpAddress address;
  std::uint32_t ttl = 0;  // seconds; 0 says goodbye (section 10.1)
};

struct MdnsMessage {
  static constexpr std::size_t kMaxQuestions = 16;
  static constexpr std::size_t kMaxAnswers = 32;
  std::uint16_t id = 0;
  bool response = false;
  std::vector<MdnsQuestion> questions;
  std::vector<MdnsAnswer> answers;  // of all sections
};

Result<MdnsMessage> parseMdns(ConstBytes bytes);

// Sizes; 0 when the room is too small or the name is none. One question for each family.
std::size_t writeMdnsQuery(Bytes room, std::string_view name, bool unicastResponse);
// `echo` repeats the question with the asker's id, for those who asked by ordinary DNS rules (RFC
// 6762 section 6.7).
struct MdnsEcho {
  std::uint16_t id = 0;
  std::uint16_t type = 0;
};
std::size_t writeMdnsResponse(Bytes room, std::string_view name,
                              std::span<const IpAddress> addresses, std::uint32_t ttl,
                              const MdnsEcho* echo);

}  // namespace parley::ice
