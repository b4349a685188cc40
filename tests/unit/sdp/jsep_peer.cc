// A Negotiator behind standard input and output, one line each way, so that browsers can be asked
// what they think of its descriptions (tests/e2e/suites/28_descriptions.test.mjs).
//
//   jsep_peer data|media balanced|max-compat|max-bundle
//
//   add audio|video|data|simulcast    a transceiver, or a channel
//   stop INDEX    restart             a transceiver; ICE
//   local                             sets the implicit description and answers with it: "TYPE SDP"
//   offer SDP     answer SDP          sets it as the remote one
//
// Line ends within SDP are written as "\r\n". Answers are "ok", a description, or "error …".
#include <iostream>
#include <string>

#include "base/random.h"
#include "some_media.h"

namespace {

using namespace parley;
using namespace parley::sdp;
using namespace parley::sdp::jsep;

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at))
    text.replace(at, what.size(), with);
  return text;
}

class PeerOnLines {
 public:
  explicit PeerOnLines(NegotiatorConfig config) : random_(1), pc_(std::move(config), random_) {}

  std::string handle(const std::string& line) {
    const std::size_t space = line.find(' ');
    const std::string verb = line.substr(0, space);
    const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (verb == "add") return add(rest);
    if (verb == "stop") {
      return said(pc_.stopTransceiver(pc_.transceivers().at(std::stoul(rest))));
    }
    if (verb == "restart") {
      pc_.restartIce();
      return "ok";
    }
    if (verb == "local") {
      const auto applied = pc_.setLocalDescription();
      if (!applied) return said(applied);
      const auto d = pc_.localDescription();
      return std::string(name(d->type)) + ' ' + replaced(d->sdp, "\r\n", "\\r\\n");
    }
    return said(pc_.setRemoteDescription(verb == "offer" ? SdpType::Offer : SdpType::Answer,
                                         replaced(rest, "\\r\\n", "\r\n")));
  }

 private:
  template <class T>
  static std::string said(const Outcome<T>& outcome) {
    if (outcome) return "ok";
    return "error " + std::string(name(outcome.error().name)) + ": " + outcome.error().message;
  }

  std::string add(const std::string& what) {
    if (what == "data") return said(pc_.createDataChannel());
    TransceiverInit init;
    if (what == "simulcast") {
      init.sendEncodings.resize(3);
      init.sendEncodings[0].rid = "q";
      init.sendEncodings[1].rid = "h";
      init.sendEncodings[2].rid = "f";
    }
    return said(pc_.addTransceiver(what == "audio" ? MediaKind::Audio : MediaKind::Video,
                                   std::nullopt, init));
  }

  SeededRandom random_;
  Negotiator pc_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: jsep_peer data|media balanced|max-compat|max-bundle\n";
    return 2;
  }
  const std::string policy = argv[2];
  NegotiatorConfig config =
      someConfig(std::string(argv[1]) == "media" ? someMedia() : MediaCapabilities{});
  if (policy == "max-compat") config.bundlePolicy = BundlePolicy::MaxCompat;
  if (policy == "max-bundle") config.bundlePolicy = BundlePolicy::MaxBundle;
  PeerOnLines peer(std::move(config));
  for (std::string line; std::getline(std::cin, line);)
    std::cout << peer.handle(line) << std::endl;
  return 0;
}
