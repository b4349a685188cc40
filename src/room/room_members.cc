// RoomCore: the other members and the connections to them (docs/signalling.md sections 7 to 9).
#include <array>
#include <nlohmann/json.hpp>

#include "room/room_core.h"

namespace parley::room {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxSession = 32;

bool isSession(const std::string& s) {
  if (s.empty() || s.size() > kMaxSession) return false;
  for (const char c : s) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
    if (!fits) return false;
  }
  return true;
}

std::string textField(const Json& json, const char* name) {
  const auto it = json.find(name);
  return it != json.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

bool isTrue(const Json& json, const char* name) {
  const auto it = json.find(name);
  return it != json.end() && it->is_boolean() && it->get<bool>();
}

IceCandidateInit candidateOf(const Json& json) {
  IceCandidateInit out;
  if (!json.is_object()) return out;  // null: the end
  out.candidate = textField(json, "candidate");
  if (const auto it = json.find("sdpMid"); it != json.end() && it->is_string())
    out.sdpMid = it->get<std::string>();
  if (const auto it = json.find("sdpMLineIndex"); it != json.end() && it->is_number_unsigned()) {
    const auto index = it->get<std::uint64_t>();
    if (index <= 0xFFFF) out.sdpMLineIndex = static_cast<std::uint16_t>(index);
  }
  if (const auto it = json.find("usernameFragment"); it != json.end() && it->is_string())
    out.usernameFragment = it->get<std::string>();
  return out;
}

}  // namespace

std::string RoomCore::randomName() {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  while (out.size() < 12)
    out += kLetters[static_cast<std::size_t>(random_.below(kLetters.size()))];
  return out;
}

Configuration RoomCore::memberConfiguration() const {
  Configuration out = options_.configuration;
  const std::lock_guard guard(mutex_);
  for (IceServer server : mirror_.iceServers) {
    if (options_.wanted)
      std::erase_if(server.urls, [&](const std::string& url) { return !options_.wanted(url); });
    if (!server.urls.empty()) out.iceServers.push_back(std::move(server));
  }
  return out;
}

RoomCore::Peer* RoomCore::find(const std::string& id, std::uint64_t generation) {
  const auto it = peers_.find(id);
  return it != peers_.end() && it->second.generation == generation ? &it->second : nullptr;
}

// A member of whom the server speaks: known or not, before or after its restart.
void RoomCore::meet(const signal::ClientPeer& met, bool returned) {
  const auto known = peers_.find(met.id);
  if (known != peers_.end()) {
    if (!returned) return;
    Peer& peer = known->second;
    peer.order = met.order;
    peer.returned = true;
    if (peer.negotiation &&
        peer.negotiation->connection()->state() == PeerConnectionState::Connected)
      return peer.negotiation->repeatOffer();
    peer.newcomer = order_ > met.order;
    newConnection(peer, randomName());
    return;
  }
  if (peers_.size() >= kMaxMembers) return;
  Peer& peer = peers_[met.id];
  peer.member = std::make_shared<MemberState>(weak_from_this(), met.id, met.name);
  peer.order = met.order;
  peer.newcomer = order_ > met.order;
  {
    const std::lock_guard guard(mutex_);
    if (!left_) mirror_.members[met.id] = peer.member;
  }
  say(met.name + " (" + met.id + ") is here");
  newConnection(peer, randomName());
}

void RoomCore::remove(const std::string& id, LeaveReason reason) {
  const auto it = peers_.find(id);
  if (it == peers_.end()) return;
  dropConnection(it->second);
  const Member member = MemberState::handle(it->second.member);
  say(it->second.member->name + " is gone (" + std::string(toString(reason)) + ")");
  peers_.erase(it);
  {
    const std::lock_guard guard(mutex_);
    mirror_.members.erase(id);
  }
  tell(&Callbacks::memberleft, member, reason);
}

void RoomCore::dropConnection(Peer& peer) {
  if (!peer.negotiation) return;
  peer.negotiation->connection()->close();
  peer.negotiation.reset();
  peer.recovery.reset();
  peer.ready = false;
  peer.generation = 0;
}

