// Why a connection failed, for people: a few lines to read at once, and all that happened in a
// file to pass on.
#pragma once

#include <string>
#include <vector>

#include "parley/report.h"

namespace parley::cli {

struct ReportFile {
  std::string path;                  // empty: it could not be written
  std::vector<std::string> summary;  // what was tried, the evidence, the remedy
};

// In $TMPDIR or /tmp, readable by its owner alone: it holds addresses.
ReportFile writeReport(const ConnectionReport& report, const std::string& other);

}  // namespace parley::cli
