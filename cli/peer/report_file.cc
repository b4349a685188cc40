#include "cli/peer/report_file.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace parley::cli {
namespace {

void put(std::FILE* file, const std::string& line) {
  std::fprintf(file, "%s\n", line.c_str());
}

}  // namespace

ReportFile writeReport(const ConnectionReport& report, const std::string& other) {
  ReportFile out;
  if (!report.what.empty()) out.summary.push_back(report.what);
  out.summary.insert(out.summary.end(), report.evidence.begin(), report.evidence.end());
  if (!report.remedy.empty()) out.summary.push_back(report.remedy);
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") +
                     "/parley-report-XXXXXX.txt";
  const int descriptor = ::mkstemps(path.data(), 4);
  if (descriptor < 0) return out;
  std::FILE* file = ::fdopen(descriptor, "w");
  if (file == nullptr) {
    ::close(descriptor);
    return out;
  }
  std::fprintf(file, "Parley " PARLEY_VERSION ": the connection to %s\n\n", other.c_str());
  for (const std::string& line : out.summary)
    put(file, line);
  put(file, "");
  for (const LogEntry& entry : report.log) {
    const double seconds = std::chrono::duration<double>(entry.at).count();
    std::fprintf(file, "%10.3f s  %s\n", seconds, entry.text.c_str());
  }
  put(file, "\n" + report.logJson);
  if (std::fclose(file) == 0) out.path = path;
  return out;
}

}  // namespace parley::cli
