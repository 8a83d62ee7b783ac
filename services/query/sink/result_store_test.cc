#include "services/query/sink/result_store.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/query/core/row_key.h"
#include "services/query/sink/sample_changes.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

std::unique_ptr<ResultStore> OpenStore(const std::string& directory) {
  absl::StatusOr<std::unique_ptr<ResultStore>> store = ResultStore::Create("p", directory);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

// "start/group=accepted@partition:offset" of each row, in the order of the list.
std::vector<std::string> Rows(const ResultStore& store,
                              absl::string_view view = SampleTopic::kView) {
  std::vector<std::string> rows;
  const absl::Status status =
      store.view()->ScanRows(view, kMin, kMax, "", [&](const StoredRow& row) {
        rows.push_back(absl::StrCat(row.window_start_us, "/", row.group, "=", row.accepted, "@",
                                    row.version.partition, ":", row.version.offset));
        return true;
      });
  EXPECT_TRUE(status.ok()) << status;
  return rows;
}

std::vector<std::string> Changes(const StoreView& view, int partition, int64_t from_offset = 0) {
  std::vector<std::string> changes;
  const absl::Status status =
      view.ScanChanges(SampleTopic::kView, partition, from_offset, [&](const StoredRow& row) {
        changes.push_back(absl::StrCat(row.window_start_us, "/", row.group,
                                       row.deleted ? " gone" : "", "@", row.version.offset));
        return true;
      });
  EXPECT_TRUE(status.ok()) << status;
  return changes;
}

std::vector<std::string> Closing(const StoreView& view, int partition, absl::string_view from,
                                 int64_t closed_through_us) {
  std::vector<std::string> rows;
  const absl::Status status =
      view.ScanClosing(SampleTopic::kView, partition, from, ClosingCursorAfter(closed_through_us),
                       [&](absl::string_view /*key*/, const StoredRow& row) {
                         rows.push_back(absl::StrCat(row.window_start_us, "/", row.group));
                         return true;
                       });
  EXPECT_TRUE(status.ok()) << status;
  return rows;
}

// "start-end rows/accepted/late" of each window.
std::vector<std::string> Windows(const ResultStore& store, bool newest_first = false) {
  std::vector<std::string> windows;
  const absl::Status status = store.view()->ScanWindows(
      SampleTopic::kView, kMin, kMax, newest_first, [&](const StoredWindow& window) {
        windows.push_back(absl::StrCat(window.window_start_us, "-", window.window_end_us, " ",
                                       window.rows, "/", window.accepted, "/", window.late));
        return true;
      });
  EXPECT_TRUE(status.ok()) << status;
  return windows;
}

class ResultStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = OpenStore(directory_);
    ASSERT_TRUE(store_->Open(2).ok());
  }

  void Apply(SampleTopic& topic) {
    const absl::Status status = store_->Apply(topic.Take());
    ASSERT_TRUE(status.ok()) << status;
  }

  void Reopen() {
    store_.reset();
    store_ = OpenStore(directory_);
  }

  const std::string directory_ = TestDirectory();
  std::unique_ptr<ResultStore> store_;
  SampleTopic topic_{2};
};

