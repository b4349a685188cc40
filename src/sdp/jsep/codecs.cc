#include "sdp/jsep/codecs.h"

#include <algorithm>
#include <array>

#include "sdp/scan.h"

namespace parley::sdp::jsep {

namespace {

constexpr std::uint8_t kNoPayloadType = 255;

bool sameParameter(const Codec& a, const Codec& b, std::string_view name, std::string_view absent) {
  const std::string x = formatParameter(a, name).value_or(std::string(absent));
  const std::string y = formatParameter(b, name).value_or(std::string(absent));
  return equalFolded(x, y);
}

// RFC 6184 section 8.1: the first two bytes of profile-level-id are the profile; the level may
// differ. Without one it is baseline.
bool sameH264Profile(const Codec& a, const Codec& b) {
  const auto profile = [](const Codec& c) {
    return formatParameter(c, "profile-level-id").value_or("42000A").substr(0, 4);
  };
  return equalFolded(profile(a), profile(b));
}

bool sameParameters(const Codec& a, const Codec& b) {
  if (equalFolded(a.name, "H264")) {
    return sameParameter(a, b, "packetization-mode", "0") && sameH264Profile(a, b);
  }
  if (equalFolded(a.name, "VP9")) return sameParameter(a, b, "profile-id", "0");
  if (equalFolded(a.name, "AV1")) return sameParameter(a, b, "profile", "0");
  if (equalFolded(a.name, "H265")) {
    return sameParameter(a, b, "profile-id", "1") && sameParameter(a, b, "tier-flag", "0");
  }
  return true;
}

std::optional<std::uint8_t> repairedBy(const Codec& codec) {
  const auto apt = formatParameter(codec, "apt");
  return apt ? number<std::uint8_t>(*apt) : std::nullopt;
}

void setRepaired(Codec& codec, std::uint8_t payloadType) {
  codec.fmtp = {"apt=" + std::to_string(payloadType)};
}

const Codec* find(const std::vector<Codec>& codecs, std::uint8_t payloadType) {
  for (const Codec& c : codecs) {
    if (c.payloadType == payloadType) return &c;
  }
  return nullptr;
}

// `a` of `as` and `b` of `bs` are the same format; of rtx also what they repair must be.
bool sameWithin(const Codec& a, const std::vector<Codec>& as, const Codec& b,
                const std::vector<Codec>& bs) {
  if (!sameFormat(a, b)) return false;
  const auto aptA = repairedBy(a);
  const auto aptB = repairedBy(b);
  if (!aptA && !aptB) return true;
  const Codec* const ofA = aptA ? find(as, *aptA) : nullptr;
  const Codec* const ofB = aptB ? find(bs, *aptB) : nullptr;
  return ofA != nullptr && ofB != nullptr && sameFormat(*ofA, *ofB);
}

std::vector<std::string> common(const std::vector<std::string>& offered,
                                const std::vector<std::string>& ours) {
  std::vector<std::string> out;
  for (const std::string& f : offered) {
    if (std::find(ours.begin(), ours.end(), f) != ours.end()) out.push_back(f);
  }
  return out;
}

// rtx whose codec did not make it means nothing.
void dropLonelyRepair(std::vector<Codec>& codecs) {
  const auto lonely = [&codecs](const Codec& c) {
    const auto apt = repairedBy(c);
    return apt && find(codecs, *apt) == nullptr;
  };
  codecs.erase(std::remove_if(codecs.begin(), codecs.end(), lonely), codecs.end());
}

// What each payload type of the session means: the first section that has it says so.
class PayloadTypes {
 public:
  explicit PayloadTypes(const std::vector<const MediaDescription*>& known) {
    for (const MediaDescription* m : known) {
      for (const Codec& c : m->codecs) {
        if (!taken_[c.payloadType]) meanings_.push_back({&c, m});
        taken_[c.payloadType] = true;
      }
    }
  }
  // The number of this format, new if it has none.
  std::uint8_t of(const Codec& codec, const std::vector<Codec>& ours) {
    for (const Meaning& m : meanings_) {
      if (!m.codec->name.empty() && sameWithin(codec, ours, *m.codec, m.section->codecs)) {
        return m.codec->payloadType;
      }
    }
    return take(codec.payloadType);
  }

 private:
  struct Meaning {
    const Codec* codec;
    const MediaDescription* section;
  };

