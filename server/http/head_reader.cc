#include "server/http/head_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "base/check.h"

namespace parley::server {
namespace http = boost::beast::http;

namespace {

std::string text(boost::beast::string_view view) {
  return {view.data(), view.size()};
}

bool startsWithIgnoringCase(boost::beast::string_view text, boost::beast::string_view prefix) {
  return text.size() >= prefix.size() &&
         boost::beast::iequals(text.substr(0, prefix.size()), prefix);
}

template <class Fields>
RequestHead makeHead(const Fields& request, bool keepAlive) {
  RequestHead head;
  head.method = text(request.method_string());
  head.target = text(request.target());
  head.version = request.version();
  head.keepAlive = keepAlive;
  for (const auto& field : request) {
    const auto value = field.value();
    switch (field.name()) {
      case http::field::host:
        ++head.hostCount;
        head.host = text(value);
        break;
      case http::field::origin:
        head.origin = text(value);
        break;
      case http::field::content_length:
        head.hasBody = head.hasBody || value != "0";
        break;
      case http::field::transfer_encoding:
        head.hasBody = true;
        break;
      case http::field::if_none_match:
        head.ifNoneMatch = text(value);
        break;
      case http::field::accept_encoding:
        head.acceptsGzip = head.acceptsGzip || http::token_list{value}.exists("gzip");
        break;
      case http::field::sec_websocket_key:
        head.webSocketKey = text(value);
        break;
      case http::field::sec_websocket_version:
        head.webSocketVersion13 = value == "13";
        break;
      default:
        if (boost::beast::iequals(field.name_string(), "x-forwarded-for")) {
          head.forwardedFor += (head.forwardedFor.empty() ? "" : ", ") + text(value);
        } else if (startsWithIgnoringCase(field.name_string(), "sec-fetch-")) {
          head.secFetch = true;
        }
    }
  }
  head.upgradeWebSocket = http::token_list{request[http::field::connection]}.exists("upgrade") &&
                          http::token_list{request[http::field::upgrade]}.exists("websocket");
  return head;
}

}  // namespace

struct HeadReader::Impl {
  Impl() {
    parser.header_limit(kMaxHead);
    parser.eager(false);
  }
  http::request_parser<http::empty_body> parser;
  std::string buffer;
  State state = State::NeedMore;
  unsigned badStatus = 400;
  bool empty = true;
  RequestHead head;
};

HeadReader::HeadReader() : impl_(std::make_unique<Impl>()) {}
HeadReader::~HeadReader() = default;
HeadReader::HeadReader(HeadReader&&) noexcept = default;
HeadReader& HeadReader::operator=(HeadReader&&) noexcept = default;

HeadReader::State HeadReader::feed(ConstBytes bytes) {
  Impl& impl = *impl_;
  if (impl.state != State::NeedMore || bytes.empty()) return impl.state;
  impl.empty = false;
  impl.buffer.append(asText(bytes));
  boost::beast::error_code error;
  const std::size_t used =
      impl.parser.put(boost::asio::const_buffer(impl.buffer.data(), impl.buffer.size()), error);
  impl.buffer.erase(0, used);
  if (error == http::error::need_more) error = {};
  if (!error && !impl.parser.is_header_done() && impl.buffer.size() > kMaxHead) {
    error = http::error::header_limit;
  }
  if (error) {
    impl.state = State::Bad;
    impl.badStatus = error == http::error::header_limit  ? 431
                     : error == http::error::bad_version ? 505
                                                         : 400;
  } else if (impl.parser.is_header_done()) {
    impl.state = State::Done;
    impl.head = makeHead(impl.parser.get(), impl.parser.keep_alive());
  }
  return impl.state;
}

HeadReader::State HeadReader::state() const {
  return impl_->state;
}

bool HeadReader::empty() const {
  return impl_->empty;
}

unsigned HeadReader::badStatus() const {
  return impl_->badStatus;
}

const RequestHead& HeadReader::head() const {
  PARLEY_CHECK(impl_->state == State::Done);
  return impl_->head;
}

std::string_view HeadReader::rest() const {
  return impl_->state == State::Done ? std::string_view(impl_->buffer) : std::string_view{};
}

}  // namespace parley::server
