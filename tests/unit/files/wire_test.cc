#include "files/wire.h"

#include <gtest/gtest.h>

namespace parley::files {
namespace {

const std::string kHash(64, 'a');

TEST(FileMessages, AreReadAsTheyWereWritten) {
  Offer folder{"id_1", "b.txt", 7, "text/plain", 1'790'000'000'123, {"a", "한글"}, {}};
  folder.group = Group{"g-1", "a", 3, 21};
  for (const FileMessage& m : std::vector<FileMessage>{
           folder, Offer{"x", "y", kMaxFileSize, "", 0, {}, {}}, Accept{5, kMinWindow},
           Reject{Reason::NoSpace}, Progress{9}, Done{4, kHash}, Verified{true}, Verified{false},
           Cancel{Reason::Timeout}}) {
    const auto read = parseMessage(writeMessage(m));
    ASSERT_TRUE(read) << writeMessage(m);
    EXPECT_TRUE(*read == m) << writeMessage(m);
  }
}

TEST(FileMessages, OfThePageAreUnderstood) {
  const auto offer = parseMessage(
      R"({"v":1,"type":"offer","id":"k3","name":"a.bin","size":52428800,"mime":"","lastModified":1790000000000,"new":[1]})");
  ASSERT_TRUE(offer);
  EXPECT_EQ(std::get<Offer>(*offer).size, 52'428'800u);
  // What JavaScript may write for an integer.
  EXPECT_TRUE(parseMessage(R"({"v":1,"type":"progress","received":5.0})"));
  EXPECT_TRUE(std::holds_alternative<Unknown>(*parseMessage(R"({"v":1,"type":"later"})")));
}

TEST(FileMessages, ReasonsAreNames) {
  for (int i = 0; i <= static_cast<int>(Reason::Timeout); ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_EQ(parseReason(toString(reason)), reason);
    EXPECT_FALSE(inWords(reason).empty());
  }
  EXPECT_EQ(parseReason("of a later version"), Reason::Cancelled);
}

TEST(FileMessages, WrongOnesAreMalformed) {
  for (
      const std::string_view bad :
      {"", "[]", "5", "{}", R"({"v":2,"type":"verified","ok":true})", R"({"v":1})",
       R"({"v":1,"type":"verified","ok":1})", R"({"v":1,"type":"progress","received":-1})",
       R"({"v":1,"type":"progress","received":1.5})",
       R"({"v":1,"type":"progress","received":9007199254740992})",
       R"({"v":1,"type":"accept","offset":0,"window":65535})",
       R"({"v":1,"type":"accept","offset":0,"window":67108865})",
       R"({"v":1,"type":"accept","window":65536})",
       R"({"v":1,"type":"done","size":1,"sha256":"ab"})", R"({"v":1,"type":"cancel","reason":3})",
       R"({"v":1,"type":"offer","id":"a b","name":"x","size":1,"mime":"","lastModified":0})",
       R"({"v":1,"type":"offer","id":"a","name":"x","size":1,"mime":"","lastModified":0,"group":3})"}) {
    const auto read = parseMessage(bad);
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().code(), ErrorCode::Malformed) << bad;
  }
  EXPECT_FALSE(parseMessage(std::string(kMaxTextBytes + 1, ' ')));
  const std::string deep =
      R"({"v":1,"type":"x","y":)" + std::string(16, '[') + std::string(16, ']') + "}";
  EXPECT_FALSE(parseMessage(deep));
}

TEST(FileMessages, HostileNamesAreRefusedAsSuch) {
  for (const std::string_view fields :
       {R"("name":"../x")", R"("name":"x","path":"../y")", R"("name":"x","path":"/y")",
        R"("name":"x","path":"")", R"("name":"\u202ex")",
        R"("name":"x","group":{"id":"g","name":"..","files":1,"bytes":1})"}) {
    const auto read =
        parseMessage(R"({"v":1,"type":"offer","id":"a","size":1,"mime":"","lastModified":0,)" +
                     std::string(fields) + "}");
    ASSERT_FALSE(read) << fields;
    EXPECT_EQ(read.error().code(), ErrorCode::Refused) << fields;
  }
}

TEST(FileMessages, LabelsNameTheFile) {
  EXPECT_EQ(idOfLabel("file/a-b_9"), "a-b_9");
  for (const std::string_view bad : {"file/", "chat", "file/a b", "file/../x"})
    EXPECT_FALSE(idOfLabel(bad)) << bad;
  EXPECT_FALSE(idOfLabel("file/" + std::string(33, 'a')));
}

}  // namespace
}  // namespace parley::files
