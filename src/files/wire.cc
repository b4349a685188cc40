#include "files/wire.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "files/names.h"

namespace parley::files {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxMime = 127;
constexpr std::uint64_t kMaxGroupFiles = 1'000'000;
constexpr Error kMalformed(ErrorCode::Malformed, "file message");
constexpr Error kBadName(ErrorCode::Refused, "file name");

struct ReasonText {
  Reason reason;
  std::string_view name;
  std::string_view words;
};
constexpr std::array kReasons = {
    ReasonText{Reason::Declined, "declined", "the other side did not want it"},
    ReasonText{Reason::Cancelled, "cancelled", "it was cancelled"},
    ReasonText{Reason::TooLarge, "too-large", "it is larger than is taken"},
    ReasonText{Reason::NoSpace, "no-space", "there is no space left"},
    ReasonText{Reason::BadName, "bad-name", "its name is not allowed"},
    ReasonText{Reason::BadMessage, "bad-message", "a message was not understood"},
    ReasonText{Reason::Busy, "busy", "too many files at once"},
    ReasonText{Reason::Changed, "changed", "the file changed while it was sent"},
    ReasonText{Reason::ReadFailed, "read-failed", "the file could not be read"},
    ReasonText{Reason::WriteFailed, "write-failed", "the file could not be written"},
    ReasonText{Reason::Timeout, "timeout", "nothing moved for too long"},
};

const ReasonText& entry(Reason reason) {
  return kReasons[static_cast<std::size_t>(reason)];
}

// Depth comes from the network: seen before anything is built.
bool tooDeep(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxTextDepth) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

// Reads fields of one object; one that is missing or of the wrong type makes it fail for good.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object), ok_(object.is_object()) {}
  bool ok() const { return ok_; }

  std::string text(const char* name) {
    const Json* v = find(name);
    if (v == nullptr || !v->is_string()) return fail<std::string>();
    return v->get<std::string>();
  }
  std::uint64_t count(const char* name, std::uint64_t most) {
    const Json* v = find(name);
    if (v == nullptr) return fail<std::uint64_t>();
    // JavaScript writes 1e21 and 5.0 for integers too.
    if (v->is_number_float()) {
      const double d = v->get<double>();
      if (!(d >= 0 && d <= static_cast<double>(most))) return fail<std::uint64_t>();
      const auto n = static_cast<std::uint64_t>(d);
      return static_cast<double>(n) == d ? n : fail<std::uint64_t>();
    }
    if (!v->is_number_unsigned() || v->get<std::uint64_t>() > most) return fail<std::uint64_t>();
    return v->get<std::uint64_t>();
  }
  bool boolean(const char* name) {
    const Json* v = find(name);
    if (v == nullptr || !v->is_boolean()) return fail<bool>();
    return v->get<bool>();
  }
  const Json* find(const char* name) const {
    if (!ok_) return nullptr;
    const auto it = object_.find(name);
    return it == object_.end() ? nullptr : &*it;
  }

 private:
  template <class T>
  T fail() {
    ok_ = false;
    return T{};
  }
  const Json& object_;
  bool ok_;
};

Result<FileMessage> parseOffer(Fields& f) {
  Offer offer;
  offer.id = f.text("id");
  offer.name = f.text("name");
  offer.size = f.count("size", kMaxFileSize);
  offer.mime = f.text("mime");
  offer.lastModified = static_cast<std::int64_t>(f.count("lastModified", kMaxFileSize));
  if (!f.ok() || !isId(offer.id) || offer.mime.size() > kMaxMime) return kMalformed;
  if (!isAllowedName(offer.name)) return kBadName;
  if (f.find("path") != nullptr) {
    auto parts = parsePath(f.text("path"));
    if (!f.ok()) return kMalformed;
    if (!parts || parts->empty()) return kBadName;
    offer.path = std::move(*parts);
  }
  if (const Json* g = f.find("group")) {
    Fields fields(*g);
    Group group{fields.text("id"), fields.text("name"), fields.count("files", kMaxGroupFiles),
                fields.count("bytes", kMaxFileSize)};
    if (!fields.ok() || !isId(group.id)) return kMalformed;
    if (!isAllowedName(group.name)) return kBadName;
    offer.group = std::move(group);
  }
  return FileMessage(std::move(offer));
}

