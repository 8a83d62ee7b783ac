#include "services/query/sink/writer_memory.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "services/query/core/row_key.h"
#include "services/query/sink/sample_changes.h"
#include "services/query/sink/store_layout.h"

namespace windrow::query {
namespace {

const std::string kView(SampleTopic::kView);

class WriterMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, TestDirectory(), &db).ok());
    db_.reset(db);
  }

  void Put(const std::string& key) { ASSERT_TRUE(db_->Put(rocksdb::WriteOptions(), key, "").ok()); }

  WriterMemory Load() {
    absl::StatusOr<WriterMemory> memory = WriterMemory::Load(db_.get(), {{kView, {}}});
    EXPECT_TRUE(memory.ok()) << memory.status();
    return *std::move(memory);
  }

  std::unique_ptr<rocksdb::DB> db_;
};

TEST_F(WriterMemoryTest, EmptyStoreHoldsNothing) {
  WriterMemory memory = Load();
  EXPECT_FALSE(memory.view(kView)->MayHoldRow(-5, "a"));
  EXPECT_FALSE(memory.view(kView)->MayHoldWindow(-5));
  EXPECT_EQ(memory.view(kView)->FindWindow(-5), nullptr);
}

TEST_F(WriterMemoryTest, StoreMayHoldWhateverIsNotNewerThanItsNewest) {
  Put(RowPrefix(kView) + EncodeRowKey(-600, "z"));
  Put(RowPrefix(kView) + EncodeRowKey(1200, "a"));
  Put(WindowKey(kView, 1800));
  // Neither of these is a row of the view.
  Put(RowPrefix("z") + EncodeRowKey(6000, "a"));
  Put(WindowKey("z", 6000));
  WriterMemory memory = Load();
  WriterMemory::View* const view = memory.view(kView);
  EXPECT_TRUE(view->MayHoldRow(-600, "a"));
  EXPECT_TRUE(view->MayHoldRow(1200, "never seen"));
  EXPECT_FALSE(view->MayHoldRow(1201, "a"));
  EXPECT_TRUE(view->MayHoldWindow(1800));
  EXPECT_FALSE(view->MayHoldWindow(1801));
}

TEST_F(WriterMemoryTest, EachGroupHasItsNewestRow) {
  WriterMemory memory = Load();
  WriterMemory::View* const view = memory.view(kView);
  view->AddRow(1200, "a");
  view->AddRow(600, "a");
  view->AddRow(600, "b");
  EXPECT_TRUE(view->MayHoldRow(1200, "a"));
  EXPECT_FALSE(view->MayHoldRow(1201, "a"));
  EXPECT_FALSE(view->MayHoldRow(1200, "b"));
  EXPECT_FALSE(memory.view("another")->MayHoldRow(0, "a"));
}

TEST_F(WriterMemoryTest, ForgottenWindowsMayBeStored) {
  WriterMemory memory = Load();
  WriterMemory::View* const view = memory.view(kView);
  view->AddWindow(600)->rows = 7;
  ASSERT_NE(view->FindWindow(600), nullptr);
  EXPECT_EQ(view->FindWindow(600)->rows, 7);
  memory.TrimWindows();
  EXPECT_NE(view->FindWindow(600), nullptr);
  memory.ForgetWindows();
  EXPECT_EQ(view->FindWindow(600), nullptr);
  EXPECT_TRUE(view->MayHoldWindow(600));
  EXPECT_FALSE(view->MayHoldWindow(601));
}

TEST_F(WriterMemoryTest, WindowsAreBounded) {
  WriterMemory memory = Load();
  WriterMemory::View* const view = memory.view(kView);
  int64_t start_us = 0;
  const auto knows_first = [&] { return view->FindWindow(0) != nullptr; };
  for (view->AddWindow(0); knows_first() && start_us < 1'000'000; memory.TrimWindows()) {
    view->AddWindow(++start_us);
  }
  EXPECT_FALSE(knows_first());
}

}  // namespace
}  // namespace windrow::query