TEST_F(ResultStoreTest, NothingIsKnownBeforeTheTopicIs) {
  const std::unique_ptr<ResultStore> fresh = OpenStore(TestDirectory());
  EXPECT_EQ(fresh->view(), nullptr);
  EXPECT_FALSE(fresh->reading().topic_exists);
  EXPECT_EQ(fresh->Apply(topic_.Take()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ResultStoreTest, ListsRowsByWindowThenGroupAtTheirNewestVersion) {
  Apply(topic_.Row(0, 600, "b", 1).Row(1, 0, "z", 2).Row(0, 0, "a", 3).Row(0, -600, "q", 9));
  Apply(topic_.Row(0, 600, "b", 5).Row(0, 600, "b", 6));
  EXPECT_THAT(Rows(*store_), ElementsAre("-600/q=9@0:2", "0/a=3@0:1", "0/z=2@1:0", "600/b=6@0:4"));
}

TEST_F(ResultStoreTest, ListsWithinARangeAndAfterARow) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 0, "b", 1).Row(0, 600, "a", 1).Row(0, 1200, "a", 1));
  std::vector<std::string> rows;
  const auto collect = [&](const StoredRow& row) {
    rows.push_back(absl::StrCat(row.window_start_us, "/", row.group));
    return true;
  };
  ASSERT_TRUE(
      store_->view()->ScanRows(SampleTopic::kView, 0, 1200, EncodeRowKey(0, "a"), collect).ok());
  EXPECT_THAT(rows, ElementsAre("0/b", "600/a"));
  rows.clear();
  ASSERT_TRUE(
      store_->view()->ScanRows(SampleTopic::kView, 600, 601, EncodeRowKey(0, "b"), collect).ok());
  EXPECT_THAT(rows, ElementsAre("600/a"));
}

TEST_F(ResultStoreTest, ViewsDoNotSeeEachOther) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 0, "b", 2, "by-typ").Row(0, 0, "c", 3, "by-type2"));
  EXPECT_THAT(Rows(*store_), ElementsAre("0/a=1@0:0"));
  EXPECT_THAT(Rows(*store_, "by-typ"), ElementsAre("0/b=2@0:1"));
  EXPECT_THAT(Changes(*store_->view(), 0), ElementsAre("0/a@0"));
  EXPECT_THAT(Rows(*store_, "unknown"), IsEmpty());
}

TEST_F(ResultStoreTest, IndexOfChangesHoldsEachRowOnceAtItsNewestVersion) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 0, "b", 1).Row(1, 0, "c", 1));
  Apply(topic_.Row(0, 0, "a", 2));
  EXPECT_THAT(Changes(*store_->view(), 0), ElementsAre("0/b@1", "0/a@2"));
  EXPECT_THAT(Changes(*store_->view(), 0, 2), ElementsAre("0/a@2"));
  EXPECT_THAT(Changes(*store_->view(), 0, 3), IsEmpty());
  EXPECT_THAT(Changes(*store_->view(), 1), ElementsAre("0/c@0"));
}

TEST_F(ResultStoreTest, DeletedRowsLeaveTheListsAndStayInTheIndexOfChanges) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 0, "b", 4));
  Apply(topic_.DeleteRow(0, 0, "a").DeleteRow(0, 0, "never-seen"));
  EXPECT_THAT(Rows(*store_), ElementsAre("0/b=4@0:1"));
  EXPECT_THAT(Changes(*store_->view(), 0), ElementsAre("0/b@1", "0/a gone@2"));
  EXPECT_THAT(Closing(*store_->view(), 0, "", 1000), ElementsAre("0/b"));
  EXPECT_THAT(Windows(*store_), ElementsAre("0-600 1/4/0"));
  // A row of the same name may come again.
  Apply(topic_.Row(0, 0, "a", 2));
  EXPECT_THAT(Rows(*store_), ElementsAre("0/a=2@0:4", "0/b=4@0:1"));
  EXPECT_THAT(Changes(*store_->view(), 0), ElementsAre("0/b@1", "0/a@4"));
  EXPECT_THAT(Closing(*store_->view(), 0, "", 1000), ElementsAre("0/a", "0/b"));
  EXPECT_THAT(Windows(*store_), ElementsAre("0-600 2/6/0"));
}

TEST_F(ResultStoreTest, WindowsAddUpRowsAndLedgers) {
  Apply(topic_.Row(0, 0, "a", 1).Row(1, 0, "b", 2).Row(0, 600, "a", 7));
  Apply(topic_.Row(0, 0, "a", 5).Late(0, 0, 3).Late(1, 0, 1));
  Apply(topic_.Late(0, 0, 4).Late(0, 0, 6));
  EXPECT_THAT(Windows(*store_), ElementsAre("0-600 2/7/7", "600-1200 1/7/0"));
  EXPECT_THAT(Windows(*store_, true), ElementsAre("600-1200 1/7/0", "0-600 2/7/7"));
  EXPECT_EQ(store_->view()->views().at("by-type").rows, 3);
  EXPECT_EQ(store_->view()->views().at("by-type").late, 7u);
  // A window goes when nothing is left of it.
  Apply(topic_.DeleteRow(0, 600, "a"));
  EXPECT_THAT(Windows(*store_), ElementsAre("0-600 2/7/7"));
}

