#include "services/producer/source/dataset_reader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/producer/core/event_time.h"

namespace windrow::producer {
namespace {

using Texts = std::vector<std::string>;

std::string Call(absl::string_view time, int number) {
  return absl::StrCat("{\"n\":", number, ",\"nested\":{\"call_date_time\":\"2001-01-01T00:00:00\"}",
                      ",\"call_date_time\":\"", time, "\",\"address\":\"A St\\/b St\"}");
}

class DatasetReaderTest : public testing::Test {
 protected:
  std::string Path(const std::string& name = "dataset") const {
    return absl::StrCat(testing::TempDir(), "/dataset_reader_test.",
                        testing::UnitTest::GetInstance()->current_test_info()->name(), ".", name);
  }

  std::string Write(const std::string& bytes) const {
    std::ofstream(Path(), std::ios::binary) << bytes;
    return Path();
  }

  std::unique_ptr<DatasetReader> Open(Order order) const {
    auto reader = DatasetReader::Open({Path(), "call_date_time"}, order);
    EXPECT_TRUE(reader.ok()) << reader.status();
    return reader.ok() ? *std::move(reader) : nullptr;
  }

  // All records in this order; fails when anything goes wrong.
  Texts Read(Order order) {
    Texts texts;
    times_.clear();
    const auto reader = Open(order);
    EXPECT_TRUE(reader->Prepare([] { return false; }).ok());
    if (order == Order::kEventTime) total_before_ = reader->records_total();
    while (true) {
      SourceRecord record;
      const absl::StatusOr<bool> more = reader->Next(&record);
      EXPECT_TRUE(more.ok()) << more.status();
      if (!more.value_or(false)) break;
      texts.emplace_back(record.value);
      times_.push_back(record.event_time_us);
    }
    EXPECT_EQ(reader->records_total(), static_cast<int64_t>(texts.size()));
    return texts;
  }

  // The first error of preparing and reading everything.
  absl::Status Fail(Order order) const {
    const auto reader = Open(order);
    if (absl::Status status = reader->Prepare([] { return false; }); !status.ok()) return status;
    while (true) {
      SourceRecord record;
      const absl::StatusOr<bool> more = reader->Next(&record);
      if (!more.ok()) return more.status();
      if (!*more) return absl::OkStatus();
    }
  }

