// One HTTP connection: PROXY header if there is to be one, then requests and answers in turn, until
// it closes or becomes a WebSocket.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "server/http/head_reader.h"
#include "server/http/http_server.h"
#include "server/http/response.h"
#include "server/http/stream.h"

namespace parley::server {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(HttpServer& server, TcpSocket socket, const Address& local, const Address& remote,
                 bool metricsOnly);
  ~HttpConnection();

  void start();
  void close();

 private:
  void readProxyHeader();
  void handleProxyBytes(IoError error, std::size_t n);
  void readHead();
  void handleHeadBytes(IoError error, std::size_t n);
  void handleHead();
  void upgrade(const Verdict& verdict);
  ClientRoute clientRoute(const Verdict& verdict) const;
  Response answer(const Verdict& verdict, const RequestHead& head) const;
  Response pageAnswer(const Verdict& verdict, const RequestHead& head) const;
  void respond(const Response& response, bool keepAlive, bool withContent);
  void write();
  void finishResponse();
  void linger();
  void drain();
  void arm(Duration span);

  const HttpPolicy& policy() const;
  ConnectionFacts facts() const;

  HttpServer& server_;
  Stream stream_;
  SteadyTimer timer_;
  Address local_;
  Address remote_;
  bool metricsOnly_;
  bool closed_ = false;
  bool keepAlive_ = false;
  bool lingering_ = false;
  std::size_t drained_ = 0;
  std::string proxyBytes_;
  HeadReader reader_;
  std::array<std::uint8_t, 4096> buffer_{};
  std::string head_;
  std::string ownContent_;
  std::string_view content_;
  std::size_t sent_ = 0;
};

}  // namespace parley::server