TEST_F(ResultStoreTest, EmptiedWindowIsAsIfItHadNeverBeen) {
  Apply(topic_.Row(0, 0, "a", 1));
  Apply(topic_.DeleteRow(0, 0, "a"));
  Apply(topic_.Late(0, 0, 3));
  EXPECT_THAT(Windows(*store_), ElementsAre("0-0 0/0/3"));
}

TEST_F(ResultStoreTest, WindowsBefore1970HaveTheirEnds) {
  Apply(topic_.Row(0, -6000, "a", 1).Row(0, -6000, "b", 1).Late(0, -1200, 1));
  Apply(topic_.Row(0, -6000, "a", 2).Row(0, -1200, "a", 1));
  EXPECT_THAT(Windows(*store_), ElementsAre("-6000--5400 2/3/0", "-1200--600 1/1/1"));
}

TEST_F(ResultStoreTest, WindowsKnowTheirLargestRevision) {
  const auto revisions = [this] {
    std::vector<uint32_t> found;
    const auto collect = [&found](const StoredWindow& window) {
      found.push_back(window.revision());
      return true;
    };
    EXPECT_TRUE(store_->view()->ScanWindows(SampleTopic::kView, kMin, kMax, false, collect).ok());
    return found;
  };
  Apply(topic_.Row(0, 0, "a", 1).CorrectedRow(1, 0, "b", 2, 1).Row(0, 600, "a", 1));
  EXPECT_THAT(revisions(), ElementsAre(1, 0));
  Apply(topic_.CorrectedRow(0, 0, "a", 3, 1).CorrectedRow(1, 0, "b", 4, 7));
  EXPECT_THAT(revisions(), ElementsAre(7, 0));
  Reopen();
  ASSERT_TRUE(store_->Open(2).ok());
  EXPECT_THAT(revisions(), ElementsAre(7, 0));
  // The row that was corrected most is gone, then all of them.
  Apply(topic_.DeleteRow(1, 0, "b"));
  EXPECT_THAT(revisions(), ElementsAre(1, 0));
  Apply(topic_.Row(0, 0, "a", 3));
  EXPECT_THAT(revisions(), ElementsAre(0, 0));
}

TEST_F(ResultStoreTest, RowsByClosingTime) {
  Apply(topic_.Row(0, 600, "b", 1).Row(0, 0, "a", 1).Row(1, 0, "other", 1).Row(0, 1200, "c", 1));
  EXPECT_THAT(Closing(*store_->view(), 0, "", 1200), ElementsAre("0/a", "600/b"));
  EXPECT_THAT(Closing(*store_->view(), 0, ClosingCursorAfter(600), 1800),
              ElementsAre("600/b", "1200/c"));
  EXPECT_THAT(Closing(*store_->view(), 0, ClosingCursorAfter(1200), 1200), IsEmpty());
}

TEST_F(ResultStoreTest, ApplyingABatchAgainChangesNothing) {
  topic_.Row(0, 0, "a", 1).Row(0, 0, "a", 2).Late(1, 0, 3).CloseThrough(0, 5);
  const ChangeBatch batch = topic_.Take();
  ASSERT_TRUE(store_->Apply(batch).ok());
  const auto rows = Rows(*store_);
  const auto windows = Windows(*store_);
  ASSERT_TRUE(store_->Apply(batch).ok());
  EXPECT_EQ(Rows(*store_), rows);
  EXPECT_EQ(Windows(*store_), windows);
  EXPECT_THAT(Changes(*store_->view(), 0), ElementsAre("0/a@1"));

  // Nor does a batch that begins with what has been applied.
  ChangeBatch overlapping = batch;
  topic_.Row(0, 0, "b", 8);
  const ChangeBatch rest = topic_.Take();
  overlapping.rows.insert(overlapping.rows.end(), rest.rows.begin(), rest.rows.end());
  overlapping.next_offsets = rest.next_offsets;
  ASSERT_TRUE(store_->Apply(overlapping).ok());
  EXPECT_THAT(Windows(*store_), ElementsAre("0-600 2/10/3"));
}

