#include "server/metrics_text.h"

#include <initializer_list>
#include <string_view>

namespace parley::server {
namespace {

struct Sample {
  std::string_view label;  // "code=\"room-full\"", or empty
  std::uint64_t value;
};

class Writer {
 public:
  void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, help, "gauge");
    sample(name, {"", value});
  }
  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, help, "counter");
    sample(name, {"", value});
  }
  void family(std::string_view name, std::string_view help, std::string_view type) {
    out_ += "# HELP parley_" + std::string(name) + " " + std::string(help) + "\n# TYPE parley_" +
            std::string(name) + " " + std::string(type) + "\n";
  }
  void sample(std::string_view name, const Sample& s) {
    out_ += "parley_" + std::string(name);
    if (!s.label.empty()) out_ += "{" + std::string(s.label) + "}";
    out_ += " " + std::to_string(s.value) + "\n";
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

std::string label(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + std::string(value) + "\"";
}

void writeHub(Writer& w, const signal::HubStats& hub) {
  w.gauge("signal_connections", "WebSockets open.", hub.connections);
  w.gauge("signal_members", "Members of rooms.", hub.members);
  w.gauge("signal_members_away", "Members whose socket is gone and place is kept.",
          hub.membersAway);
  w.gauge("signal_rooms", "Rooms with members.", hub.rooms);
  w.counter("signal_joins_total", "Members who joined anew.", hub.joins);
  w.counter("signal_resumes_total", "Members who resumed after a lost socket.", hub.resumes);
  w.counter("signal_returns_total", "Members who came back after a restart.", hub.returns);
  w.counter("signal_relayed_total", "Messages passed between members.", hub.relayed);
  w.counter("signal_timeouts_total", "Members who did not come back in time.", hub.timeouts);
  w.counter("signal_overflows_total", "Members removed for too much unacknowledged.",
            hub.overflows);
  w.family("signal_errors_total", "Errors told to clients, by code.", "counter");
  for (std::size_t i = 0; i < hub.errors.size(); ++i) {
    const auto& code = signal::info(static_cast<signal::SignalError>(i));
    w.sample("signal_errors_total", {label("code", code.name), hub.errors[i]});
  }
}

void writeHttp(Writer& w, const HttpCounters& http) {
  w.gauge("http_connections", "HTTP connections open, WebSockets not counted.", http.connections);
  w.counter("http_connections_accepted_total", "TCP connections taken.", http.connectionsAccepted);
  w.counter("http_connections_refused_total", "TCP connections over a limit.",
            http.connectionsRefused);
  w.counter("http_timeouts_total", "Connections cut for being slow or idle.", http.timeouts);
  w.counter("http_upgrades_total", "WebSocket upgrades.", http.upgrades);
  w.family("http_answers_total", "Answers by class of status.", "counter");
  for (std::size_t i = 2; i < http.answers.size(); ++i) {
    w.sample("http_answers_total", {label("class", std::to_string(i) + "xx"), http.answers[i]});
  }
}

void writeRelay(Writer& w, const RelayMetrics& r) {
  w.family("relay_allocations", "TURN allocations, by the client's transport.", "gauge");
  w.sample("relay_allocations", {"transport=\"udp\"", r.allocationsUdp});
  w.sample("relay_allocations", {"transport=\"tcp\"", r.allocationsTcp});
  w.sample("relay_allocations", {"transport=\"tls\"", r.allocationsTls});
  w.gauge("relay_connections", "TURN connections over TCP and TLS.", r.connections);
  w.counter("relay_allocations_made_total", "Allocations made.", r.allocationsMade);
  w.counter("relay_requests_refused_total", "Authenticated requests over a quota or forbidden.",
            r.requestsRefused);
  w.counter("relay_challenges_total", "Requests without good credentials (401, 438).",
            r.challenges);
  w.counter("relay_binding_requests_total", "STUN binding requests.", r.bindingRequests);
  w.counter("relay_answers_limited_total", "Error answers held back.", r.answersLimited);
  w.counter("relay_malformed_total", "Messages that are not STUN.", r.malformedMessages);
  w.family("relay_packets_total", "Packets relayed.", "counter");
  w.sample("relay_packets_total", {"to=\"peer\"", r.packetsToPeers});
  w.sample("relay_packets_total", {"to=\"client\"", r.packetsToClients});
  w.family("relay_bytes_total", "Payload relayed.", "counter");
  w.sample("relay_bytes_total", {"to=\"peer\"", r.bytesToPeers});
  w.sample("relay_bytes_total", {"to=\"client\"", r.bytesToClients});
  w.family("relay_dropped_total", "Datagrams dropped, by reason.", "counter");
  w.sample("relay_dropped_total", {"reason=\"no-permission\"", r.droppedNoPermission});
  w.sample("relay_dropped_total", {"reason=\"denied-peer\"", r.droppedDeniedPeer});
  w.sample("relay_dropped_total", {"reason=\"over-rate\"", r.droppedOverRate});
  w.sample("relay_dropped_total", {"reason=\"unsent\"", r.droppedUnsent});
  w.sample("relay_dropped_total", {"reason=\"slow-stream\"", r.droppedFromStreams});
  w.sample("relay_dropped_total", {"reason=\"other\"", r.droppedOther});
  w.counter("relay_send_errors_total", "Datagrams the system refused to send.", r.sendErrors);
  w.counter("relay_connections_accepted_total", "Connections taken.", r.connectionsAccepted);
  w.counter("relay_connections_refused_total", "Connections over a limit.", r.connectionsRefused);
  w.counter("relay_connections_failed_total", "Connections ended by the server.",
            r.connectionsFailed);
  w.counter("relay_mailbox_full_total", "Orders to a shard that were lost.", r.mailboxFull);
}

}  // namespace

std::string metricsText(const signal::HubStats& hub, const HttpCounters& http,
                        const std::optional<RelayMetrics>& relay) {
  Writer w;
  writeHub(w, hub);
  writeHttp(w, http);
  if (relay) writeRelay(w, *relay);
  return w.take();
}

}  // namespace parley::server
