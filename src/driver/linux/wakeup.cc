#include "driver/wakeup.h"

#include <sys/eventfd.h>

#include <cstdint>

#include "base/check.h"

namespace parley::driver {

Wakeup::Wakeup() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  PARLEY_CHECK(fd_);
}

void Wakeup::signal() {
  if (signalled_.exchange(true, std::memory_order_acq_rel)) return;  // one system call a wake-up
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the descriptor is readable anyway.
  [[maybe_unused]] const auto n = ::write(fd_.get(), &one, sizeof one);
}

void Wakeup::consume() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto n = ::read(fd_.get(), &count, sizeof count);
  signalled_.exchange(false, std::memory_order_acq_rel);
}

}  // namespace parley::driver
