// A descriptor that another thread makes readable, to wake a loop. Signals that were not consumed
// yet count as one.
#pragma once

#include <atomic>

#include "base/result.h"
#include "driver/descriptor.h"

namespace parley::driver {

class Wakeup {
 public:
  Wakeup();  // aborts when the system gives no descriptor: nothing runs without it

  int descriptor() const { return fd_.get(); }
  void signal();   // any thread
  void consume();  // the woken thread, before it looks at what it was woken for

 private:
  Descriptor fd_;
  std::atomic<bool> signalled_{false};
};

}  // namespace parley::driver