// The application takes the connection in onmember; what the other side says meanwhile waits.
void RoomCore::newConnection(Peer& peer, std::string session) {
  dropConnection(peer);
  auto made = api::Connection::make(memberConfiguration(), &shard_);
  if (!made) {
    say("no connection: " + made.error().describe(), LogLevel::Error);
    return;
  }
  const std::shared_ptr<api::Connection> connection = *made;
  const std::string id = peer.member->id;
  const std::uint64_t generation = peer.generation = nextGeneration_++;
  peer.negotiation = std::make_unique<Negotiation>(connection, peer.newcomer, std::move(session),
                                                   [this, id](const std::string& data) {
                                                     client_.sendSignal(id, data, shard_.now());
                                                     pump();
                                                   });
  // The hooks come where callbacks run, which may be an executor; the negotiation is here.
  const auto here = [weak = weak_from_this(), id, generation](auto f) {
    const auto self = weak.lock();
    if (!self) return;
    self->shard_.post([self, id, generation, f] {
      if (Peer* p = self->find(id, generation)) f(*self, *p);
    });
  };
  api::SignallingHooks hooks;
  hooks.negotiationNeeded = [here] { here([](RoomCore&, Peer& p) { p.negotiation->offer(); }); };
  hooks.candidate = [here](const IceCandidate& c) {
    here([c](RoomCore&, Peer& p) { p.negotiation->sendCandidate(c); });
  };
  hooks.state = [here](PeerConnectionState state) {
    here([state](RoomCore& self, Peer& p) { self.stateChanged(p, state); });
  };
  connection->setHooks(std::move(hooks));
  {
    const std::lock_guard guard(peer.member->mutex);
    peer.member->newcomer = peer.newcomer;
    peer.member->connection = api::ConnectionHandle::handle(connection);
  }
  sequence_->push([self = shared_from_this(), member = peer.member, generation] {
    api::Callback<Member> callback;
    {
      const std::lock_guard guard(self->mutex_);
      callback = self->on_.member;
    }
    if (callback) (*callback)(MemberState::handle(member));
    self->shard_.post([self, id = member->id, generation] { self->memberReady(id, generation); });
  });
}

void RoomCore::memberReady(const std::string& id, std::uint64_t generation) {
  Peer* peer = find(id, generation);
  if (peer == nullptr) return;
  peer->ready = true;
  // The newcomer offers (section 8.2), also when its program has made no channel.
  if (peer->newcomer) peer->negotiation->connection()->wantData();
  for (const std::string& data : std::exchange(peer->pending, {})) {
    Peer* still = find(id, generation);
    if (still == nullptr) break;
    receiveNow(*still, data);
  }
  pump();
}

void RoomCore::receive(const std::string& from, std::string data) {
  const auto it = peers_.find(from);
  if (it == peers_.end()) return;
  if (it->second.negotiation && !it->second.ready) {
    if (it->second.pending.size() < kMaxPendingSignals)
      it->second.pending.push_back(std::move(data));
    return;
  }
  receiveNow(it->second, data);
}

void RoomCore::receiveNow(Peer& peer, const std::string& data) {
  const Json json = Json::parse(data, nullptr, false);
  if (!json.is_object()) return;
  std::string session = textField(json, "session");
  if (!isSession(session)) session.clear();
  const auto current = [&] {
    return peer.negotiation && (session.empty() || session == peer.negotiation->session());
  };
  if (const auto it = json.find("description"); it != json.end() && it->is_object()) {
    const auto type = sdpTypeOf(textField(*it, "type"));
    if (!type) return;
    if (!current()) {
      if (*type != SdpType::Offer) return;
      // The one we have made for a member that has not offered yet takes the name of its first
      // offer; any other is replaced.
      const bool fresh = peer.negotiation && !peer.newcomer && !peer.negotiation->begun();
      if (!fresh) {
        peer.newcomer = false;
        newConnection(peer, session);
        peer.pending.push_back(data);
        return;
      }
      peer.negotiation->adoptSession(session);
    }
    if (!peer.negotiation->receiveDescription(*type, textField(*it, "sdp"))) {
      client_.sendSignal(peer.member->id,
                         R"({"close":true,"session":")" + peer.negotiation->session() + "\"}",
                         shard_.now());
      dropConnection(peer);
      return;
    }
  }
  if (const auto it = json.find("candidate"); it != json.end() && current())
    peer.negotiation->receiveCandidate(candidateOf(*it));
  if (isTrue(json, "restart") && current()) peer.negotiation->connection()->restartIce();
  if (!isTrue(json, "close") || !current()) return;
  // Ended over there. Who came later may call again.
  const bool caller = peer.newcomer;
  dropConnection(peer);
  if (caller) newConnection(peer, randomName());
}

void RoomCore::stateChanged(Peer& peer, PeerConnectionState state) {
  peer.recovery.handleState(state, shard_.now());
  recover(peer, peer.recovery.handleTimeout(shard_.now()));
  pump();
}

void RoomCore::recover(Peer& peer, Recovery::Action action) {
  if (action == Recovery::Action::None || !peer.negotiation) return;
  say("looking for a new path to " + peer.member->name);
  if (peer.newcomer) {
    peer.negotiation->connection()->restartIce();
  } else {
    peer.negotiation->askForRestart();
  }
}

}  // namespace parley::room
