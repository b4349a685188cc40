// A client of docs/signalling.md for simulations: numbers, keeps, acknowledges, resumes, returns.
// Text in, text out; the simulation carries the texts and says when sockets open and break.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace parley::signal::test {

class SimClient {
 public:
  using Json = nlohmann::json;
  using Send = std::function<void(const std::string&)>;

  SimClient(std::string room, std::string name) : room_(std::move(room)), name_(std::move(name)) {}

  // A socket is open: joins over it. Null: it broke.
  void connected(Send send) {
    send_ = std::move(send);
    welcomed_ = false;
    if (!send_) return;
    Json join = {{"type", "join"}, {"room", room_}, {"name", name_}};
    if (!resume_.empty()) {
      join["resume"] = resume_;
      join["ack"] = received_;
      join["proof"] = proof_;
    }
    send_(join.dump());
  }
  bool online() const { return welcomed_; }

  void signal(const std::string& to, const Json& data) {
    Json m = {{"type", "signal"}, {"seq", ++sent_}, {"to", to}, {"data", data}};
    kept_.push_back({sent_, m.dump()});
    if (welcomed_) send_(kept_.back().second);
  }

  void receive(const std::string& text) {
    const Json m = Json::parse(text);
    const std::string type = m.at("type");
    if (m.contains("ack")) forget(m.at("ack"));
    if (type == "welcome") return welcome(m);
    if (type == "error") errors.push_back(m.at("code"));
    if (!m.contains("seq")) return;
    const std::uint64_t seq = m.at("seq");
    if (seq <= received_) return;
    if (seq != received_ + 1) ++gaps;
    received_ = seq;
    if (type == "peer-joined") peers.insert(m.at("peer").at("id").get<std::string>());
    if (type == "peer-left") {
      peers.erase(m.at("id").get<std::string>());
      ++lefts;
    }
    if (type == "signal") heard[m.at("from")].push_back(m.at("data"));
    if (++unacked_ >= 16) acknowledge();
  }
  // What the client's timer does.
  void acknowledgeWhatIsDue() {
    if (unacked_ > 0) acknowledge();
  }
  void acknowledge() {
    if (!welcomed_) return;
    unacked_ = 0;
    send_(Json({{"type", "ack"}, {"ack", received_}}).dump());
  }

  std::string id;
  std::set<std::string> peers;
  std::map<std::string, std::vector<Json>> heard;
  std::vector<std::string> errors;
  int gaps = 0;
  int lefts = 0;
  int resumes = 0;
  int returns = 0;
  int dropped = 0;  // unacknowledged when the server was started anew

  std::size_t unacknowledged() const { return kept_.size(); }

 private:
  void welcome(const Json& m) {
    const std::string self = m.at("self");
    if (id.empty()) id = self;
    if (self != id) errors.push_back("another id");
    resume_ = m.at("resume");
    proof_ = m.at("proof");
    welcomed_ = true;
    for (const Json& p : m.at("peers"))
      peers.insert(p.at("id").get<std::string>());
    if (m.at("resumed")) {
      ++resumes;
    } else {
      if (m.at("returned")) ++returns;
      dropped += static_cast<int>(kept_.size());
      kept_.clear();
      sent_ = received_ = 0;
    }
    acknowledge();
    for (const auto& [seq, text] : kept_)
      send_(text);
  }
  void forget(std::uint64_t ack) {
    while (!kept_.empty() && kept_.front().first <= ack)
      kept_.pop_front();
  }

  std::string room_;
  std::string name_;
  std::string resume_;
  std::string proof_;
  Send send_;
  bool welcomed_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  int unacked_ = 0;
  std::deque<std::pair<std::uint64_t, std::string>> kept_;
};

}  // namespace parley::signal::test
