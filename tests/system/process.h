// A child process whose output is read and whose end is waited for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parley::test {

class Process {
 public:
  // The parley binary with these arguments, a HOME of its own (removed afterwards) and nothing of
  // the caller's PARLEY_… variables. `descriptors`: its hard limit; 0 is the caller's.
  explicit Process(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment = {}, unsigned descriptors = 0);
  ~Process();  // kills it if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Until standard output contains `needle` (true) or ends.
  bool waitForOutput(std::string_view needle);
  void signal(int number);
  // Waits for its end: the exit code, or 128 + the signal that killed it.
  int wait();

  const std::string& output() const { return output_; }
  const std::string& errors() const { return errors_; }
  const std::string& home() const { return home_; }

 private:
  bool pump();  // false when both streams have ended
  int pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string output_;
  std::string errors_;
  std::string home_;
};

}  // namespace parley::test
