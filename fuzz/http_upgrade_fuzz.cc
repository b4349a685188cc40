// A request of any bytes through the parser and the routing decision: no crash, the same verdict
// however the bytes are cut, and never an upgrade or an answer for a Host that is not ours or, to a
// browser, an upgrade without an allowed Origin. The first byte chooses the policy.
#include <algorithm>
#include <string>

#include "base/check.h"
#include "server/http/head_reader.h"
#include "server/http/proxy_header.h"
#include "server/http/response.h"
#include "server/http/routing.h"

namespace {

using namespace parley;
using namespace parley::server;

HttpPolicy policyOf(std::uint8_t choice) {
  HttpPolicy policy;
  policy.port = 8080;
  policy.loopbackOnly = (choice & 1) != 0;
  policy.tls = (choice & 2) != 0;
  policy.hosts = {"call.example"};
  if ((choice & 4) != 0) policy.allowOrigins = {"https://friend.example"};
  if ((choice & 8) != 0) policy.trustedProxies = {*Prefix::parse("192.0.2.0/24")};
  policy.metrics = policy.loopbackOnly;
  return policy;
}

HeadReader read(ConstBytes bytes, std::size_t step) {
  HeadReader reader;
  for (std::size_t at = 0; at < bytes.size() && reader.state() == HeadReader::State::NeedMore;
       at += step)
    reader.feed(bytes.subspan(at, std::min(step, bytes.size() - at)));
  return reader;
}

void checkVerdict(const RequestHead& head, const ConnectionFacts& facts, const HttpPolicy& policy) {
  const Verdict verdict = decide(head, facts, policy);
  PARLEY_CHECK(verdict.status >= 101 && verdict.status < 600);
  if (verdict.status == 101 || verdict.status == 200 || verdict.status == 308) {
    PARLEY_CHECK(hostAllowed(verdict.host, facts, policy));
    PARLEY_CHECK(head.hostCount == 1);
  }
  if (verdict.status == 101) {
    PARLEY_CHECK(head.method == "GET" && !head.hasBody && head.upgradeWebSocket);
    PARLEY_CHECK(head.origin ? originAllowed(*head.origin, facts, policy) : !head.secFetch);
  }
  // Nothing of the request may begin a line of its own in the answer.
  const Response response = refusal(verdict);
  const std::string text = serializeHead(response, head.keepAlive);
  PARLEY_CHECK(text.find("\r\n\r\n") == text.size() - 4);
  (void)clientAddress(head, facts, policy);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const HttpPolicy policy = policyOf(data[0]);
  ConstBytes bytes(data + 1, size - 1);
  ConnectionFacts facts;
  facts.local = *Address::parse("192.0.2.1:8080");
  facts.remote = *Address::parse("192.0.2.9:50000");
  facts.plainOnTls = (data[0] & 16) != 0;
  facts.draining = (data[0] & 32) != 0;
  if ((data[0] & 64) != 0) {
    const ProxyHeader proxy = parseProxyHeader(bytes);
    if (proxy.state != ProxyHeader::State::Done) return 0;
    PARLEY_CHECK(proxy.size <= bytes.size());
    bytes = bytes.subspan(proxy.size);
  }
  const HeadReader whole = read(bytes, bytes.size() + 1);
  const HeadReader pieces = read(bytes, 7);
  // In pieces, a bad line may be seen only when the head has ended; never is one taken as good.
  PARLEY_CHECK((whole.state() == HeadReader::State::Done) ==
               (pieces.state() == HeadReader::State::Done));
  if (whole.state() == HeadReader::State::Bad) {
    PARLEY_CHECK(whole.badStatus() >= 400 && whole.badStatus() < 600);
    return 0;
  }
  if (whole.state() != HeadReader::State::Done) return 0;
  PARLEY_CHECK(whole.head().target == pieces.head().target);
  PARLEY_CHECK(whole.head().host == pieces.head().host);
  checkVerdict(whole.head(), facts, policy);
  return 0;
}
