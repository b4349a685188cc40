// One shard of the relay: a thread's loop, its listening sockets and clients, its relay sockets,
// and one TURN engine. Everything that is relayed between them happens on this thread; other
// threads post orders and read metrics.
#pragma once

#include <memory>
#include <vector>

#include "crypto/random.h"
#include "driver/mailbox.h"
#include "driver/tcp_listener.h"
#include "driver/udp_receiver.h"
#include "driver/udp_sender.h"
#include "server/relay/connection_limiter.h"
#include "server/relay/link_table.h"
#include "server/relay/links.h"
#include "server/relay/shared_metrics.h"
#include "turn/server/server.h"

namespace parley::server {

// What the shards of one server share.
struct RelayShared {
  turn::RelayRegistry& relays;
  ConnectionLimiter& connections;
  std::shared_ptr<driver::TlsContext> tls;
};

class RelayShard final : private UdpPort::Owner,
                         private Connection::Owner,
                         private driver::TcpListener::Owner,
                         private driver::Loop::RoundHandler {
 public:
  static Result<std::unique_ptr<RelayShard>> make(const turn::Config& config, RelayShared shared,
                                                  driver::Loop::Clock clock = driver::readClock);
  ~RelayShard() override;

  // Before run().
  Status addUdp(driver::UdpSocket socket, UdpPort::Role role);
  Status addTcp(driver::TcpSocket socket, bool tls);

  void run();  // until stop(); the shard's thread

  // Any thread.
  bool setCredentials(const turn::Credentials& credentials);
  void stop() { loop_->stop(); }
  void addMetrics(RelayMetrics& sum) const { metrics_.addTo(sum); }

 private:
  struct SetCredentials {
    turn::Credentials credentials;
  };
  class Timer;
  class MailboxReader;

  RelayShard(std::unique_ptr<driver::Loop> loop, const turn::Config& config, RelayShared shared);
  Status watchMailbox();

  void handleUdpReady(UdpPort& port) override;
  void handleMessage(Connection& connection, const Train& message) override;
  void handleMessagesEnd() override { sender_.flush(); }
  void handleConnectionGone(Connection& connection, bool failed) override;
  void handleAccepted(driver::TcpListener& listener, driver::Descriptor fd,
                      const Address& remote) override;
  void handleOutOfDescriptors(driver::TcpListener&) override { ++own_.connectionsRefused; }
  void handleRoundEnd() override;

  void relay(const Train& train, bool fromPeer);
  void takeBindings(const Train& train);
  void forward(const turn::Verdict& verdict, const Train& in);
  void sendBatch(const TransmitBatch& batch);
  void sendToStream(Connection& c, ConstBytes header, ConstBytes payload, std::size_t padding,
                    driver::Priority priority);
  void drainEngine();
  void handleEvent(const turn::ServerEvent& event);
  void bindRelay(const turn::BindRelay& order);
  void closeRelay(LinkId link);
  Connection* connectionOf(const Path& client) const;

  void engineTimeout();
  void tellWallTime();
  void refreshOwnAddresses();
  void takeOrders();
  void flushConnections();
  void buryTheGone();
  void publishMetrics();
  void closeSockets();

  std::unique_ptr<driver::Loop> loop_;
  RelayShared shared_;
  crypto::SystemRandom random_;
  turn::PeerRules peerRules_;
  turn::Server engine_;
  driver::Mailbox<SetCredentials> mailbox_;
  std::unique_ptr<MailboxReader> mailboxReader_;
  std::unique_ptr<Timer> engineTimer_;
  std::unique_ptr<Timer> wallTimer_;
  std::unique_ptr<Timer> addressTimer_;

  driver::UdpReceiver receiver_;
  driver::UdpSender sender_;
  driver::StreamBuffers streamBuffers_;
  std::vector<std::uint8_t> arena_;
  std::vector<Transmit> arenaItems_;
  TransmitBatch batch_;

  LinkTable<Link> links_;
  std::vector<std::unique_ptr<UdpPort>> listeners_;
  std::vector<std::pair<std::unique_ptr<driver::TcpListener>, bool>> tcpListeners_;
  // Owned by slot number of their LinkId.
  std::vector<std::unique_ptr<UdpPort>> relays_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<UdpPort>> closedRelays_;  // until the round's end
  std::vector<LinkId> goneConnections_;
  std::vector<LinkId> toFlush_;

  RelayMetrics own_;  // what the engine does not count
  SharedMetrics metrics_;
};

}  // namespace parley::server