  std::uint8_t take(std::uint8_t wanted) {
    if (wanted < taken_.size() && !taken_[wanted]) return mark(wanted);
    // RFC 3551 section 6: dynamic ones; then those that RFC 5761 section 4 leaves to RTP.
    for (std::uint8_t pt = 96; pt <= 127; ++pt) {
      if (!taken_[pt]) return mark(pt);
    }
    for (std::uint8_t pt = 35; pt <= 63; ++pt) {
      if (!taken_[pt]) return mark(pt);
    }
    return kNoPayloadType;
  }
  std::uint8_t mark(std::uint8_t pt) {
    taken_[pt] = true;
    return pt;
  }
  std::array<bool, 128> taken_{};
  std::vector<Meaning> meanings_;  // at most one of each number
};

}  // namespace

std::optional<std::string> formatParameter(const Codec& codec, std::string_view name) {
  for (std::string_view line : codec.fmtp) {
    while (!line.empty()) {
      auto [one, rest] = splitOnce(line, ';');
      while (!one.empty() && one.front() == ' ')
        one.remove_prefix(1);
      const auto [key, value] = splitOnce(one, '=');
      if (equalFolded(key, name)) return std::string(value.value_or(""));
      line = rest.value_or("");
    }
  }
  return std::nullopt;
}

bool isAuxiliary(const Codec& codec) {
  for (const std::string_view name :
       {"rtx", "red", "ulpfec", "flexfec-03", "flexfec", "CN", "telephone-event"}) {
    if (equalFolded(codec.name, name)) return true;
  }
  return false;
}

bool sameFormat(const Codec& a, const Codec& b) {
  return equalFolded(a.name, b.name) && a.clockRate == b.clockRate &&
         a.channels.value_or(1) == b.channels.value_or(1) && sameParameters(a, b);
}

std::vector<Codec> answerCodecs(const std::vector<Codec>& offered, const std::vector<Codec>& ours,
                                bool ourOrder) {
  std::vector<std::pair<std::size_t, Codec>> matched;  // with its rank
  std::vector<bool> used(ours.size());
  for (std::size_t i = 0; i < offered.size(); ++i) {
    for (std::size_t k = 0; k < ours.size(); ++k) {
      if (used[k] || !sameWithin(offered[i], offered, ours[k], ours)) continue;
      used[k] = true;
      Codec c = ours[k];
      c.payloadType = offered[i].payloadType;
      c.name = offered[i].name;
      c.channels = offered[i].channels;
      c.feedback = common(offered[i].feedback, ours[k].feedback);
      if (repairedBy(offered[i])) c.fmtp = offered[i].fmtp;
      matched.emplace_back(ourOrder ? k : i, std::move(c));
      break;
    }
  }
  std::stable_sort(matched.begin(), matched.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Codec> out;
  for (auto& m : matched)
    out.push_back(std::move(m.second));
  dropLonelyRepair(out);
  if (std::all_of(out.begin(), out.end(), isAuxiliary)) out.clear();
  return out;
}

std::vector<Codec> offerCodecs(const std::vector<Codec>& ours,
                               const std::vector<const MediaDescription*>& known) {
  PayloadTypes types(known);
  std::vector<Codec> out;
  std::array<std::uint8_t, 256> renamed{};
  renamed.fill(kNoPayloadType);
  for (const Codec& codec : ours) {
    const std::uint8_t pt = types.of(codec, ours);
    if (pt == kNoPayloadType) continue;
    if (find(out, pt) != nullptr) continue;  // two of ours are one format to the other side
    renamed[codec.payloadType] = pt;
    out.push_back(codec);
    out.back().payloadType = pt;
  }
  for (Codec& c : out) {
    if (const auto apt = repairedBy(c); apt && renamed[*apt] != kNoPayloadType) {
      setRepaired(c, renamed[*apt]);
    }
  }
  dropLonelyRepair(out);
  return out;
}

std::vector<Extmap> offerExtmaps(const std::vector<HeaderExtension>& ours,
                                 const std::vector<const MediaDescription*>& known) {
  constexpr std::uint16_t kMaxId = 255;  // RFC 8285 section 4.3; 15 is not used
  std::array<const std::string*, kMaxId + 1> taken{};
  for (const MediaDescription* m : known) {
    for (const Extmap& e : m->extmaps) {
      if (e.id <= kMaxId && taken[e.id] == nullptr) taken[e.id] = &e.uri;
    }
  }
  const auto idOf = [&taken](const HeaderExtension& wanted) -> std::uint16_t {
    for (std::uint16_t id = 1; id <= kMaxId; ++id) {
      if (taken[id] != nullptr && *taken[id] == wanted.uri) return id;
    }
    if (wanted.preferredId >= 1 && wanted.preferredId <= kMaxId &&
        taken[wanted.preferredId] == nullptr) {
      return wanted.preferredId;
    }
    for (std::uint16_t id = 1; id <= kMaxId; ++id) {
      if (id != 15 && taken[id] == nullptr) return id;
    }
    return 0;
  };
  std::vector<Extmap> out;
  for (const HeaderExtension& h : ours) {
    const std::uint16_t id = idOf(h);
    if (id == 0) continue;
    taken[id] = &h.uri;
    Extmap e;
    e.id = id;
    if (h.direction != Direction::SendRecv) e.direction = h.direction;
    e.uri = h.uri;
    out.push_back(std::move(e));
  }
  return out;
}

std::vector<Extmap> answerExtmaps(const std::vector<Extmap>& offered,
                                  const std::vector<HeaderExtension>& ours) {
  std::vector<Extmap> out;
  for (const Extmap& e : offered) {
    for (const HeaderExtension& h : ours) {
      if (h.uri != e.uri) continue;
      const Direction both =
          intersection(reversed(e.direction.value_or(Direction::SendRecv)), h.direction);
      if (both == Direction::Inactive) continue;
      Extmap answer{e.id, std::nullopt, e.uri, {}};
      if (both != Direction::SendRecv) answer.direction = both;
      out.push_back(std::move(answer));
      break;
    }
  }
  return out;
}

}  // namespace parley::sdp::jsep