TEST_F(ResultStoreTest, ComesBackAsItWas) {
  Apply(topic_.Row(0, 0, "a", 1).Row(1, 0, "b", 2).Late(1, 0, 3).CloseThrough(0, 77, 2));
  Apply(topic_.Row(0, 0, "a", 4).Marker(0));
  ASSERT_TRUE(store_->MarkComplete().ok());
  const auto rows = Rows(*store_);
  const auto windows = Windows(*store_);
  Reopen();

  ASSERT_NE(store_->view(), nullptr) << "is served before Kafka is there";
  EXPECT_TRUE(store_->view()->complete());
  EXPECT_EQ(Rows(*store_), rows);
  EXPECT_EQ(Windows(*store_), windows);
  EXPECT_THAT(Changes(*store_->view(), 0), ElementsAre("0/a@2"));
  EXPECT_EQ(store_->view()->results().closed_through_us(0), 77);
  EXPECT_EQ(store_->view()->results().closed_through_us(1), std::nullopt);
  EXPECT_EQ(store_->view()->views().count("by-disposition"), 1u);
  const auto next_offsets = store_->Open(2);
  ASSERT_TRUE(next_offsets.ok());
  EXPECT_THAT(*next_offsets, ElementsAre(4, 2));
}

TEST_F(ResultStoreTest, RowsKeepWhenTheyWereCommitted) {
  Apply(topic_.CommitAt(1000).Row(0, 0, "a", 1).Row(0, 0, "b", 1));
  Apply(topic_.CommitAt(2000).Row(0, 0, "a", 2).CommitAt(3000).DeleteRow(0, 0, "b"));
  Reopen();
  std::vector<int64_t> times;
  ASSERT_TRUE(store_->view()
                  ->ScanChanges(SampleTopic::kView, 0, 0,
                                [&](const StoredRow& row) {
                                  times.push_back(row.commit_time_ms);
                                  return true;
                                })
                  .ok());
  EXPECT_THAT(times, ElementsAre(2000, 3000));
}

TEST_F(ResultStoreTest, RemembersFromWhereItKnowsTheLog) {
  Apply(topic_.Row(0, 0, "a", 1).Purged(1, 40).Row(1, 0, "b", 1));
  // What is purged later is known here already.
  Apply(topic_.Purged(0, 90).Row(0, 0, "a", 2));
  Reopen();
  EXPECT_EQ(store_->view()->known_from(0), 0);
  EXPECT_EQ(store_->view()->known_from(1), 40);
}

TEST_F(ResultStoreTest, IsNotCompleteUntilToldSo) {
  Apply(topic_.Row(0, 0, "a", 1));
  EXPECT_FALSE(store_->view()->complete());
  Reopen();
  EXPECT_FALSE(store_->view()->complete());
}

TEST_F(ResultStoreTest, ViewStaysAsItWasWhileTheStoreGoesOn) {
  Apply(topic_.Row(0, 0, "a", 1).CloseThrough(0, 1));
  const std::shared_ptr<const StoreView> before = store_->view();
  Apply(topic_.Row(0, 0, "a", 2).Row(0, 0, "b", 2).CloseThrough(0, 2));
  EXPECT_THAT(Changes(*before, 0), ElementsAre("0/a@0"));
  EXPECT_EQ(before->next_offset(0), 2);
  EXPECT_EQ(before->results().closed_through_us(0), 1);
  EXPECT_EQ(store_->view()->next_offset(0), 5);
}

