#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace parley {

void checkFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "parley: internal error: %s does not hold at %s:%d\n", condition, file,
               line);
  std::abort();
}

}  // namespace parley
