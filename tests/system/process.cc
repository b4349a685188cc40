#include "tests/system/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

namespace parley::test {
namespace {

constexpr int kLimitMs = 60'000;  // then the child is killed and the test fails by its exit code

std::vector<std::string> childEnvironment(const std::string& home,
                                          const std::vector<std::string>& extra) {
  std::vector<std::string> out{"HOME=" + home, "LANG=C.UTF-8", "XDG_STATE_HOME=" + home + "/state"};
  for (const char* name : {"PATH", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
  }
  out.insert(out.end(), extra.begin(), extra.end());
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& s : strings)
    out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

bool readSome(int& descriptor, std::string& into) {
  std::array<char, 4096> chunk{};
  const ssize_t n = ::read(descriptor, chunk.data(), chunk.size());
  if (n > 0) {
    into.append(chunk.data(), static_cast<std::size_t>(n));
    return true;
  }
  ::close(descriptor);
  descriptor = -1;
  return false;
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment, unsigned descriptors) {
  char home[] = "/tmp/parley-home-XXXXXX";
  home_ = ::mkdtemp(home);
  std::vector<std::string> words{PARLEY_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = childEnvironment(home_, environment);
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(variables);
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) std::abort();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    const rlimit limit{descriptors, descriptors};
    if (descriptors != 0) ::setrlimit(RLIMIT_NOFILE, &limit);
    if (::chdir(home_.c_str()) == 0) ::execve(PARLEY_BINARY, argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) ::close(out_);
  if (err_ >= 0) ::close(err_);
  std::error_code ignored;
  std::filesystem::remove_all(home_, ignored);
}

bool Process::pump() {
  std::array<pollfd, 2> p{{{out_, POLLIN, 0}, {err_, POLLIN, 0}}};
  if (out_ < 0 && err_ < 0) return false;
  if (::poll(p.data(), p.size(), kLimitMs) <= 0) {
    ::kill(pid_, SIGKILL);
    return false;
  }
  if (out_ >= 0 && p[0].revents != 0) readSome(out_, output_);
  if (err_ >= 0 && p[1].revents != 0) readSome(err_, errors_);
  return true;
}

bool Process::waitForOutput(std::string_view needle) {
  while (output_.find(needle) == std::string::npos) {
    if (!pump()) return false;
  }
  return true;
}

void Process::signal(int number) {
  if (pid_ > 0) ::kill(pid_, number);
}

int Process::wait() {
  while (pump()) {
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace parley::test