TEST_F(ResultStoreTest, ListenerSeesWhatWasApplied) {
  int64_t seen = -1;
  store_->SetListener([&] { seen = store_->view()->next_offset(0); });
  Apply(topic_.Row(0, 0, "a", 1));
  EXPECT_EQ(seen, 1);
  store_->SetListener(nullptr);
}

TEST_F(ResultStoreTest, AnotherNumberOfPartitionsBeginsAnew) {
  Apply(topic_.Row(0, 0, "a", 1));
  const int64_t epoch = store_->view()->epoch();
  const auto next_offsets = store_->Open(3);
  ASSERT_TRUE(next_offsets.ok());
  EXPECT_THAT(*next_offsets, ElementsAre(0, 0, 0));
  EXPECT_THAT(Rows(*store_), IsEmpty());
  EXPECT_GT(store_->view()->epoch(), epoch);
}

TEST_F(ResultStoreTest, RebuildForgetsAllWhileReadersKeepWhatTheyHold) {
  Apply(topic_.Row(0, 0, "a", 1));
  ASSERT_TRUE(store_->MarkComplete().ok());
  std::shared_ptr<const StoreView> before = store_->view();
  ASSERT_TRUE(store_->Rebuild(RebuildReason::kStoreBroken, "test").ok());
  EXPECT_EQ(store_->view(), nullptr);
  EXPECT_THAT(Changes(*before, 0), ElementsAre("0/a@0"));
  ASSERT_TRUE(store_->Open(2).ok());
  EXPECT_THAT(Rows(*store_), IsEmpty());
  EXPECT_FALSE(store_->view()->complete());
  EXPECT_EQ(store_->view()->epoch(), before->epoch()) << "positions still mean the same";

  before.reset();
  int databases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    databases += entry.is_directory() ? 1 : 0;
  }
  EXPECT_EQ(databases, 1) << "the old files go with their last reader";
  SampleTopic again(2);
  Apply(again.Row(0, 0, "a", 1));
  Reopen();
  EXPECT_THAT(Rows(*store_), ElementsAre("0/a=1@0:0"));
}

TEST_F(ResultStoreTest, SecondProcessIsRefused) {
  const auto second = ResultStore::Create("p", directory_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), ::testing::HasSubstr("in use by another"));
  Apply(topic_.Row(0, 0, "a", 1));
  EXPECT_THAT(Rows(*store_), ElementsAre("0/a=1@0:0"));
}

TEST_F(ResultStoreTest, DirectoryThatCannotBeMadeIsAnError) {
  const std::string file = TestDirectory() + "/file";
  std::ofstream(file) << "x";
  EXPECT_EQ(ResultStore::Create("p", file + "/store").status().code(),
            absl::StatusCode::kFailedPrecondition);
}

// No file may grow beyond a megabyte: stands in for a disk that is full.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = 1 << 20;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(ResultStoreTest, FullDiskStopsWritesButNotReads) {
  int applied = 0;
  ChangeBatch refused;
  absl::Status status;
  {
    const FullDisk full_disk;
    for (int i = 0; i < 100 && status.ok(); ++i) {
      topic_.Row(0, i * 600, "a", i).Row(0, 9'000'000, std::string(100'000, 'x'), i);
      refused = topic_.Take();
      status = store_->Apply(refused);
      applied += status.ok() ? 1 : 0;
    }
    ASSERT_FALSE(status.ok());
    ASSERT_GT(applied, 2);
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_EQ(store_->trouble().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_FALSE(store_->Apply(refused).ok());
    EXPECT_FALSE(store_->MarkComplete().ok());
    ASSERT_NE(store_->view(), nullptr);
    EXPECT_THAT(Rows(*store_), SizeIs(applied + 1));
    EXPECT_EQ(store_->view()->next_offset(0), applied * 2);
    EXPECT_FALSE(store_->Open(2).ok());
  }
  status = store_->Apply(refused);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(store_->trouble().ok());
  EXPECT_THAT(Rows(*store_), SizeIs(applied + 2));
  EXPECT_EQ(Windows(*store_, true).front(), absl::StrCat("9000000-9000600 1/", applied, "/0"));
  EXPECT_TRUE(store_->MarkComplete().ok());
  Reopen();
  EXPECT_THAT(Rows(*store_), SizeIs(applied + 2));
  EXPECT_EQ(store_->view()->next_offset(0), applied * 2 + 2);
}

// Damages every file whose name contains `part` with `damage`; returns how many.
template <typename Damage>
int DamageFiles(const std::string& directory, const std::string& part, Damage damage) {
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.find(part) == std::string::npos) continue;
    damage(entry.path());
    ++files;
  }
  return files;
}

