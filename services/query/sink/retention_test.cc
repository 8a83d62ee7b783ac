#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/query/core/result_change.h"
#include "services/query/core/row_key.h"
#include "services/query/sink/result_store.h"
#include "services/query/sink/sample_changes.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

// Windows are 600 us long and kept for 6,400 us: a pass is begun every 100 us.
class RetentionTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(absl::Microseconds(6400)); }

  void Reopen(absl::Duration retention) {
    store_.reset();
    ResultStore::Options options;
    options.retention = retention;
    auto store = ResultStore::Create("p", directory_, 1, options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    ASSERT_TRUE(store_->Open(2).ok());
  }

  void Apply(SampleTopic& topic) {
    const absl::Status status = store_->Apply(topic.Take());
    ASSERT_TRUE(status.ok()) << status;
  }
  void CloseThrough(int64_t closed_us) {
    Apply(topic_.CloseThrough(0, closed_us).CloseThrough(1, closed_us));
  }
  // What the reader does every now and then; a step each.
  void Tend(int times = 50) {
    for (int i = 0; i < times; ++i) ASSERT_TRUE(store_->Report(ReadingState()).ok());
  }

  std::vector<std::string> Rows() const {
    std::vector<std::string> rows;
    const auto collect = [&rows](const StoredRow& row) {
      rows.push_back(absl::StrCat(row.window_start_us, "/", row.group, "=", row.accepted));
      return true;
    };
    EXPECT_TRUE(store_->view()->ScanRows(SampleTopic::kView, kMin, kMax, "", collect).ok());
    return rows;
  }
  std::vector<std::string> Windows() const {
    std::vector<std::string> windows;
    const auto collect = [&windows](const StoredWindow& window) {
      windows.push_back(absl::StrCat(window.window_start_us, " ", window.rows, "/", window.late));
      return true;
    };
    EXPECT_TRUE(store_->view()->ScanWindows(SampleTopic::kView, kMin, kMax, false, collect).ok());
    return windows;
  }
  int Changes() const {
    int changes = 0;
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(store_->view()
                      ->ScanChanges(SampleTopic::kView, i, 0,
                                    [&changes](const StoredRow&) { return ++changes > 0; })
                      .ok());
    }
    return changes;
  }
  int Closing() const {
    int rows = 0;
    const auto count = [&rows](absl::string_view, const StoredRow&) { return ++rows > 0; };
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(store_->view()
                      ->ScanClosing(SampleTopic::kView, i, "", ClosingCursorAfter(kMax - 1), count)
                      .ok());
    }
    return rows;
  }
  int64_t HeldRows() const { return store_->view()->views().at("by-type").rows; }

  const std::string directory_ = TestDirectory();
  std::unique_ptr<ResultStore> store_;
  SampleTopic topic_{2};
};

TEST_F(RetentionTest, WindowsGoWhenTheyAreOld) {
  Apply(topic_.Row(0, 0, "a", 1).Row(1, 0, "b", 2).Row(0, 600, "a", 3).Late(0, 0, 5));
  CloseThrough(6999);
  EXPECT_THAT(Rows(), SizeIs(3)) << "the first one ends at 600, which is kept until 7000";
  CloseThrough(7000);
  EXPECT_THAT(Rows(), ElementsAre("600/a=3")) << "at once, for all who read";
  EXPECT_THAT(Windows(), ElementsAre("600 1/0"));
  EXPECT_EQ(Changes(), 1);
  EXPECT_EQ(Closing(), 1);
  EXPECT_EQ(HeldRows(), 3) << "and on the disk";
  Tend();
  EXPECT_EQ(HeldRows(), 1) << "a little later";
  EXPECT_THAT(Rows(), ElementsAre("600/a=3"));
  EXPECT_THAT(Windows(), ElementsAre("600 1/0"));
  EXPECT_EQ(Changes(), 1);
  EXPECT_EQ(Closing(), 1);
  EXPECT_EQ(store_->view()->views().at("by-type").late, 5u) << "counters go on";
}

TEST_F(RetentionTest, PassesAreBegunNowAndThen) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 50, "b", 1));
  CloseThrough(7000);
  Tend();
  EXPECT_EQ(HeldRows(), 1);
  CloseThrough(7099);
  Tend();
  EXPECT_THAT(Rows(), IsEmpty());
  EXPECT_EQ(HeldRows(), 1);
  CloseThrough(7100);
  Tend();
  EXPECT_EQ(HeldRows(), 0);
}

TEST_F(RetentionTest, TokensThatMissedWhatIsGoneAreKnown) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 0, "b", 1).Row(0, 600, "a", 3));
  CloseThrough(7000);
  Tend();
  std::shared_ptr<const StoreView> view = store_->view();
  EXPECT_TRUE(view->IsExpired(0, 1)) << "the last change of what is gone is at 1";
  EXPECT_FALSE(view->IsExpired(0, 2));
  EXPECT_FALSE(view->IsExpired(0, 0)) << "who took nothing yet missed nothing";
  EXPECT_FALSE(view->IsExpired(1, 1));
  EXPECT_EQ(view->known_from(0), 0) << "what is left is known from the beginning";
  view.reset();
  Reopen(absl::Microseconds(6400));
  EXPECT_TRUE(store_->view()->IsExpired(0, 1));
}

