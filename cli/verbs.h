// The verbs of `parley`, one file each. A verb gets the words after its name.
#pragma once

#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace parley::cli {

using Words = std::vector<std::string>;

ExitCode runServe(const Words& words);
ExitCode runCheck(const Words& words);
ExitCode runToken(const Words& words);
ExitCode runProbe(const Words& words);
ExitCode runSend(const Words& words);
ExitCode runReceive(const Words& words);
ExitCode runPipe(const Words& words);
ExitCode runChat(const Words& words);

}  // namespace parley::cli
