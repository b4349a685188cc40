// Codecs in offers and answers: when two payload types mean the same format, which of the offered
// ones an answer takes and in what order, and which payload type an own codec gets in an offer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdp/jsep/media_capabilities.h"
#include "sdp/session_description.h"

namespace parley::sdp::jsep {

// The value of one "name=value" of the codec's a=fmtp lines.
std::optional<std::string> formatParameter(const Codec& codec, std::string_view name);

// True for rtx, red, ulpfec, flexfec, CN and telephone-event: alone they carry nothing.
bool isAuxiliary(const Codec& codec);

// The same format: name, clock rate, channels and those parameters that must be equal on both sides
// (H.264's profile and packetization mode, the profile of VP9, AV1 and H.265).
bool sameFormat(const Codec& a, const Codec& b);

// RFC 9429 section 5.3.1: of `offered` those that we have too, with the offer's payload types and
// our parameters; in the order of `ours` if `ourOrder`, else in the offer's.
std::vector<Codec> answerCodecs(const std::vector<Codec>& offered, const std::vector<Codec>& ours,
                                bool ourOrder);

// `ours` with payload types as the sections of `known` use them for the same format (RFC 9429
// section 5.2.2), new ones free in all of them. Codecs for which no number is left are dropped.
std::vector<Codec> offerCodecs(const std::vector<Codec>& ours,
                               const std::vector<const MediaDescription*>& known);

// Ids of header extensions, by the same rules (RFC 8285; one id for a URI in a BUNDLE group).
std::vector<Extmap> offerExtmaps(const std::vector<HeaderExtension>& ours,
                                 const std::vector<const MediaDescription*>& known);
std::vector<Extmap> answerExtmaps(const std::vector<Extmap>& offered,
                                  const std::vector<HeaderExtension>& ours);

}  // namespace parley::sdp::jsep