TEST_F(RetentionTest, WhatIsGoneStaysGone) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 600, "a", 1).Late(1, 0, 2));
  CloseThrough(7000);
  Tend();
  Apply(topic_.Row(0, 0, "a", 9).Row(0, 0, "new", 9).DeleteRow(0, 0, "a").Late(1, 0, 3));
  Tend();
  EXPECT_THAT(Rows(), ElementsAre("600/a=1"));
  EXPECT_THAT(Windows(), ElementsAre("600 1/0"));
  EXPECT_EQ(Changes(), 1);
  // The aggregator counts what was late for old windows together, in the end.
  Apply(topic_.Late(1, 0, 0).Late(1, kMin, 3));
  EXPECT_EQ(store_->view()->views().at("by-type").late, 3u);

  Reopen(absl::InfiniteDuration());
  EXPECT_THAT(Rows(), ElementsAre("600/a=1"));
  EXPECT_EQ(HeldRows(), 1);
  CloseThrough(1'000'000);
  Tend();
  EXPECT_THAT(Rows(), ElementsAre("600/a=1")) << "all is kept from now on";
}

TEST_F(RetentionTest, LongPassesGoOnAfterARestart) {
  for (int i = 0; i < 20; ++i) {
    for (int group = 0; group < 1000; ++group) topic_.Row(0, 0, absl::StrCat(group, "-", i), 1);
    Apply(topic_);
  }
  Apply(topic_.Row(0, 7000, "kept", 1));
  CloseThrough(7000);
  Tend(2);
  EXPECT_THAT(Rows(), ElementsAre("7000/kept=1"));
  EXPECT_GT(HeldRows(), 1);
  EXPECT_LT(HeldRows(), 20'001);
  Reopen(absl::Microseconds(6400));
  EXPECT_THAT(Rows(), ElementsAre("7000/kept=1"));
  Tend();
  EXPECT_EQ(HeldRows(), 1);
}

TEST_F(RetentionTest, WindowCountsOnWithoutTheRowsThatAreGone) {
  ChangeBatch batch = topic_.Row(0, 0, "a", 1).Row(0, 0, "longer", 1).Take();
  batch.rows.back().window_end_us = 1200;
  ASSERT_TRUE(store_->Apply(batch).ok());
  CloseThrough(7000);
  Tend();
  batch = topic_.Row(0, 0, "longer", 2).Take();
  batch.rows.back().window_end_us = 1200;
  ASSERT_TRUE(store_->Apply(batch).ok());
  EXPECT_THAT(Rows(), ElementsAre("0/longer=2"));
  EXPECT_THAT(Windows(), ElementsAre("0 1/0"));
}

TEST_F(RetentionTest, RemovingKeepsUpWithFullBatches) {
  Reopen(absl::Microseconds(640));
  for (int64_t start = 0; start < 20 * 600; start += 600) {
    for (int i = 0; i < kMostChangesOfBatch - 2; ++i) topic_.Row(0, start, absl::StrCat(i), 1);
    topic_.CloseThrough(0, start).CloseThrough(1, start);
    Apply(topic_);
    Tend(1);
  }
  EXPECT_LT(HeldRows(), 6 * kMostChangesOfBatch) << "of 3 windows, and what is about to go";
}

// Random changes while the watermark rises: what is seen is what a model keeps.
TEST_F(RetentionTest, AgreesWithAModel) {
  std::mt19937 random(17);
  struct Expected {
    int64_t accepted;
    bool deleted;
  };
  std::map<std::pair<int64_t, std::string>, Expected> model;
  int64_t closed_us = 0;
  for (int batch = 0; batch < 150; ++batch) {
    for (int i = 0; i < 20; ++i) {
      const int64_t start = (batch + static_cast<int64_t>(random() % 12) - 6) * 600;
      const int number = static_cast<int>(random() % 8);
      const std::string group = absl::StrCat("g", number);
      const auto accepted = static_cast<int64_t>(random() % 100);
      const bool remove = random() % 6 == 0;
      remove ? topic_.DeleteRow(number % 2, start, group)
             : topic_.Row(number % 2, start, group, accepted);
      // Behind the horizon nothing is taken in any more.
      if (start + 600 > closed_us - 6400) model[{start, group}] = {accepted, remove};
    }
    Apply(topic_);
    closed_us = batch * 600;
    CloseThrough(closed_us);
    Tend(static_cast<int>(random() % 3));
    if (batch % 40 == 39) Reopen(absl::Microseconds(6400));
    std::vector<std::string> expected;
    std::map<int64_t, int> windows;
    for (const auto& [key, row] : model) {
      if (row.deleted || key.first + 600 <= closed_us - 6400) continue;
      expected.push_back(absl::StrCat(key.first, "/", key.second, "=", row.accepted));
      ++windows[key.first];
    }
    ASSERT_EQ(Rows(), expected);
    std::vector<std::string> expected_windows;
    for (const auto& [start, rows] : windows) {
      expected_windows.push_back(absl::StrCat(start, " ", rows, "/0"));
    }
    ASSERT_EQ(Windows(), expected_windows);
    ASSERT_EQ(Closing(), static_cast<int>(expected.size()));
  }
  Tend();
  EXPECT_EQ(HeldRows(), static_cast<int64_t>(Rows().size()));
}

}  // namespace
}  // namespace windrow::query
