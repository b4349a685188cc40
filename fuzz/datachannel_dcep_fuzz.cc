// Any bytes as a DCEP message: what parses is written again to the same bytes.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "datachannel/dcep.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  using namespace parley::datachannel;
  const ConstBytes bytes(data, size);
  const auto message = parseDcep(bytes);
  if (!message.ok()) return 0;
  const auto* open = std::get_if<DcepOpen>(&*message);
  if (open == nullptr) {
    PARLEY_CHECK(data[0] == kDcepAck);
    return 0;
  }
  std::vector<std::uint8_t> again(open->size());
  writeDcepOpen(again, *open);
  PARLEY_CHECK(again.size() == size);
  for (std::size_t i = 0; i < size; ++i) {
    // The parameter of a reliable channel is not kept.
    const bool dropped = open->reliability == Reliability::Reliable && i >= 4 && i < 8;
    PARLEY_CHECK(dropped || again[i] == bytes[i]);
  }
  return 0;
}
