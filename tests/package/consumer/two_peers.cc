#include <parley/peer_connection.h>

#include <future>

int main() {
  const parley::Configuration local{.loopback = parley::LoopbackMode::Always};
  auto a = parley::PeerConnection::create(local).value();
  auto b = parley::PeerConnection::create(local).value();
  std::promise<std::string> heard;
  b.ondatachannel([&](parley::DataChannel channel) {
    channel.onmessage([&](const parley::Message& m) { heard.set_value(std::string(m.text())); });
  });
  a.onicecandidate([&](const parley::IceCandidate& c) { b.addIceCandidate(c).value(); });
  b.onicecandidate([&](const parley::IceCandidate& c) { a.addIceCandidate(c).value(); });
  auto channel = a.createDataChannel("hello").value();
  channel.onopen([&] { channel.send("hello").ignore(); });
  const auto offer = a.createOffer().value();
  b.setRemoteDescription(offer).value();
  a.setLocalDescription(offer).value();
  const auto answer = b.createAnswer().value();
  a.setRemoteDescription(answer).value();
  b.setLocalDescription(answer).value();
  const bool same = heard.get_future().get() == "hello";
  a.close();
  b.close();
  return same ? 0 : 1;
}