  std::vector<std::optional<int64_t>> times_;
  int64_t total_before_ = 0;
};

TEST_F(DatasetReaderTest, FileOrderIsTheFilesOrder) {
  const Texts calls = {Call("2018-12-31T23:57:00.000", 0), Call("2018-12-31T23:54:00.000", 1),
                       "not json", Call("2018-12-31T23:55:00.000", 3)};
  Write(absl::StrCat(calls[0], "\n", calls[1], "\n", calls[2], "\n", calls[3], "\n"));
  EXPECT_EQ(Read(Order::kFile), calls);
  const auto time = *ParseEventTime("2018-12-31T23:54:00.000");
  EXPECT_EQ(times_[1], time);
  EXPECT_EQ(times_[2], time);
}

TEST_F(DatasetReaderTest, EventTimeOrderIsStable) {
  const Texts calls = {Call("2018-12-31T23:57:00.000", 0), Call("2018-12-31T23:54:00.000", 1),
                       Call("2018-12-31T23:57:00.000", 2), Call("2018-12-31T23:54:00.000", 3),
                       Call("2018-12-31T23:50:00.000", 4)};
  Write(absl::StrCat("[", calls[0], ",\n", calls[1], ",", calls[2], ",", calls[3], ",", calls[4],
                     "]"));
  EXPECT_EQ(Read(Order::kEventTime), (Texts{calls[4], calls[1], calls[3], calls[0], calls[2]}));
  EXPECT_EQ(total_before_, 5);
}

TEST_F(DatasetReaderTest, RecordsWithoutATimeStayBehindTheOneBefore) {
  const std::string no_time = "{\"n\":1}";
  const std::string wrong_time = "{\"call_date_time\":\"unknown\"}";
  const std::string number = "{\"call_date_time\":20181231}";
  const Texts calls = {no_time,
                       Call("2018-12-31T23:57:00.000", 0),
                       wrong_time,
                       "[1,2]",
                       Call("2018-12-31T23:54:00.000", 1),
                       number,
                       Call("2018-12-31T23:57:00.000", 2)};
  std::string lines;
  for (const std::string& call : calls) absl::StrAppend(&lines, call, "\n");
  Write(lines);
  EXPECT_EQ(Read(Order::kEventTime),
            (Texts{calls[0], calls[4], calls[5], calls[1], calls[2], calls[3], calls[6]}));
  EXPECT_EQ(times_[0], std::nullopt);
  EXPECT_EQ(times_[2], ParseEventTime("2018-12-31T23:54:00.000"));
  EXPECT_EQ(times_[5], ParseEventTime("2018-12-31T23:57:00.000"));
}

// More than a batch of records, and more than a chunk of bytes, scattered and reversed.
TEST_F(DatasetReaderTest, LargeFilesComeOutSorted) {
  for (int stride : {1, -1, 7919}) {
    constexpr int kRecords = 20'000;
    std::string array = "[";
    std::vector<std::pair<int, int>> order;
    for (int i = 0; i < kRecords; ++i) {
      const int minute = ((i * stride) % kRecords + kRecords) % kRecords / 3;
      order.emplace_back(minute, i);
      const std::string time = absl::StrFormat("2018-12-%02dT%02d:%02d:00.000", 1 + minute / 1440,
                                               minute / 60 % 24, minute % 60);
      absl::StrAppend(&array, i == 0 ? "" : ",", Call(time, i));
    }
    Write(array + "]");
    std::sort(order.begin(), order.end());
    const Texts texts = Read(Order::kEventTime);
    ASSERT_EQ(texts.size(), order.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      const std::string prefix = absl::StrCat("{\"n\":", order[i].second, ",");
      ASSERT_EQ(texts[i].substr(0, prefix.size()), prefix) << "stride " << stride;
      ASSERT_EQ(texts[i].back(), '}');
    }
  }
}

TEST_F(DatasetReaderTest, ReadsAnotherTimeField) {
  Write("{\"t\":\"2018-01-02T00:00:00Z\"}\n{\"t\":\"2018-01-01T00:00:00Z\"}\n");
  auto reader = DatasetReader::Open({Path(), "t"}, Order::kEventTime);
  ASSERT_TRUE(reader.ok() && (*reader)->Prepare([] { return false; }).ok());
  SourceRecord record;
  ASSERT_TRUE((*reader)->Next(&record).value_or(false));
  EXPECT_EQ(record.value, "{\"t\":\"2018-01-01T00:00:00Z\"}");
}

TEST_F(DatasetReaderTest, OpenNamesWhatIsWrongWithTheFile) {
  const auto error = [](const std::string& path) {
    return DatasetReader::Open({path, "t"}, Order::kFile).status();
  };
  EXPECT_EQ(error("/no/such/file").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(error("/no/such/file").message(),
            "cannot open the dataset /no/such/file: No such file or directory");
  EXPECT_EQ(error(testing::TempDir()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(error(testing::TempDir()).message().find("is a directory"), std::string::npos);
  EXPECT_NE(error(Write("")).message().find("is empty"), std::string::npos);
  EXPECT_NE(error(Write("\x1f\x8b\x08")).message().find("packed by gzip"), std::string::npos);
  EXPECT_NE(error(Write("\xff\xfe[")).message().find("UTF-16"), std::string::npos);
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_NE(error(Path("pipe")).message().find("no regular file"), std::string::npos);
}

TEST_F(DatasetReaderTest, ErrorsOfTheContentNameFileAndOffset) {
  for (Order order : {Order::kFile, Order::kEventTime}) {
    Write(" \n ");
    EXPECT_EQ(Fail(order).message(), absl::StrCat(Path(), ": it holds no records"));
    Write("[]");
    EXPECT_EQ(Fail(order).message(), absl::StrCat(Path(), ": it holds no records"));
    Write("[{\"a\":1},{\"b");
    EXPECT_EQ(Fail(order).message(),
              absl::StrCat(Path(), ": the dataset is cut short: it ends at byte 12, inside the ",
                           "record that begins at byte 9"));
  }
}

TEST_F(DatasetReaderTest, FindsOutThatTheFileWasChanged) {
  Write("{\"a\":1}\n{\"a\":2}\n");
  const auto reader = Open(Order::kEventTime);
  ASSERT_TRUE(reader->Prepare([] { return false; }).ok());
  Write("{\"a\":1}\n");
  SourceRecord record;
  EXPECT_EQ(reader->Next(&record).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DatasetReaderTest, SortingCanBeCancelled) {
  std::string lines;
  for (int i = 0; i < 10'000; ++i) lines += "{\"a\":1}\n";
  Write(lines);
  const auto reader = Open(Order::kEventTime);
  int asked = 0;
  EXPECT_EQ(reader->Prepare([&asked] { return ++asked == 2; }).code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace windrow::producer
