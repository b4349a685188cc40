// Ancillary data of UDP messages (cmsg(3)): written and read without casts into user memory.
#pragma once

#include <sys/socket.h>

#include <cstring>

namespace parley::driver {

// Appends to msg.msg_control, whose room is `room` bytes; msg_controllen grows.
template <class T>
void putControl(msghdr& msg, std::size_t room, int level, int type, const T& value) {
  if (msg.msg_controllen + CMSG_SPACE(sizeof(T)) > room) return;
  cmsghdr header{};
  header.cmsg_level = level;
  header.cmsg_type = type;
  header.cmsg_len = CMSG_LEN(sizeof(T));
  char* at = static_cast<char*>(msg.msg_control) + msg.msg_controllen;
  std::memset(at, 0, CMSG_SPACE(sizeof(T)));
  std::memcpy(at, &header, sizeof header);
  std::memcpy(at + CMSG_LEN(0), &value, sizeof value);
  msg.msg_controllen += CMSG_SPACE(sizeof(T));
}

template <class T>
bool getControl(const cmsghdr& header, T& value) {
  if (header.cmsg_len < CMSG_LEN(sizeof(T))) return false;
  std::memcpy(&value, CMSG_DATA(&header), sizeof(T));
  return true;
}

// onControl(const cmsghdr&) for each.
template <class F>
void eachControl(msghdr& msg, F&& onControl) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&msg); c != nullptr; c = CMSG_NXTHDR(&msg, c)) {
    onControl(*c);
  }
}

}  // namespace parley::driver
