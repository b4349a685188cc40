// Any stream, cut in two ways: at once, and in segments that the first bytes choose. Both must give
// the same messages, bounded, and the same judgement.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/check.h"
#include "turn/stream_framer.h"

namespace {

using parley::ConstBytes;
using parley::turn::StreamFramer;

using Messages = std::vector<std::vector<std::uint8_t>>;

void take(StreamFramer& framer, Messages& messages) {
  while (const auto m = framer.next()) {
    PARLEY_CHECK(m->size() >= 4 && m->size() <= StreamFramer::kMaxMessage);
    messages.emplace_back(m->begin(), m->end());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const ConstBytes cuts(data, 4);
  const ConstBytes stream(data + 4, size - 4);

  StreamFramer whole;
  Messages atOnce;
  whole.append(stream);
  take(whole, atOnce);

  StreamFramer parts;
  Messages inParts;
  std::size_t turn = 0;
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t n = std::min<std::size_t>(stream.size() - at, cuts[turn++ % 4] + 1u);
    parts.append(stream.subspan(at, n));
    take(parts, inParts);
    PARLEY_CHECK(parts.pending() < StreamFramer::kMaxMessage);
    at += n;
  }
  PARLEY_CHECK(atOnce == inParts);
  PARLEY_CHECK(whole.failed() == parts.failed());
  PARLEY_CHECK(whole.pending() == parts.pending());
  return 0;
}
