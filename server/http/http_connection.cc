#include "server/http/http_connection.h"

#include "server/http/page.h"
#include "server/http/proxy_header.h"
#include "server/log.h"

namespace parley::server {
namespace {

// What is still read of a request that was refused, so that the answer is not lost in a reset.
constexpr std::size_t kMaxDrained = 256 * 1024;
constexpr Duration kLingerTime = 2s;

}  // namespace

HttpConnection::HttpConnection(HttpServer& server, TcpSocket socket, const Address& local,
                               const Address& remote, bool metricsOnly)
    : server_(server),
      stream_(std::move(socket), metricsOnly ? nullptr : server.options_.tls),
      timer_(server.io_),
      local_(local),
      remote_(remote),
      metricsOnly_(metricsOnly) {}

HttpConnection::~HttpConnection() = default;

const HttpPolicy& HttpConnection::policy() const {
  return metricsOnly_ ? server_.metricsPolicy_ : server_.options_.policy;
}

ConnectionFacts HttpConnection::facts() const {
  return {local_, remote_, stream_.plainOnTls(), server_.draining_};
}

void HttpConnection::arm(Duration span) {
  timer_.expires_after(span);
  timer_.async_wait([weak = weak_from_this()](IoError error) {
    const auto self = weak.lock();
    if (error || !self || self->closed_) return;
    if (!self->lingering_) ++self->server_.counters_.timeouts;
    self->close();
  });
}

void HttpConnection::start() {
  arm(server_.options_.times.head);
  const bool proxied =
      server_.options_.proxyProtocol && !metricsOnly_ && isTrustedProxy(remote_.ip(), policy());
  if (proxied) {
    readProxyHeader();
  } else {
    readHead();
  }
}

void HttpConnection::close() {
  if (closed_) return;
  closed_ = true;
  timer_.cancel();
  stream_.close();
  server_.release(remote_.ip());
  server_.connections_.erase(this);
}

// Before TLS: the proxy speaks in clear.
void HttpConnection::readProxyHeader() {
  stream_.socket().async_wait(
      asio::socket_base::wait_read, [self = shared_from_this()](IoError error) {
        if (self->closed_) return;
        if (error) return self->close();
        const std::size_t n = self->stream_.socket().read_some(asio::buffer(self->buffer_), error);
        if (error == asio::error::would_block) return self->readProxyHeader();
        self->handleProxyBytes(error, n);
      });
}

void HttpConnection::handleProxyBytes(IoError error, std::size_t n) {
  if (error) return close();
  proxyBytes_.append(asText(ConstBytes(buffer_).first(n)));
  const ProxyHeader header = parseProxyHeader(asBytes(proxyBytes_));
  switch (header.state) {
    case ProxyHeader::State::NeedMore:
      return readProxyHeader();
    case ProxyHeader::State::Bad:
      log::warning("a trusted proxy sent no PROXY header", {{"proxy", remote_.ip().toString()}});
      return close();
    case ProxyHeader::State::Done:
      break;
  }
  if (header.source) {
    // The proxy itself was not counted; from here on the client is.
    const Address client(header.source->ip().unmapped(), header.source->port());
    if (!server_.admit(client.ip())) return close();
    remote_ = client;
  }
  stream_.unreadRaw(asBytes(proxyBytes_).subspan(header.size));
  proxyBytes_ = {};
  readHead();
}

void HttpConnection::readHead() {
  stream_.readSome(buffer_,
                   Completion::of([self = shared_from_this()](IoError error, std::size_t n) {
                     if (!self->closed_) self->handleHeadBytes(error, n);
                   }));
}

void HttpConnection::handleHeadBytes(IoError error, std::size_t n) {
  if (error) return close();
  // From the first byte of a request on, its head has one bounded time: slow senders are cut.
  if (reader_.empty() && n > 0) arm(server_.options_.times.head);
  switch (reader_.feed(ConstBytes(buffer_).first(n))) {
    case HeadReader::State::NeedMore:
      return readHead();
    case HeadReader::State::Bad: {
      Verdict verdict;
      verdict.status = reader_.badStatus();
      verdict.reason = verdict.status == 431 ? "The header fields are too large."
                                             : "This is not HTTP as we know it.";
      return respond(refusal(verdict), false, true);
    }
    case HeadReader::State::Done:
      return handleHead();
  }
}

void HttpConnection::handleHead() {
  const RequestHead& head = reader_.head();
  const Verdict verdict = decide(head, facts(), policy());
  if (verdict.status == 101) return upgrade(verdict);
  if (verdict.status == 403) {
    log::info("signalling refused a page", {{"origin", head.origin.value_or("")}});
  } else if (verdict.status == 421) {
    log::info("a name that is not ours", {{"host", head.host}});
  }
  const Response response = verdict.status == 200 ? answer(verdict, head) : refusal(verdict);
  const bool keep = head.keepAlive && !head.hasBody && response.status < 400 &&
                    !server_.draining_ && !stream_.plainOnTls();
  respond(response, keep, head.method != "HEAD");
}

void HttpConnection::upgrade(const Verdict& verdict) {
  const RequestHead head = reader_.head();
  const IpAddress source = clientAddress(head, facts(), policy());
  const std::string_view rest = reader_.rest();
  if (!rest.empty()) stream_.unread(asBytes(rest));
  ++server_.counters_.upgrades;
  timer_.cancel();
  closed_ = true;
  server_.release(remote_.ip());
  const auto self = shared_from_this();  // until the stream has moved out
  server_.connections_.erase(this);
  server_.signalling_.accept(std::move(stream_), head, source, clientRoute(verdict));
}

ClientRoute HttpConnection::clientRoute(const Verdict& verdict) const {
  return {verdict.host, local_.ip().unmapped()};
}

Response HttpConnection::answer(const Verdict& verdict, const RequestHead& head) const {
  Response out;
  switch (*verdict.route) {
    case Route::Health:
      out.body = "ok\n";
      return out;
    case Route::Ready:
      if (!server_.ready_ || server_.draining_) out.status = 503;
      out.body = out.status == 200 ? "ready\n" : "not ready\n";
      return out;
    case Route::Metrics:
      out.contentType = "text/plain; version=0.0.4; charset=utf-8";
      if (server_.metrics_) out.body = server_.metrics_();
      return out;
    case Route::Facts:
      out.contentType = "application/json";
      if (server_.facts_) out.body = server_.facts_(clientRoute(verdict));
      return out;
    case Route::Page:
    case Route::Asset:
      return pageAnswer(verdict, head);
    case Route::Signal:
      break;  // upgraded before
  }
  return out;
}

Response HttpConnection::pageAnswer(const Verdict& verdict, const RequestHead& head) const {
  const bool isPage = verdict.route == Route::Page;
  const auto file = findPageFile(isPage ? std::string_view("/index.html") : verdict.path);
  if (!file) {
    Verdict missing = verdict;
    missing.status = 404;
    missing.reason = "Nothing is here.";
    return refusal(missing);
  }
  Response out;
  out.contentType = std::string(file->contentType);
  // Weak: the same for the compressed form (RFC 9110 section 8.8.1).
  out.headers.emplace_back("ETag", "W/" + std::string(file->etag));
  out.headers.emplace_back("Cache-Control", "no-cache");
  out.headers.emplace_back("Vary", "Accept-Encoding");
  addPageHeaders(out, head.host);
  if (head.ifNoneMatch.find(file->etag) != std::string::npos) {
    out.status = 304;
    return out;
  }
  const bool gzip = head.acceptsGzip && !file->gzip.empty();
  if (gzip) out.headers.emplace_back("Content-Encoding", "gzip");
  out.fixedBody = gzip ? file->gzip : file->bytes;
  return out;
}

void HttpConnection::respond(const Response& response, bool keepAlive, bool withContent) {
  ++server_.counters_.answers[std::min<std::size_t>(response.status / 100, 5)];
  log::debug("answered", {{"status", response.status}});
  keepAlive_ = keepAlive;
  head_ = serializeHead(response, keepAlive);
  ownContent_ = response.fixedBody.empty() ? response.body : std::string{};
  content_ = !withContent || response.status == 304 ? std::string_view{}
             : response.fixedBody.empty()           ? std::string_view(ownContent_)
                                                    : response.fixedBody;
  sent_ = 0;
  write();
}

void HttpConnection::write() {
  const std::size_t total = head_.size() + content_.size();
  if (sent_ >= total) return finishResponse();
  arm(server_.options_.times.write);
  std::array<asio::const_buffer, 2> buffers{};
  std::size_t n = 0;
  if (sent_ < head_.size()) {
    buffers[n++] = asio::const_buffer(head_.data() + sent_, head_.size() - sent_);
    if (!content_.empty()) buffers[n++] = asio::const_buffer(content_.data(), content_.size());
  } else {
    const std::size_t at = sent_ - head_.size();
    buffers[n++] = asio::const_buffer(content_.data() + at, content_.size() - at);
  }
  stream_.writeSome({buffers.data(), n},
                    Completion::of([self = shared_from_this()](IoError error, std::size_t done) {
                      if (self->closed_) return;
                      if (error) return self->close();
                      self->sent_ += done;
                      self->write();
                    }));
}

void HttpConnection::finishResponse() {
  if (!keepAlive_ || server_.draining_) return linger();
  const std::string rest(reader_.rest());
  reader_ = HeadReader();
  ownContent_ = {};
  content_ = {};
  arm(server_.options_.times.idle);
  if (!rest.empty()) stream_.unread(asBytes(rest));
  readHead();
}

// RFC 9112 section 9.6: end our side, then read for a while what is still on its way.
void HttpConnection::linger() {
  lingering_ = true;
  arm(kLingerTime);
  stream_.shutdownSend(Completion::of([self = shared_from_this()](IoError error, std::size_t) {
    if (self->closed_) return;
    if (error) return self->close();
    self->drain();
  }));
}

void HttpConnection::drain() {
  stream_.readSome(buffer_,
                   Completion::of([self = shared_from_this()](IoError error, std::size_t n) {
                     if (self->closed_) return;
                     self->drained_ += n;
                     if (error || self->drained_ > kMaxDrained) return self->close();
                     self->drain();
                   }));
}

}  // namespace parley::server
