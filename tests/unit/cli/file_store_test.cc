#include "cli/peer/file_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/peer/file_source.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

class FileStoreTest : public testing::Test {
 protected:
  FileStoreTest() {
    std::string name = testing::TempDir() + "parley-store-XXXXXX";
    root_ = ::mkdtemp(name.data());
    into_ = root_ / "into";
    store_ = FileStore::open(into_.string()).value();
  }
  ~FileStoreTest() override { fs::remove_all(root_); }

  static files::Offer offer(std::string name, std::uint64_t size,
                            std::vector<std::string> path = {}) {
    return {"id1", std::move(name), size, "", 1'700'000'000'000, std::move(path), {}};
  }
  std::string write(const files::Offer& o, std::string_view text) {
    auto part = store_->begin(o);
    EXPECT_TRUE(part);
    EXPECT_FALSE((*part)->write(asBytes(text)));
    const auto name = store_->finish(o);
    EXPECT_TRUE(name);
    return name ? *name : "";
  }
  static std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path root_, into_;
  std::unique_ptr<FileStore> store_;
};

TEST_F(FileStoreTest, AWholeFileGetsItsNameAndDate) {
  EXPECT_EQ(write(offer("a.txt", 5), "hello"), "a.txt");
  EXPECT_EQ(read(into_ / "a.txt"), "hello");
  struct stat info {};
  ASSERT_EQ(::stat((into_ / "a.txt").c_str(), &info), 0);
  EXPECT_EQ(info.st_mtim.tv_sec, 1'700'000'000);
  // Nothing else stays behind.
  EXPECT_EQ(std::distance(fs::directory_iterator(into_), fs::directory_iterator()), 1);
}

TEST_F(FileStoreTest, NothingIsOverwritten) {
  std::ofstream(into_ / "a.txt") << "mine";
  EXPECT_EQ(write(offer("a.txt", 5), "hello"), "a (1).txt");
  EXPECT_EQ(write(offer("a.txt", 5), "again"), "a (2).txt");
  EXPECT_EQ(read(into_ / "a.txt"), "mine");
  // A dangling link is a name that is taken too.
  fs::create_symlink(root_ / "nowhere", into_ / "b.txt");
  EXPECT_EQ(write(offer("b.txt", 1), "x"), "b (1).txt");
  EXPECT_FALSE(fs::exists(root_ / "nowhere"));
}

TEST_F(FileStoreTest, FoldersAreMadeAndLinksNotFollowed) {
  EXPECT_EQ(write(offer("c", 1, {"a", "b"}), "x"), "a/b/c");
  EXPECT_EQ(read(into_ / "a/b/c"), "x");
  fs::create_directory(root_ / "outside");
  fs::create_directory_symlink(root_ / "outside", into_ / "trap");
  auto part = store_->begin(offer("c", 1, {"trap"}));
  ASSERT_TRUE(part);
  EXPECT_FALSE(store_->finish(offer("c", 1, {"trap"})));
  EXPECT_TRUE(fs::is_empty(root_ / "outside"));
}

TEST_F(FileStoreTest, NamesThatLeaveTheFolderGoNowhereEvenWhenNobodyCheckedThem) {
  auto bad = offer("c", 1, {".."});
  auto part = store_->begin(bad);
  ASSERT_TRUE(part);
  EXPECT_FALSE(store_->finish(bad));
  EXPECT_FALSE(fs::exists(root_ / "c"));
}

TEST_F(FileStoreTest, ANewProcessGoesOnWithWhatIsThere) {
  const auto o = offer("big", 10);
  {
    auto part = store_->begin(o);
    ASSERT_TRUE(part && !(*part)->write(asBytes("01234")));
  }
  store_ = FileStore::open(into_.string()).value();
  auto part = store_->begin(o);
  ASSERT_TRUE(part);
  EXPECT_EQ((*part)->size(), 5u);
  std::array<std::uint8_t, 5> bytes{};
  ASSERT_TRUE((*part)->read(0, bytes));
  EXPECT_EQ(asText(bytes), "01234");
  // Under the same id another file: from the beginning.
  auto other = o;
  other.lastModified += 1;
  auto fresh = store_->begin(other);
  ASSERT_TRUE(fresh);
  EXPECT_EQ((*fresh)->size(), 0u);
}

TEST_F(FileStoreTest, AFinishedFileIsFoundAgain) {
  const auto o = offer("a.txt", 5);
  EXPECT_EQ(store_->finished(o), nullptr);
  write(o, "hello");
  EXPECT_NE(store_->finished(o), nullptr);
  auto larger = o;
  larger.size = 6;
  EXPECT_EQ(store_->finished(larger), nullptr);
}

TEST_F(FileStoreTest, WhatIsDiscardedIsGone) {
  const auto o = offer("a.txt", 5);
  store_->begin(o).value()->write(asBytes("he"));
  store_->discard(o);
  EXPECT_TRUE(fs::is_empty(into_));
}

// ---- what is sent -------------------------------------------------------------------------------

TEST_F(FileStoreTest, FoldersAreWalkedAndLinksLeftOut) {
  fs::create_directories(root_ / "photos/day 1");
  std::ofstream(root_ / "photos/a.jpg") << "aa";
  std::ofstream(root_ / "photos/day 1/b.jpg") << "bbb";
  fs::create_symlink("/etc/passwd", root_ / "photos/link");
  const auto list = listSources({(root_ / "photos/").string()});
  ASSERT_TRUE(list);
  ASSERT_EQ(list->files.size(), 2u);
  EXPECT_EQ(list->bytes, 5u);
  EXPECT_EQ(list->notes.size(), 1u);
  EXPECT_EQ(list->files[0].offer.name, "a.jpg");
  EXPECT_EQ(list->files[0].offer.path, std::vector<std::string>{"photos"});
  EXPECT_EQ(list->files[1].offer.path, (std::vector<std::string>{"photos", "day 1"}));
  ASSERT_TRUE(list->files[0].offer.group);
  EXPECT_EQ(list->files[0].offer.group->name, "photos");
  EXPECT_EQ(list->files[0].offer.group->files, 2u);
  EXPECT_EQ(list->files[0].offer.group, list->files[1].offer.group);
}

TEST_F(FileStoreTest, AFileKeepsItsIdAndAChangedOneGetsAnother) {
  const std::string path = (root_ / "f").string();
  std::ofstream(path) << "one";
  const auto first = listSources({path});
  const auto second = listSources({path});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->files[0].offer.id, second->files[0].offer.id);
  EXPECT_TRUE(files::isId(first->files[0].offer.id));
  SourceReader reader;
  EXPECT_TRUE(reader.open(first->files[0]));
  std::ofstream(path) << "other";
  EXPECT_FALSE(reader.unchanged(first->files[0]));
  EXPECT_NE(listSources({path})->files[0].offer.id, first->files[0].offer.id);
}

TEST_F(FileStoreTest, WhatCannotBeSentIsSaid) {
  EXPECT_FALSE(listSources({(root_ / "nothing").string()}));
  fs::create_directory(root_ / "empty");
  EXPECT_FALSE(listSources({(root_ / "empty").string()}));
}

}  // namespace
}  // namespace parley::cli
