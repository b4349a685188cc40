#include "layer_rule.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <span>

#include "source_text.h"

namespace parley::tools {
namespace {

using Names = std::vector<std::string_view>;

struct Layer {
  std::string_view folder;
  // Core: no threads, no system headers, no clock, no randomness of its own.
  bool core = false;
  Names mayInclude;   // folders; its own needs no mention
  Names libraries{};  // include prefixes of other people's headers
};

// The order is free; the longest folder that a path begins with is its layer. An edge that is not
// here does not exist; adding one is a decision, made in ARCHITECTURE.md.
const std::vector<Layer>& layers() {
  static const std::vector<Layer> all = {
      {"src/base", true, {}},
      {"src/net", true, {"src/base"}},
      // <ctime> for the types only: OpenSSL's dates are time_t and tm.
      {"src/crypto", true, {"src/base", "src/net"}, {"openssl/", "ctime"}},
      {"src/stun", true, {"src/base", "src/net", "src/crypto"}},
      {"src/turn", true, {"src/base", "src/net", "src/crypto", "src/stun"}},
      {"src/ice", true, {"src/base", "src/net", "src/crypto", "src/stun"}},
      {"src/dtls", true, {"src/base", "src/net", "src/crypto"}, {"openssl/"}},
      {"src/rtp", true, {"src/base"}},
      {"src/srtp", true, {"src/base", "src/crypto", "src/rtp"}},
      // The processor's CRC32c: instructions, not the machine's doings.
      {"src/sctp", true, {"src/base"}, {"nmmintrin.h"}},
      {"src/datachannel", true, {"src/base", "src/sctp"}},
      {"src/sdp", true, {"src/base"}},
      {"src/bwe", true, {"src/base", "src/rtp"}},
      {"src/media", true, {"src/base", "src/rtp"}},
      {"src/peer",
       true,
       {"src/base", "src/net", "src/crypto", "src/stun", "src/turn", "src/ice", "src/dtls",
        "src/rtp", "src/srtp", "src/sctp", "src/datachannel", "src/sdp", "src/bwe", "src/media"}},
      {"src/signal", true, {"src/base", "src/net", "src/crypto", "src/sdp"}, {"nlohmann/"}},
      {"src/files", true, {"src/base", "src/crypto"}, {"nlohmann/"}},
      {"src/driver", false, {"src/base", "src/net", "src/crypto"}, {"openssl/", "linux/"}},
      {"src/codecs", false, {"src/base", "src/media"}},
      {"src/devices", false, {"src/base", "src/media"}},
      {"src/api",
       false,
       {"include/parley", "src/base", "src/net", "src/crypto", "src/turn", "src/ice", "src/dtls",
        "src/sdp", "src/peer", "src/media", "src/codecs", "src/devices", "src/driver"}},
      // A room is an application of the connections, with a way to the server of its own.
      {"src/room",
       false,
       {"include/parley", "src/base", "src/net", "src/crypto", "src/driver", "src/signal",
        "src/api"},
       {"nlohmann/"}},
      {"include/parley", false, {}},
      {"server/config", false, {"src/base", "src/net", "src/crypto"}, {"toml++/", "CLI/"}},
      {"server/relay",
       false,
       {"src/base", "src/net", "src/crypto", "src/stun", "src/turn", "src/driver"},
       {"spdlog/"}},
      {"server/http",
       false,
       // "web" for the one header of the embedded page.
       {"src/base", "src/net", "src/crypto", "src/signal", "src/driver", "server", "web"},
       {"boost/", "openssl/", "spdlog/", "nlohmann/"}},
      // What composes the server: all of it meets here.
      {"server",
       false,
       {"src/base", "src/net", "src/crypto", "src/stun", "src/turn", "src/signal", "src/driver",
        "server/config", "server/relay", "server/http"},
       {"boost/", "spdlog/", "nlohmann/", "qrcodegen"}},
      {"cli",
       false,
       {"include/parley", "src/base", "src/net", "src/crypto", "src/stun", "src/turn", "src/driver",
        "src/signal", "src/files", "server", "server/config", "lab"},
       {"CLI/", "spdlog/", "nlohmann/", "qrcodegen"}},
      {"web", false, {}},
      {"lab", false, {"src/base", "src/net", "src/driver", "sim"}, {"linux/"}},
      // The simulation obeys the rules of the core: one seed, one run.
      {"sim", true, {"src/base", "src/net"}},
  };
  return all;
}

// Headers of the C++ library that a core file must not include, and why it would want to.
constexpr std::array<std::string_view, 18> kBannedInCore = {
    "thread", "mutex", "shared_mutex", "atomic", "condition_variable", "future", "latch", "barrier",
    "semaphore", "stop_token", "iostream", "fstream", "syncstream", "csignal", "filesystem",
    // std's distributions differ between libraries; randomness is injected (base/random.h).
    "random", "ctime", "clocale"};

// Names that no core file may write, in whatever header they hide.
constexpr std::array<std::string_view, 20> kBannedWords = {
    "random_device", "system_clock", "steady_clock",  "high_resolution_clock",
    "utc_clock",     "gettimeofday", "clock_gettime", "timespec_get",
    "localtime",     "gmtime",       "srand",         "rand",
    "getenv",        "thread_local", "this_thread",   "jthread",
    "errno",         "sleep_for",    "sleep_until",   "getrandom"};

// Other people's libraries: only folders that name them may include them. Any header that is
// neither one of these nor of the C++ library is the system's.
constexpr std::array<std::string_view, 11> kLibraries = {
    "openssl/",  "boost/", "spdlog/",   "fmt/",   "toml++/",   "CLI/",
    "nlohmann/", "linux/", "qrcodegen", "gtest/", "benchmark/"};

bool startsWith(std::string_view s, std::string_view prefix) {
  return s.starts_with(prefix);
}

bool isBelow(std::string_view path, std::string_view folder) {
  return startsWith(path, folder) && path.size() > folder.size() && path[folder.size()] == '/';
}

const Layer* layerOf(std::string_view path) {
  const Layer* best = nullptr;
  for (const Layer& layer : layers()) {
    if (isBelow(path, layer.folder) && (!best || layer.folder.size() > best->folder.size()))
      best = &layer;
  }
  return best;
}

// Where a quoted include lies in the repository. Includes are from the root of src/, or from the
// root of the repository for the folders outside of it.
std::string resolve(std::string_view include) {
  for (std::string_view folder :
       {"server/", "cli/", "sim/", "lab/", "web/", "tests/", "tools/", "include/"})
    if (startsWith(include, folder)) return std::string{include};
  if (startsWith(include, "parley/")) return "include/" + std::string{include};
  return "src/" + std::string{include};
}

template <class Range>
bool contains(const Range& range, std::string_view name) {
  return std::find(range.begin(), range.end(), name) != range.end();
}

std::optional<std::string> checkQuoted(const Layer& layer, std::string_view include) {
  const std::string path = resolve(include);
  const Layer* other = layerOf(path);
  if (!other) {
    return "\"" + std::string{include} +
           "\" is in no folder of the layer rule (includes are from the root of src/ or of the "
           "repository)";
  }
  if (other == &layer || contains(layer.mayInclude, other->folder)) return std::nullopt;
  std::string allowed;
  for (std::string_view folder : layer.mayInclude)
    allowed += (allowed.empty() ? "" : " ") + std::string{folder};
  return std::string{layer.folder} + " may not include " + std::string{other->folder} +
         " (it may: " + (allowed.empty() ? "nothing" : allowed) + ")";
}

// A header of the C++ library has neither a folder nor an ending.
bool isStandard(std::string_view include) {
  return include.find('/') == std::string_view::npos && include.find('.') == std::string_view::npos;
}

std::optional<std::string> checkAngled(const Layer& layer, std::string_view include) {
  const std::string text = "<" + std::string{include} + ">";
  for (std::string_view library : kLibraries) {
    if (!startsWith(include, library)) continue;
    if (contains(layer.libraries, library)) return std::nullopt;
    return std::string{layer.folder} + " may not include " + text;
  }
  if (!isStandard(include)) {
    if (contains(layer.libraries, include)) return std::nullopt;
    if (!layer.core && layer.folder != "include/parley") return std::nullopt;
    return std::string{layer.folder} + " may not include the system's " + text;
  }
  if (layer.core && contains(kBannedInCore, include) && !contains(layer.libraries, include))
    return text + " has no place in the core";
  return std::nullopt;
}

}  // namespace

bool isChecked(std::string_view path) {
  if (!path.ends_with(".h") && !path.ends_with(".cc")) return false;
  for (std::string_view folder : {"src/", "include/", "server/", "cli/", "sim/", "lab/"})
    if (startsWith(path, folder)) return true;
  return false;
}

std::vector<Breach> checkSource(std::string_view path, std::string_view text) {
  std::vector<Breach> breaches;
  if (!isChecked(path)) return breaches;
  const Layer* layer = layerOf(path);
  if (!layer) return {{std::string{path}, 0, "the layer rule does not know this folder"}};

  for (const SourceLine& line : readSource(text)) {
    std::optional<std::string> what;
    if (line.include)
      what = line.angled ? checkAngled(*layer, *line.include) : checkQuoted(*layer, *line.include);
    if (what) breaches.push_back({std::string{path}, line.number, *what});
    if (!layer->core) continue;
    for (const std::string& word : line.words) {
      if (contains(kBannedWords, word))
        breaches.push_back(
            {std::string{path}, line.number, "'" + word + "' has no place in the core"});
    }
  }
  return breaches;
}

}  // namespace parley::tools
