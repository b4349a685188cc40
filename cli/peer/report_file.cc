#include "cli/peer/report_file.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace parley::cli {
namespace {

// The verdict is what the engine wrote last; see ConnectionLog in docs/webrtc-api.md.
constexpr std::size_t kSummaryLines = 6;

}  // namespace

ReportFile writeReport(const std::vector<LogEntry>& log, const std::string& other) {
  ReportFile out;
  for (std::size_t i = log.size() > kSummaryLines ? log.size() - kSummaryLines : 0; i < log.size();
       ++i)
    out.summary.push_back(log[i].text);
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
  for (const LogEntry& entry : log) {
    const double seconds = std::chrono::duration<double>(entry.at).count();
    std::fprintf(file, "%10.3f s  %s\n", seconds, entry.text.c_str());
  }
  if (std::fclose(file) == 0) out.path = path;
  return out;
}

}  // namespace parley::cli
