// `parley send`, `receive` and `pipe` against `parley serve`, as processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/random.h"
#include "cli/peer/file_source.h"
#include "tests/system/process.h"

namespace parley::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr int kRefused = 4;

class PeerVerbs : public testing::Test {
 protected:
  PeerVerbs()
      : server_({"serve", "--json", "--http-port", "0", "--turn-port", "0", "--turns-port", "0",
                 "--threads", "1"}) {
    std::string name = testing::TempDir() + "parley-verbs-XXXXXX";
    root_ = ::mkdtemp(name.data());
    EXPECT_TRUE(server_.waitForOutput("}\n")) << server_.errors();
    link_ = nlohmann::json::parse(server_.output())["http"].get<std::string>() + "/r/" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  ~PeerVerbs() override {
    server_.signal(SIGTERM);
    server_.wait();
    fs::remove_all(root_);
  }

  fs::path file(const std::string& name, std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    SeededRandom(size + 1).fill(bytes);
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(size));
    return path;
  }
  static std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::vector<std::string> receive(std::vector<std::string> more = {"--yes"}) const {
    more.insert(more.begin(), {"receive", link_, "--json", "--into", (root_ / "in").string()});
    return more;
  }
  std::vector<std::string> send(const fs::path& what, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"send", what.string(), link_, "--json"});
    return more;
  }
  // The receiver first; both exit codes.
  std::pair<int, int> transfer(const std::vector<std::string>& receiver,
                               const std::vector<std::string>& sender) {
    Process in(receiver);
    EXPECT_TRUE(in.waitForOutput("\"joined\"")) << in.errors();
    Process out(sender);
    const int sent = out.wait();
    said_ = out.output();
    errors_ = out.errors();
    const int received = in.wait();
    errors_ += in.errors();
    return {received, sent};
  }

  Process server_;
  fs::path root_;
  std::string link_;
  std::string said_, errors_;
};

using Codes = std::pair<int, int>;

TEST_F(PeerVerbs, AFileArrives) {
  const fs::path a = file("a.bin", 3'000'000);
  EXPECT_EQ(transfer(receive(), send(a)), Codes(0, 0)) << errors_;
  EXPECT_EQ(read(root_ / "in/a.bin"), read(a));
  EXPECT_THAT(said_, HasSubstr("\"result\":\"delivered\""));
}

TEST_F(PeerVerbs, OverARelayByUdp) {
  const fs::path a = file("a.bin", 1'000'000);
  EXPECT_EQ(transfer(receive({"--yes", "--relay", "udp"}), send(a, {"--relay", "udp"})),
            Codes(0, 0))
      << errors_;
  EXPECT_EQ(read(root_ / "in/a.bin"), read(a));
}

TEST_F(PeerVerbs, OverARelayByTcp) {
  const fs::path a = file("a.bin", 1'000'000);
  EXPECT_EQ(transfer(receive({"--yes", "--relay", "tcp"}), send(a, {"--relay", "tcp"})),
            Codes(0, 0))
      << errors_;
  EXPECT_EQ(read(root_ / "in/a.bin"), read(a));
}

TEST_F(PeerVerbs, AFolderKeepsItsShape) {
  const fs::path x = file("holiday/day 1/x.jpg", 200'000);
  const fs::path y = file("holiday/y.jpg", 0);
  EXPECT_EQ(transfer(receive(), send(root_ / "holiday")), Codes(0, 0)) << errors_;
  EXPECT_EQ(read(root_ / "in/holiday/day 1/x.jpg"), read(x));
  EXPECT_TRUE(fs::exists(root_ / "in/holiday/y.jpg"));
}

TEST_F(PeerVerbs, WhereNobodyCanBeAskedNothingIsTaken) {
  const fs::path a = file("a.bin", 1000);
  EXPECT_EQ(transfer(receive({}), send(a)), Codes(kRefused, kRefused)) << errors_;
  EXPECT_TRUE(fs::is_empty(root_ / "in"));
  EXPECT_THAT(errors_, HasSubstr("--yes"));
}

TEST_F(PeerVerbs, WhatIsTooLargeIsRefused) {
  const fs::path a = file("a.bin", 2000);
  EXPECT_EQ(transfer(receive({"--yes", "--max-size", "1k"}), send(a)), Codes(kRefused, kRefused));
  EXPECT_TRUE(fs::is_empty(root_ / "in"));
}

// Leaves in the folder what a process leaves that was killed in the middle.
void leavePart(const fs::path& into, const fs::path& source, std::size_t bytes, bool altered) {
  const auto list = cli::listSources({source.string()});
  ASSERT_TRUE(list);
  const files::Offer& offer = list->files[0].offer;
  fs::create_directories(into);
  std::ifstream in(source, std::ios::binary);
  std::string begin(bytes, '\0');
  in.read(begin.data(), static_cast<std::streamsize>(bytes));
  if (altered) begin[bytes / 2] = static_cast<char>(begin[bytes / 2] + 1);
  std::ofstream(into / (".parley-" + offer.id + ".part"), std::ios::binary) << begin;
  std::ofstream(into / (".parley-" + offer.id + ".offer")) << files::writeMessage(offer);
}

TEST_F(PeerVerbs, ANewProcessGoesOnWhereTheLastOneEnded) {
  const fs::path a = file("a.bin", 1'000'000);
  leavePart(root_ / "in", a, 600'000, false);
  EXPECT_EQ(transfer(receive(), send(a)), Codes(0, 0)) << errors_;
  EXPECT_THAT(said_, HasSubstr("\"resumedFrom\":600000"));
  EXPECT_EQ(read(root_ / "in/a.bin"), read(a));
}

TEST_F(PeerVerbs, AWrongBeginningIsFoundAndSentAnew) {
  const fs::path a = file("a.bin", 1'000'000);
  leavePart(root_ / "in", a, 600'000, true);
  EXPECT_EQ(transfer(receive(), send(a)), Codes(0, 0)) << errors_;
  EXPECT_EQ(read(root_ / "in/a.bin"), read(a));
}

TEST_F(PeerVerbs, BytesGoThroughAPipe) {
  const fs::path a = file("a.bin", 2'000'000);
  const std::string parley = std::string("'") + PARLEY_BINARY + "' pipe '" + link_ + "' ";
  const std::string to = "'" + (root_ / "out").string() + "'";
  int first = -1;
  std::thread other(
      [&] { first = std::system((parley + "< /dev/null > " + to + " 2> /dev/null").c_str()); });
  const int second = std::system((parley + "< '" + a.string() + "' > /dev/null").c_str());
  other.join();
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 0);
  EXPECT_EQ(read(root_ / "out"), read(a));
}

TEST(PeerVerbsAlone, WhatIsWrongIsSaidAtOnce) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"send"},
           {"send", "/nowhere/at/all"},
           {"send", "/etc/hostname", "http://a/r/x", "http://b/r/y"},
           {"receive", "not-a-link"},
           {"receive", "http://127.0.0.1:1/r/x", "--max-size", "big"},
           {"chat", "http://127.0.0.1:1/r/x", "--relay", "pigeon"}}) {
    Process process(words);
    EXPECT_EQ(process.wait(), 2) << words[0];
    EXPECT_FALSE(process.errors().empty());
  }
}

}  // namespace
}  // namespace parley::test
