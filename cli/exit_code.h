// The exit codes of every verb.
#pragma once

namespace parley::cli {

enum class ExitCode : int {
  Done = 0,
  Failed = 1,
  Usage = 2,          // the command line or the configuration
  NoPath = 3,         // peers could not reach each other
  Refused = 4,        // by the other side: token, room full, room locked
  Integrity = 5,      // what arrived is not what was sent
  Interrupted = 130,  // SIGINT
};

}  // namespace parley::cli