void Overwrite(const std::filesystem::path& path) {
  const auto size = std::filesystem::file_size(path);
  std::ofstream(path, std::ios::binary) << std::string(size, '\x5a');
}

class DamagedStoreTest : public ResultStoreTest,
                         public ::testing::WithParamInterface<std::tuple<const char*, bool>> {};

TEST_P(DamagedStoreTest, IsRebuilt) {
  const auto& [part, remove] = GetParam();
  for (int i = 0; i < 1000; ++i) {
    topic_.Row(0, i * 600, std::string(100, static_cast<char>('a' + i % 26)), 1);
  }
  Apply(topic_);
  ASSERT_TRUE(store_->MarkComplete().ok());
  // Two reopenings: the log is turned into a table, so that there are files of every kind.
  Reopen();
  Reopen();
  store_.reset();
  const bool removing = remove;
  ASSERT_GT(DamageFiles(directory_, part,
                        [removing](const std::filesystem::path& path) {
                          removing ? static_cast<void>(std::filesystem::remove(path))
                                   : Overwrite(path);
                        }),
            0);

  store_ = OpenStore(directory_);
  ASSERT_NE(store_, nullptr);
  absl::StatusOr<std::vector<int64_t>> next_offsets = store_->Open(2);
  ASSERT_TRUE(next_offsets.ok()) << next_offsets.status();
  // Damage to a table shows when it is read.
  const absl::Status read = store_->view()->ScanRows(SampleTopic::kView, kMin, kMax, "",
                                                     [](const StoredRow&) { return true; });
  if (!read.ok()) {
    EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss) << read;
    EXPECT_EQ(store_->Report(ReadingState()).code(), absl::StatusCode::kDataLoss);
    SampleTopic more(2);
    EXPECT_EQ(store_->Apply(more.Row(0, 0, "a", 1).Take()).code(), absl::StatusCode::kDataLoss);
    ASSERT_TRUE(store_->Rebuild(RebuildReason::kStoreBroken, "test").ok());
    next_offsets = store_->Open(2);
    ASSERT_TRUE(next_offsets.ok());
  }
  EXPECT_THAT(*next_offsets, ElementsAre(0, 0));
  SampleTopic again(2);
  Apply(again.Row(0, 0, "a", 1));
  EXPECT_THAT(Rows(*store_), ElementsAre("0/a=1@0:0"));
}

INSTANTIATE_TEST_SUITE_P(
    Files, DamagedStoreTest,
    ::testing::Values(std::make_tuple("MANIFEST", false), std::make_tuple("MANIFEST", true),
                      std::make_tuple("CURRENT", false), std::make_tuple("CURRENT", true),
                      std::make_tuple(".sst", false), std::make_tuple(".sst", true)));

