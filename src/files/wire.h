// The text messages of a `file/` channel (docs/peer-messages.md section 6.2), read and written.
// Everything read is checked: types, lengths, names. Nothing here knows what follows what; that
// know Sender and Receiver.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace parley::files {

inline constexpr std::size_t kMaxTextBytes = 32'768;
inline constexpr std::size_t kMaxTextDepth = 16;
inline constexpr std::uint64_t kMaxFileSize = (std::uint64_t{1} << 53) - 1;
inline constexpr std::uint32_t kMinWindow = 65'536;
inline constexpr std::uint32_t kMaxWindow = 67'108'864;
inline constexpr std::uint32_t kUsualWindow = 8'388'608;
inline constexpr std::size_t kMaxChunk = 262'144;  // that is taken
inline constexpr std::size_t kUsualChunk = 65'536;

inline constexpr std::string_view kProtocol = "parley.file.1";
inline constexpr std::string_view kLabelPrefix = "file/";

// Why a file was not taken or not finished.
enum class Reason : std::uint8_t {
  Declined,
  Cancelled,
  TooLarge,
  NoSpace,
  BadName,
  BadMessage,
  Busy,
  Changed,
  ReadFailed,
  WriteFailed,
  Timeout,
};
std::string_view toString(Reason reason);   // "no-space"
Reason parseReason(std::string_view text);  // unknown ones are Cancelled
std::string_view inWords(Reason reason);    // for people: "there is no space left"

struct Group {
  std::string id;
  std::string name;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const Group&, const Group&) = default;
};

struct Offer {
  std::string id;
  std::string name;
  std::uint64_t size = 0;
  std::string mime;
  std::int64_t lastModified = 0;  // milliseconds since 1970; 0: unknown
  std::vector<std::string> path;  // the folders, outermost first
  std::optional<Group> group;
  // The same file as before, so that what is there of it may stay (section 6.6).
  bool continues(const Offer& before) const {
    return id == before.id && name == before.name && path == before.path && size == before.size &&
           lastModified == before.lastModified;
  }
  friend bool operator==(const Offer&, const Offer&) = default;
};
struct Accept {
  std::uint64_t offset = 0;
  std::uint32_t window = kUsualWindow;
  friend bool operator==(const Accept&, const Accept&) = default;
};
struct Reject {
  Reason reason = Reason::Declined;
  friend bool operator==(const Reject&, const Reject&) = default;
};
struct Progress {
  std::uint64_t received = 0;
  friend bool operator==(const Progress&, const Progress&) = default;
};
struct Done {
  std::uint64_t size = 0;
  std::string sha256;  // 64 lower-case hexadecimal digits
  friend bool operator==(const Done&, const Done&) = default;
};
struct Verified {
  bool ok = false;
  friend bool operator==(const Verified&, const Verified&) = default;
};
struct Cancel {
  Reason reason = Reason::Cancelled;
  friend bool operator==(const Cancel&, const Cancel&) = default;
};
// A type of a later version; to be ignored.
struct Unknown {
  friend bool operator==(const Unknown&, const Unknown&) = default;
};

using FileMessage = std::variant<Offer, Accept, Reject, Progress, Done, Verified, Cancel, Unknown>;

// Malformed, which cancels the file with BadMessage, or Refused: an offer whose name or path is
// not allowed, to be rejected with BadName.
Result<FileMessage> parseMessage(std::string_view text);
std::string writeMessage(const FileMessage& message);

// An id as in labels and messages: 1 to 32 characters [A-Za-z0-9_-].
bool isId(std::string_view text);
// The id in "file/ID", or nothing.
std::optional<std::string> idOfLabel(std::string_view label);
std::string hex(ConstBytes bytes);

}  // namespace parley::files