bool isSha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<FileMessage> parseKnown(std::string_view type, Fields& f) {
  FileMessage message = Unknown{};
  if (type == "offer") return parseOffer(f);
  if (type == "accept") {
    const std::uint64_t offset = f.count("offset", kMaxFileSize);
    const std::uint64_t window = f.count("window", kMaxWindow);
    if (window < kMinWindow) return kMalformed;
    message = Accept{offset, static_cast<std::uint32_t>(window)};
  } else if (type == "reject") {
    message = Reject{parseReason(f.text("reason"))};
  } else if (type == "progress") {
    message = Progress{f.count("received", kMaxFileSize)};
  } else if (type == "done") {
    Done done{f.count("size", kMaxFileSize), f.text("sha256")};
    if (!isSha256(done.sha256)) return kMalformed;
    message = std::move(done);
  } else if (type == "verified") {
    message = Verified{f.boolean("ok")};
  } else if (type == "cancel") {
    message = Cancel{parseReason(f.text("reason"))};
  }
  if (!f.ok()) return kMalformed;
  return message;
}

nlohmann::ordered_json begin(const char* type) {
  return {{"v", 1}, {"type", type}};
}

struct Writer {
  std::string operator()(const Offer& m) const {
    auto j = begin("offer");
    j["id"] = m.id;
    j["name"] = m.name;
    j["size"] = m.size;
    j["mime"] = m.mime;
    j["lastModified"] = m.lastModified;
    if (!m.path.empty()) j["path"] = joinPath(m.path);
    if (m.group) {
      j["group"] = {{"id", m.group->id},
                    {"name", m.group->name},
                    {"files", m.group->files},
                    {"bytes", m.group->bytes}};
    }
    return j.dump();
  }
  std::string operator()(const Accept& m) const {
    auto j = begin("accept");
    j["offset"] = m.offset;
    j["window"] = m.window;
    return j.dump();
  }
  std::string operator()(const Reject& m) const { return reason("reject", m.reason); }
  std::string operator()(const Progress& m) const {
    auto j = begin("progress");
    j["received"] = m.received;
    return j.dump();
  }
  std::string operator()(const Done& m) const {
    auto j = begin("done");
    j["size"] = m.size;
    j["sha256"] = m.sha256;
    return j.dump();
  }
  std::string operator()(const Verified& m) const {
    auto j = begin("verified");
    j["ok"] = m.ok;
    return j.dump();
  }
  std::string operator()(const Cancel& m) const { return reason("cancel", m.reason); }
  std::string operator()(const Unknown&) const { return begin("unknown").dump(); }

  static std::string reason(const char* type, Reason why) {
    auto j = begin(type);
    j["reason"] = toString(why);
    return j.dump();
  }
};

}  // namespace

std::string_view toString(Reason reason) {
  return entry(reason).name;
}
std::string_view inWords(Reason reason) {
  return entry(reason).words;
}
Reason parseReason(std::string_view text) {
  for (const ReasonText& r : kReasons) {
    if (r.name == text) return r.reason;
  }
  return Reason::Cancelled;
}

Result<FileMessage> parseMessage(std::string_view text) {
  if (text.size() > kMaxTextBytes || tooDeep(text)) return kMalformed;
  const Json json = Json::parse(text, nullptr, false);
  Fields fields(json);
  const std::uint64_t version = fields.count("v", kMaxFileSize);
  const std::string type = fields.text("type");
  if (!fields.ok() || version != 1) return kMalformed;
  return parseKnown(type, fields);
}

std::string writeMessage(const FileMessage& message) {
  return std::visit(Writer{}, message);
}

bool isId(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::optional<std::string> idOfLabel(std::string_view label) {
  if (!label.starts_with(kLabelPrefix)) return std::nullopt;
  const std::string_view id = label.substr(kLabelPrefix.size());
  if (!isId(id)) return std::nullopt;
  return std::string(id);
}

std::string hex(ConstBytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t b : bytes) {
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

}  // namespace parley::files