// A cut in the log of writes (the machine went down) leaves a state that was: whole batches, with
// their offsets.
TEST_F(ResultStoreTest, CutLogLeavesWholeBatches) {
  constexpr int kBatches = 40;
  for (int i = 0; i < kBatches; ++i) {
    Apply(topic_.Row(0, 0, "a", i).Row(1, 0, "b", i).CloseThrough(0, i).Late(1, 0, i));
  }
  store_.reset();
  std::mt19937 random(7);
  std::set<int64_t> seen;
  for (int trial = 0; trial < 30; ++trial) {
    const std::string copy = TestDirectory() + "/copy";
    std::filesystem::copy(directory_, copy, std::filesystem::copy_options::recursive);
    DamageFiles(copy, ".log", [&random](const std::filesystem::path& path) {
      const auto size = std::filesystem::file_size(path);
      if (size > 0) std::filesystem::resize_file(path, random() % size);
    });
    const std::unique_ptr<ResultStore> store = OpenStore(copy);
    const auto next_offsets = store->Open(2);
    ASSERT_TRUE(next_offsets.ok());
    const int64_t batches = (*next_offsets)[0] / 2;
    seen.insert(batches);
    EXPECT_EQ((*next_offsets)[0], batches * 2);
    EXPECT_EQ((*next_offsets)[1], batches * 2);
    if (batches == 0) continue;
    const int64_t last = batches - 1;
    EXPECT_THAT(Rows(*store), ElementsAre(absl::StrCat("0/a=", last, "@0:", 2 * last),
                                          absl::StrCat("0/b=", last, "@1:", 2 * last)));
    EXPECT_EQ(store->view()->results().closed_through_us(0), last);
    EXPECT_THAT(Windows(*store), ElementsAre(absl::StrCat("0-600 2/", 2 * last, "/", last)));
  }
  EXPECT_GT(seen.size(), 5u) << "the cuts must differ";
}

// Random changes in random batches, against a plain map.
TEST_F(ResultStoreTest, AgreesWithAModel) {
  std::mt19937 random(42);
  struct Expected {
    int64_t accepted;
    int64_t offset;
    bool deleted;
  };
  // By (partition, start, group).
  std::map<std::tuple<int, int64_t, std::string>, Expected> model;
  std::vector<int64_t> offsets(2);
  for (int batch = 0; batch < 60; ++batch) {
    const int changes = static_cast<int>(random() % 30);
    for (int i = 0; i < changes; ++i) {
      // Of windows that were there, and of new ones.
      const int64_t start = static_cast<int64_t>(batch / 5 + random() % 5) * 600;
      const int group = static_cast<int>(random() % 8);
      const int partition = group % 2;
      const std::string name = absl::StrCat("g", group);
      const int64_t accepted = static_cast<int64_t>(random() % 100);
      const auto key = std::make_tuple(partition, start, name);
      const bool remove = random() % 5 == 0;
      remove ? topic_.DeleteRow(partition, start, name)
             : topic_.Row(partition, start, name, accepted);
      const int64_t offset = offsets[partition]++;
      if (!remove || model.count(key) > 0) model[key] = {accepted, offset, remove};
    }
    Apply(topic_);
    if (batch % 13 == 0) {
      Reopen();
      ASSERT_TRUE(store_->Open(2).ok());
    }
  }
  std::map<int64_t, std::pair<int64_t, int64_t>> windows;
  std::vector<std::map<int64_t, std::string>> changes(2);
  for (const auto& [key, row] : model) {
    const auto& [partition, start, group] = key;
    changes[partition][row.offset] =
        absl::StrCat(start, "/", group, row.deleted ? " gone" : "", "@", row.offset);
    if (row.deleted) continue;
    ++windows[start].first;
    windows[start].second += row.accepted;
  }
  std::vector<std::string> expected_windows;
  for (const auto& [start, sums] : windows) {
    expected_windows.push_back(
        absl::StrCat(start, "-", start + 600, " ", sums.first, "/", sums.second, "/0"));
  }
  EXPECT_EQ(Windows(*store_), expected_windows);
  for (int partition = 0; partition < 2; ++partition) {
    std::vector<std::string> expected;
    for (const auto& [offset, change] : changes[partition]) expected.push_back(change);
    EXPECT_EQ(Changes(*store_->view(), partition), expected);
  }
}

}  // namespace
}  // namespace windrow::query
