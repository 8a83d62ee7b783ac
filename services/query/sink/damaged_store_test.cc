// Files of a store that are changed while nobody looks: whatever is read afterwards is right, or it
// is refused and read from Kafka again.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "services/query/sink/result_store.h"
#include "services/query/sink/sample_changes.h"

namespace windrow::query {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int kPartitions = 2;
constexpr int kBatches = 60;

// All that a store says, in words. An error of reading it, instead.
absl::StatusOr<std::string> Dump(const StoreView& view) {
  std::string text;
  const auto add_row = [&text](const StoredRow& row) {
    absl::StrAppend(&text, row.window_start_us, "-", row.window_end_us, " ", row.group, " ",
                    row.accepted, " ", row.revision, " ", row.deleted, " ", row.version.partition,
                    ":", row.version.offset, " ", row.commit_time_ms, " ", row.payload, "\n");
    return true;
  };
  absl::Status status;
  for (const auto& [name, summary] : view.views()) {
    absl::StrAppend(&text, name, " ", summary.rows, " ", summary.late, "\n");
    status.Update(view.ScanRows(name, kMin, kMax, "", add_row));
    status.Update(view.ScanWindows(name, kMin, kMax, false, [&text](const StoredWindow& window) {
      absl::StrAppend(&text, window.window_start_us, "-", window.window_end_us, " ", window.rows,
                      " ", window.accepted, " ", window.late, " ", window.revision(), "\n");
      return true;
    }));
    for (int i = 0; i < kPartitions; ++i) {
      status.Update(view.ScanChanges(name, i, 0, add_row));
      status.Update(view.ScanClosing(
          name, i, "", std::string(20, '\xff'),
          [&add_row](absl::string_view /*key*/, const StoredRow& row) { return add_row(row); }));
    }
  }
  for (int i = 0; i < kPartitions; ++i) {
    absl::StrAppend(&text, "at ", view.next_offset(i), " known from ", view.known_from(i),
                    " expired through ", view.state().expired_through[i], " closed ",
                    view.results().closed_through_us(i).value_or(-1), "\n");
  }
  absl::StrAppend(&text, "horizon ", view.horizon_us(), "\n");
  if (!status.ok()) return status;
  return text;
}

std::unique_ptr<ResultStore> OpenStore(const std::string& directory) {
  ResultStore::Options options;
  options.retention = absl::Microseconds(20'000);
  absl::StatusOr<std::unique_ptr<ResultStore>> store =
      ResultStore::Create("p", directory, 1, options);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

std::vector<fs::path> FilesOf(const std::string& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    // What RocksDB tells people, and locks.
    const bool is_content = entry.is_regular_file() && entry.file_size() > 0 &&
                            !absl::StartsWith(name, "LOG") && name != "LOCK";
    if (is_content) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class StoreDamageTest : public ::testing::Test {
 protected:
  // Batches like those of a pipeline; the store is opened anew several times meanwhile, so that
  // it has tables, a manifest with many entries, and a log that has not been made a table.
  static void SetUpTestSuite() {
    sample_ = new Sample;
    std::mt19937 random(1);
    SampleTopic topic(kPartitions);
    for (int i = 0; i < kBatches; ++i) {
      for (int change = 0; change < 40; ++change) {
        const int group = static_cast<int>(random() % 25);
        const int64_t start_us = (i + static_cast<int64_t>(random() % 4)) * 600;
        if (random() % 12 == 0) {
          topic.DeleteRow(group % kPartitions, start_us, absl::StrCat("group ", group));
        } else {
          topic.CorrectedRow(group % kPartitions, start_us, absl::StrCat("group ", group),
                             random() % 1000, random() % 3);
        }
      }
      topic.Late(i % kPartitions, i * 600, i);
      for (int p = 0; p < kPartitions; ++p) topic.CloseThrough(p, i * 600);
      sample_->batches.push_back(topic.Take());
    }
    sample_->directory = TestDirectory();
    std::unique_ptr<ResultStore> store = OpenStore(sample_->directory);
    ASSERT_TRUE(store->Open(kPartitions).ok());
    AddTruth(*store);
    for (int i = 0; i < kBatches; ++i) {
      const absl::Status applied = store->Apply(sample_->batches[i]);
      ASSERT_TRUE(applied.ok()) << applied;
      AddTruth(*store);
      ASSERT_TRUE(store->Report(ReadingState()).ok());
      AddTruth(*store);
      if (i == 3) {
        ASSERT_TRUE(store->MarkComplete().ok());
      }
      if (i % 12 != 11 || i > 50) continue;
      store.reset();
      store = OpenStore(sample_->directory);
      ASSERT_TRUE(store->Open(kPartitions).ok());
    }
    sample_->end = *Dump(*store->view());
  }
  static void TearDownTestSuite() {
    delete sample_;
    sample_ = nullptr;
  }

  // What the store says after each of its writes; more than one at the same offsets, as expired
  // rows go.
  static void AddTruth(const ResultStore& store) {
    const auto text = Dump(*store.view());
    ASSERT_TRUE(text.ok()) << text.status();
    sample_->truths.insert(*text);
  }

  // Opens a copy of the store after `damage` was done to one of its files, chosen by `random`.
  template <typename Damage>
  void Try(std::mt19937& random, const std::string& what, Damage damage) {
    const std::string copy = TestDirectory() + "/copy";
    fs::copy(sample_->directory, copy, fs::copy_options::recursive);
    const std::vector<fs::path> files = FilesOf(copy);
    const fs::path& file = files[random() % files.size()];
    SCOPED_TRACE(absl::StrCat(what, " of ", file.string()));
    damage(file, random);
    CheckStore(copy);
    std::error_code ignored;
    fs::remove_all(copy, ignored);
  }

  void CheckStore(const std::string& directory) {
    std::unique_ptr<ResultStore> store = OpenStore(directory);
    ASSERT_NE(store, nullptr);
    const std::shared_ptr<const StoreView> view = store->view();
    if (view == nullptr) {
      ++rebuilt_;
    } else {
      const absl::StatusOr<std::string> text = Dump(*view);
      if (text.ok()) {
        EXPECT_EQ(sample_->truths.count(*text), 1u) << "a wrong answer: " << *text;
        *text == sample_->end ? ++whole_ : ++older_;
        EXPECT_TRUE(*text == sample_->end || !view->complete()) << "answers with less than before";
      } else {
        ++refused_;
        EXPECT_EQ(text.status().code(), absl::StatusCode::kDataLoss) << text.status();
        EXPECT_TRUE(view->damaged()) << "calls must be refused";
        EXPECT_EQ(store->Report(ReadingState()).code(), absl::StatusCode::kDataLoss);
        EXPECT_EQ(store->Open(kPartitions).status().code(), absl::StatusCode::kDataLoss);
        ASSERT_TRUE(store->Rebuild(RebuildReason::kStoreBroken, "test").ok());
      }
    }
    ReadOn(store.get());
  }

  // As the reader of the topic does; in the end everything is there.
  void ReadOn(ResultStore* store) {
    for (int attempt = 0; attempt < 3; ++attempt) {
      if (ReadAll(store)) {
        const absl::StatusOr<std::string> text = Dump(*store->view());
        ASSERT_TRUE(text.ok()) << text.status();
        // How far expired rows are gone depends on the steps; what is seen does not.
        EXPECT_EQ(Seen(*text), Seen(sample_->end));
        return;
      }
      ASSERT_TRUE(store->Rebuild(RebuildReason::kStoreBroken, "test").ok());
    }
    FAIL() << "was damaged time and again";
  }

  bool ReadAll(ResultStore* store) {
    if (!store->Open(kPartitions).ok()) return false;
    for (const ChangeBatch& batch : sample_->batches) {
      const absl::Status applied = store->Apply(batch);
      EXPECT_TRUE(applied.ok() || absl::IsDataLoss(applied)) << applied;
      if (!applied.ok() || !store->Report(ReadingState()).ok()) return false;
    }
    return Dump(*store->view()).ok();
  }

  // Without the counters of what is held.
  static std::string Seen(const std::string& text) {
    std::string seen;
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      const bool counts = absl::StartsWith(line, "by-") || absl::StartsWith(line, "at ");
      if (!counts) absl::StrAppend(&seen, line, "\n");
    }
    return seen;
  }

  void PrintSummary() const {
    std::cout << "whole " << whole_ << ", older " << older_ << ", refused " << refused_
              << ", rebuilt " << rebuilt_ << std::endl;
  }

  struct Sample {
    std::string directory;
    std::vector<ChangeBatch> batches;
    std::set<std::string> truths;
    std::string end;
  };
  static Sample* sample_;

  int whole_ = 0;
  int older_ = 0;
  int refused_ = 0;
  int rebuilt_ = 0;
};

StoreDamageTest::Sample* StoreDamageTest::sample_ = nullptr;

uint32_t Seed() {
  const char* const given = std::getenv("WINDROW_TEST_SEED");
  return given != nullptr ? static_cast<uint32_t>(std::atoll(given)) : std::random_device()();
}

int Trials(int trials) {
  const char* const factor = std::getenv("WINDROW_TEST_FACTOR");
  return factor != nullptr ? trials * std::atoi(factor) : trials;
}

void FlipBit(const fs::path& path, std::mt19937& random) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const auto place = static_cast<std::streamoff>(random() % fs::file_size(path));
  file.seekg(place);
  const auto byte = static_cast<char>(file.get());
  file.seekp(place);
  file.put(static_cast<char>(byte ^ (1 << random() % 8)));
}

TEST_F(StoreDamageTest, UntouchedStoreIsWhole) {
  const std::string copy = TestDirectory() + "/copy";
  fs::copy(sample_->directory, copy, fs::copy_options::recursive);
  CheckStore(copy);
  EXPECT_EQ(whole_, 1);
}

TEST_F(StoreDamageTest, FlippedBits) {
  const uint32_t seed = Seed();
  std::cout << "again: WINDROW_TEST_SEED=" << seed << std::endl;
  std::mt19937 random(seed);
  for (int trial = 0; trial < Trials(60) && !HasFailure(); ++trial) {
    Try(random, absl::StrCat("flip ", trial), FlipBit);
  }
  PrintSummary();
  EXPECT_GT(refused_ + rebuilt_ + older_, 10);
}

TEST_F(StoreDamageTest, TruncatedFiles) {
  const uint32_t seed = Seed();
  std::cout << "again: WINDROW_TEST_SEED=" << seed << std::endl;
  std::mt19937 random(seed);
  for (int trial = 0; trial < Trials(40) && !HasFailure(); ++trial) {
    Try(random, absl::StrCat("cut ", trial), [](const fs::path& path, std::mt19937& chance) {
      fs::resize_file(path, chance() % fs::file_size(path));
    });
  }
  PrintSummary();
  EXPECT_GT(refused_ + rebuilt_ + older_, 10);
}

TEST_F(StoreDamageTest, WipedFiles) {
  std::mt19937 random(1);
  const size_t files = FilesOf(sample_->directory).size();
  for (size_t i = 0; i < files && !HasFailure(); ++i) {
    const std::string copy = TestDirectory() + "/copy";
    fs::copy(sample_->directory, copy, fs::copy_options::recursive);
    const fs::path file = FilesOf(copy)[i];
    SCOPED_TRACE(absl::StrCat("without ", file.string()));
    fs::remove(file);
    CheckStore(copy);
  }
  PrintSummary();
  EXPECT_GT(rebuilt_, 2);
}

}  // namespace
}  // namespace windrow::query
