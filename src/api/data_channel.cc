#include "parley/data_channel.h"

#include "api/channel.h"
#include "api/connection.h"

namespace parley {
namespace {

ConstBytes bytesOf(std::span<const std::byte> b) {
  return {reinterpret_cast<const std::uint8_t*>(b.data()), b.size()};
}

Async<SendResult> notOpen() {
  auto state = std::make_shared<detail::AsyncState<SendResult>>();
  state->complete(SendResult(SendStatus::NotOpen));
  return Async<SendResult>(state);
}

using On = api::Channel::Callbacks;

}  // namespace

std::string DataChannel::label() const {
  return channel_ ? channel_->label : std::string{};
}
bool DataChannel::ordered() const {
  return !channel_ || channel_->init.ordered;
}
std::optional<std::uint16_t> DataChannel::maxPacketLifeTime() const {
  return channel_ ? channel_->init.maxPacketLifeTime : std::nullopt;
}
std::optional<std::uint16_t> DataChannel::maxRetransmits() const {
  return channel_ ? channel_->init.maxRetransmits : std::nullopt;
}
std::string DataChannel::protocol() const {
  return channel_ ? channel_->init.protocol : std::string{};
}
bool DataChannel::negotiated() const {
  return channel_ && channel_->init.negotiated;
}
Priority DataChannel::priority() const {
  return channel_ ? channel_->init.priority : Priority::Low;
}
std::optional<std::uint16_t> DataChannel::id() const {
  if (!channel_) return std::nullopt;
  return channel_->connection->withLock([&] { return channel_->id; });
}
DataChannelState DataChannel::readyState() const {
  if (!channel_) return DataChannelState::Closed;
  return channel_->connection->withLock([&] { return channel_->state; });
}
std::size_t DataChannel::bufferedAmount() const {
  if (!channel_) return 0;
  return channel_->connection->withLock([&] { return channel_->buffered; });
}
std::size_t DataChannel::bufferedAmountLowThreshold() const {
  if (!channel_) return 0;
  return channel_->connection->withLock([&] { return channel_->lowThreshold; });
}
void DataChannel::setBufferedAmountLowThreshold(std::size_t bytes) {
  if (channel_) channel_->connection->withLock([&] { channel_->lowThreshold = bytes; });
}
std::size_t DataChannel::bufferedAmountLimit() const {
  if (!channel_) return 0;
  return channel_->connection->withLock([&] { return channel_->limit; });
}
void DataChannel::setBufferedAmountLimit(std::size_t bytes) {
  // At least one message is always taken.
  if (channel_) channel_->connection->withLock([&] { channel_->limit = bytes == 0 ? 1 : bytes; });
}
std::size_t DataChannel::maxMessageSize() const {
  return channel_ ? channel_->connection->maxMessageSize() : 0;
}

SendResult DataChannel::send(std::span<const std::byte> binary) {
  if (!channel_) return SendStatus::NotOpen;
  return channel_->connection->send(*channel_, peer::MessageKind::Binary, bytesOf(binary));
}
SendResult DataChannel::send(std::string_view text) {
  if (!channel_) return SendStatus::NotOpen;
  return channel_->connection->send(*channel_, peer::MessageKind::Text, asBytes(text));
}
Async<SendResult> DataChannel::sendAsync(std::vector<std::byte> binary) {
  if (!channel_) return notOpen();
  return channel_->connection->sendAsync(*channel_, peer::MessageKind::Binary, std::move(binary));
}
Async<SendResult> DataChannel::sendAsync(std::string text) {
  if (!channel_) return notOpen();
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return channel_->connection->sendAsync(*channel_, peer::MessageKind::Text,
                                         {first, first + text.size()});
}
void DataChannel::close() {
  if (channel_) channel_->connection->closeChannel(*channel_);
}

void DataChannel::onopen(std::function<void()> f) {
  if (channel_) channel_->connection->setOpenCallback(*channel_, std::move(f));
}
void DataChannel::onmessage(std::function<void(const Message&)> f) {
  if (channel_) channel_->connection->setMessageCallback(*channel_, std::move(f));
}
void DataChannel::onbufferedamountlow(std::function<void()> f) {
  if (channel_) channel_->connection->set(*channel_, &On::bufferedamountlow, std::move(f));
}
void DataChannel::onclosing(std::function<void()> f) {
  if (channel_) channel_->connection->set(*channel_, &On::closing, std::move(f));
}
void DataChannel::onclose(std::function<void()> f) {
  if (channel_) channel_->connection->setCloseCallback(*channel_, std::move(f));
}
void DataChannel::onerror(std::function<void(const RtcError&)> f) {
  if (channel_) channel_->connection->set(*channel_, &On::error, std::move(f));
}

}  // namespace parley
