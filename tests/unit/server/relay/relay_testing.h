// A relay on free ports of loopback, and clients for it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "crypto/certificate.h"
#include "driver/clock.h"
#include "server/relay/relay_server.h"
#include "tests/unit/server/relay/relay_client.h"

namespace parley::server {

inline std::string transportName(const testing::TestParamInfo<Transport>& test) {
  return test.param == Transport::Udp ? "Udp" : test.param == Transport::Tcp ? "Tcp" : "Tls";
}

inline const crypto::PemCertificate& testCertificate() {
  static const crypto::PemCertificate pem = [] {
    crypto::SelfSignedOptions options;
    options.dnsNames = {"localhost"};
    options.notBefore = wallTimeFromUnixSeconds(0);
    options.notAfter = wallTimeFromUnixSeconds(4'000'000'000);
    return crypto::makeSelfSigned(options).value();
  }();
  return pem;
}

inline RelayConfig testConfig(unsigned shards = 1) {
  RelayConfig config;
  config.bind = {IpAddress::v4(127, 0, 0, 1), IpAddress::loopback(Family::V6)};
  config.turnPort = 0;
  config.turnsPort = 0;
  config.tls =
      driver::TlsContext::server({testCertificate().certificate, testCertificate().privateKey, {}})
          .value();
  config.users = {{"ann", "secret"}, {"bob", "hidden"}};
  config.shards = shards;
  return config;
}

class TestRelay {
 public:
  explicit TestRelay(const RelayConfig& config = testConfig())
      : server_(std::move(RelayServer::start(config)).value()) {}

  RelayServer& operator*() { return *server_; }
  RelayServer* operator->() { return server_.get(); }

  Address address(Transport t, Family family = Family::V4) const {
    const RelayEndpoints& e = server_->endpoints();
    const auto& list = t == Transport::Udp ? e.udp : t == Transport::Tcp ? e.tcp : e.tls;
    return list.at(family == Family::V4 ? 0 : 1);
  }
  RelayClient client(Transport t = Transport::Udp, Family family = Family::V4,
                     RelayClient::Options options = {}) const {
    options.transport = t;
    options.tls = driver::TlsContext::client({testCertificate().certificate, true, {}}).value();
    return RelayClient(address(t, family), std::move(options));
  }
  // Until the shards' numbers, published at the end of a round, are so; false when that never
  // comes.
  template <class F>
  bool untilMetrics(F&& holds) const {
    const Time giveUp = driver::readClock() + 20s;
    while (!holds(server_->metrics())) {
      if (driver::readClock() > giveUp) return false;
      std::this_thread::yield();
    }
    return true;
  }

 private:
  std::unique_ptr<RelayServer> server_;
};

}  // namespace parley::server
