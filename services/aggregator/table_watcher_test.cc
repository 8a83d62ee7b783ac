#include "services/aggregator/table_watcher.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/clock.h"

namespace windrow::aggregator {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(20);
constexpr absl::Duration kPatience = absl::Seconds(20);

class TableWatcherTest : public testing::Test {
 protected:
  TableWatcherTest()
      : path_(testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::remove(path_.c_str());
  }
  ~TableWatcherTest() override { std::remove(path_.c_str()); }

  // As an editor does: the file is another from one moment to the next.
  void Replace(const std::string& content) {
    std::ofstream(path_ + ".new", std::ios::binary) << content;
    ASSERT_EQ(std::rename((path_ + ".new").c_str(), path_.c_str()), 0);
  }

  TableWatcher::OnChange Keep(absl::Status answer = absl::OkStatus()) {
    return [this, answer](const TableWatcher::File& file) {
      EXPECT_EQ(file.table, "t");
      EXPECT_EQ(file.path, path_);
      std::ifstream stream(file.path, std::ios::binary);
      absl::MutexLock lock(&mutex_);
      contents_.emplace_back(std::istreambuf_iterator<char>(stream),
                             std::istreambuf_iterator<char>());
      return answer;
    };
  }

  bool WaitForContents(const std::vector<std::string>& contents) {
    absl::MutexLock lock(&mutex_);
    const auto same = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return contents_ == contents; };
    return mutex_.AwaitWithTimeout(absl::Condition(&same), kPatience);
  }

  size_t calls() {
    absl::MutexLock lock(&mutex_);
    return contents_.size();
  }

  const std::string path_;
  absl::Mutex mutex_;
  std::vector<std::string> contents_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(TableWatcherTest, TellsOfEachContentOnce) {
  Replace("one");
  TableWatcher watcher({{"t", path_}}, Keep(), kInterval);
  ASSERT_TRUE(WaitForContents({"one"}));
  // Of the same length.
  Replace("two");
  ASSERT_TRUE(WaitForContents({"one", "two"}));
  std::ofstream(path_, std::ios::binary | std::ios::app) << " and more";
  ASSERT_TRUE(WaitForContents({"one", "two", "two and more"}));
}

TEST_F(TableWatcherTest, WaitsForAFileThatIsNotThere) {
  TableWatcher watcher({{"t", path_}}, Keep(), kInterval);
  Replace("one");
  ASSERT_TRUE(WaitForContents({"one"}));
  std::remove(path_.c_str());
  Replace("two");
  ASSERT_TRUE(WaitForContents({"one", "two"}));
}

TEST_F(TableWatcherTest, AWrongFileIsLeftUntilItChanges) {
  Replace("wrong");
  TableWatcher watcher({{"t", path_}}, Keep(absl::InvalidArgumentError("wrong")), kInterval);
  ASSERT_TRUE(WaitForContents({"wrong"}));
  Replace("right");
  // Told of once more, and not of the first in between.
  ASSERT_TRUE(WaitForContents({"wrong", "right"}));
}

TEST_F(TableWatcherTest, WhatCouldNotBeTakenIsToldOfAgain) {
  Replace("one");
  TableWatcher watcher({{"t", path_}}, Keep(absl::UnavailableError("later")), kInterval);
  const absl::Time deadline = absl::Now() + kPatience;
  while (calls() < 3 && absl::Now() < deadline) absl::SleepFor(kInterval);
  EXPECT_GE(calls(), 3u);
}

}  // namespace
}  // namespace windrow::aggregator
