// PARLEY_CHECK(condition): we are wrong, not the peer. Aborts with the place, in release too.
#pragma once

namespace parley {
[[noreturn]] void checkFailed(const char* condition, const char* file, int line);
}  // namespace parley

#define PARLEY_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::parley::checkFailed(#condition, __FILE__, __LINE__))
