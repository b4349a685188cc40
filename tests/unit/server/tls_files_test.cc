#include "server/config/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/random.h"

namespace parley::server {
namespace {

using ::testing::HasSubstr;

const WallTime kNow = wallTimeFromUnixSeconds(1'800'000'000);

class TlsFiles : public ::testing::Test {
 protected:
  TlsFiles() {
    char path[] = "/tmp/parley-state-XXXXXX";
    dir = ::mkdtemp(path);
  }
  ~TlsFiles() override { std::filesystem::remove_all(dir); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(dir + "/" + name) << text;
    return dir + "/" + name;
  }
  crypto::PemCertificate make(WallTime from, WallTime to) {
    crypto::SelfSignedOptions options;
    options.dnsNames = {"call.example"};
    options.notBefore = from;
    options.notAfter = to;
    return crypto::makeSelfSigned(options).value();
  }
  std::string error(const std::string& cert, const std::string& key) {
    const auto loaded = loadCertificate(cert, key, kNow);
    return loaded.ok() ? "no error" : loaded.error().text();
  }

  std::string dir;
  SeededRandom random{1};
};

TEST_F(TlsFiles, AGoodPairIsRead) {
  const auto pem = make(kNow - 1h, kNow + 1h);
  const auto loaded =
      loadCertificate(write("c", pem.certificate), write("k", pem.privateKey), kNow);
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(loaded->info.covers("call.example"));
  EXPECT_FALSE(loaded->trusted) << "self-signed";
}

TEST_F(TlsFiles, EachFaultIsNamed) {
  const auto pem = make(kNow - 1h, kNow + 1h);
  const auto other = make(kNow - 1h, kNow + 1h);
  const auto old = make(kNow - 2h, kNow - 1h);
  const auto young = make(kNow + 1h, kNow + 2h);
  const std::string c = write("c", pem.certificate);
  const std::string k = write("k", pem.privateKey);
  EXPECT_THAT(error("/nowhere/c", k), HasSubstr("tls-cert = /nowhere/c: cannot be read: No such"));
  EXPECT_THAT(error(c, "/nowhere/k"), HasSubstr("tls-key = /nowhere/k: cannot be read: No such"));
  EXPECT_THAT(error(k, k), HasSubstr("holds no certificate"));
  EXPECT_THAT(error(c, write("o", other.privateKey)),
              HasSubstr("does not belong to the certificate " + c));
  EXPECT_THAT(error(write("old", old.certificate), write("oldk", old.privateKey)),
              HasSubstr("expired on 2027-01-15 07:00 UTC; renew the certificate"));
  EXPECT_THAT(error(write("y", young.certificate), write("yk", young.privateKey)),
              HasSubstr("is valid only from 2027-01-15 09:00 UTC"));
}

TEST_F(TlsFiles, TheSelfSignedOneIsMadeOnceAndKept) {
  const auto state = StateDir::open(dir + "/deep/er").value();
  const CertificateNames names{{"localhost"}, {IpAddress::v4(127, 0, 0, 1)}};
  const auto first = selfSigned(state, names, kNow).value();
  EXPECT_EQ(selfSigned(state, names, kNow + 24h)->certificatePem, first.certificatePem);
  EXPECT_TRUE(first.info.covers("localhost"));
  EXPECT_TRUE(first.info.covers("127.0.0.1"));
  struct stat info {};
  ASSERT_EQ(::stat((dir + "/deep/er/self-signed.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((dir + "/deep/er").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(TlsFiles, TheSelfSignedOneIsMadeAnewWhenItNoLongerFits) {
  const auto state = StateDir::open(dir).value();
  const CertificateNames names{{"localhost"}, {}};
  const std::string first = selfSigned(state, names, kNow)->certificatePem;
  const CertificateNames more{{"localhost", "call.lan"}, {IpAddress::v4(192, 168, 1, 2)}};
  const auto second = selfSigned(state, more, kNow).value();
  EXPECT_NE(second.certificatePem, first);
  EXPECT_TRUE(second.info.covers("call.lan"));
  // What covers more than is asked stays.
  EXPECT_EQ(selfSigned(state, names, kNow)->certificatePem, second.certificatePem);
  const WallTime late = kNow + kSelfSignedLife - kRenewBefore;
  EXPECT_NE(selfSigned(state, names, late)->certificatePem, second.certificatePem);
  write("self-signed.pem", "rubbish");
  EXPECT_TRUE(selfSigned(state, names, kNow).ok());
}

TEST_F(TlsFiles, SecretsAreMadeOnce) {
  const auto state = StateDir::open(dir).value();
  const auto first = state.secret("turn.secret", random).value();
  EXPECT_EQ(first.reveal().size(), 64u);
  EXPECT_EQ(state.secret("turn.secret", random)->reveal(), first.reveal());
  EXPECT_NE(state.secret("server.key", random)->reveal(), first.reveal());
  write("turn.secret", "short");
  const auto damaged = state.secret("turn.secret", random);
  ASSERT_FALSE(damaged.ok());
  EXPECT_THAT(damaged.error().text(), HasSubstr("remove that file"));
}

TEST_F(TlsFiles, AStateDirectoryThatIsAFileIsRefused) {
  const auto state = StateDir::open(write("file", ""));
  ASSERT_FALSE(state.ok());
  EXPECT_THAT(state.error().text(), HasSubstr("give a directory that this user may write"));
}

}  // namespace
}  // namespace parley::server
