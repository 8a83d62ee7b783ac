#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/query/sink/caller_watch.h"
#include "services/query/sink/result_message.h"
#include "services/query/sink/result_page.h"
#include "services/query/sink/result_store.h"
#include "services/query/sink/sample_changes.h"
#include "services/query/sink/series_page.h"
#include "services/query/sink/total_page.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ViewDefinition Definition() {
  ViewDefinition view;
  view.aggregates = {{"count", TotalRule::kSum}};
  return view;
}

std::string Count(const google::protobuf::RepeatedPtrField<results::v1::Field>& fields) {
  EXPECT_EQ(fields.size(), 1);
  EXPECT_EQ(fields.at(0).name(), "count");
  if (fields.at(0).value_case() == results::v1::Field::kError) {
    return results::v1::ValueError_Name(fields.at(0).error());
  }
  return absl::StrCat(fields.at(0).int_value());
}

// "group: start=count... total".
std::vector<std::string> Texts(const v1::ListSeriesResponse& response) {
  std::vector<std::string> texts;
  for (const v1::Series& series : response.series()) {
    std::vector<std::string> points;
    for (const v1::Point& point : series.points()) {
      points.push_back(absl::StrCat(FromTimestamp(point.window_start_time()), "=",
                                    Count(point.values()), point.final() ? "" : "?"));
    }
    texts.push_back(absl::StrCat(series.group(0).string_value(), ": ", absl::StrJoin(points, " "),
                                 " ", Count(series.totals())));
  }
  return texts;
}

// "start-end rows/accepted count".
std::vector<std::string> Texts(const v1::ListTotalsResponse& response) {
  std::vector<std::string> texts;
  for (const v1::Total& total : response.totals()) {
    texts.push_back(absl::StrCat(FromTimestamp(total.window_start_time()), "-",
                                 FromTimestamp(total.window_end_time()), total.final() ? "" : "?",
                                 " ", total.rows(), "/", total.accepted(), " ",
                                 Count(total.values())));
  }
  return texts;
}

class HistoryPagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = ResultStore::Create("p", TestDirectory());
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    ASSERT_TRUE(store_->Open(2).ok());
  }

  void Apply(SampleTopic& topic) {
    const absl::Status status = store_->Apply(topic.Take());
    ASSERT_TRUE(status.ok()) << status;
  }
  void ApplySample() {
    Apply(topic_.Row(0, 0, "a", 1).Row(1, 0, "b", 2).Row(0, 600, "a", 5).Row(0, 1200, "c", 4));
    Apply(topic_.Row(1, 1200, "b", 7).CloseThrough(0, 1200).CloseThrough(1, 1200));
  }

  template <typename Page, typename Response>
  std::vector<std::vector<std::string>> AllPages(const typename Page::Request& request,
                                                 absl::Status* status = nullptr) {
    std::vector<std::vector<std::string>> pages;
    std::string last_item;
    do {
      Response response;
      Page page(*store_->view(), request, &response);
      const absl::Status filled = page.Fill(last_item);
      if (status != nullptr) *status = filled;
      EXPECT_TRUE(filled.ok() || status != nullptr) << filled;
      if (!filled.ok()) return pages;
      // One total may be more than there was room for.
      EXPECT_LE(response.ByteSizeLong(), request.most_bytes + 1000);
      pages.push_back(Texts(response));
      last_item = page.next_item();
    } while (!last_item.empty() && pages.size() < 10'000);
    return pages;
  }
  std::vector<std::vector<std::string>> AllSeries(const SeriesPage::Request& request,
                                                  absl::Status* status = nullptr) {
    return AllPages<SeriesPage, v1::ListSeriesResponse>(request, status);
  }
  std::vector<std::vector<std::string>> AllTotals(const TotalPage::Request& request,
                                                  absl::Status* status = nullptr) {
    return AllPages<TotalPage, v1::ListTotalsResponse>(request, status);
  }

  template <typename Request>
  static Request WithPages(int page_size, const std::string& filter = "") {
    Request request;
    request.view = std::string(SampleTopic::kView);
    request.definition = Definition();
    request.filter = *RowFilter::Parse(filter);
    request.page_size = page_size;
    return request;
  }
  static SeriesPage::Request Series(int page_size, const std::string& order = "",
                                    const std::string& filter = "") {
    auto request = WithPages<SeriesPage::Request>(page_size, filter);
    request.order = *RowOrder::Parse(order);
    return request;
  }
  static TotalPage::Request Totals(int page_size, const std::string& filter = "") {
    return WithPages<TotalPage::Request>(page_size, filter);
  }

  std::unique_ptr<ResultStore> store_;
  SampleTopic topic_{2};
};

TEST_F(HistoryPagesTest, SeriesAreRowsByGroup) {
  EXPECT_THAT(AllSeries(Series(10)), ElementsAre(IsEmpty()));
  ApplySample();
  const std::string a = "a: 0=1 600=5 6";
  const std::string b = "b: 0=2 1200=7? 9";
  const std::string c = "c: 1200=4? 4";
  EXPECT_THAT(AllSeries(Series(10)), ElementsAre(ElementsAre(a, b, c)));
  EXPECT_THAT(AllSeries(Series(2)), ElementsAre(ElementsAre(a, b), ElementsAre(c)));
  EXPECT_THAT(AllSeries(Series(2, "count desc")), ElementsAre(ElementsAre(b, a), ElementsAre(c)));
  SeriesPage::Request range = Series(10);
  range.range.start_us = 1;
  range.range.end_us = 1200;
  EXPECT_THAT(AllSeries(range), ElementsAre(ElementsAre("a: 600=5 5")));
  EXPECT_THAT(AllSeries(Series(10, "count", "count > 2 AND type != \"c\"")),
              ElementsAre(ElementsAre("a: 600=5 5", "b: 1200=7? 7")));
}

TEST_F(HistoryPagesTest, PageSizeMayChangeBetweenPages) {
  ApplySample();
  v1::ListSeriesResponse first;
  SeriesPage one(*store_->view(), Series(1), &first);
  ASSERT_TRUE(one.Fill("").ok());
  v1::ListSeriesResponse rest;
  SeriesPage two(*store_->view(), Series(5), &rest);
  ASSERT_TRUE(two.Fill(one.next_item()).ok());
  EXPECT_EQ(first.series_size(), 1);
  EXPECT_EQ(rest.series_size(), 2);
  EXPECT_EQ(two.next_item(), "");
}

TEST_F(HistoryPagesTest, RangeThatIsTooLargeIsRefused) {
  ApplySample();
  absl::Status status;
  SeriesPage::Request rows = Series(10);
  rows.most_rows = 5;
  EXPECT_THAT(AllSeries(rows), ElementsAre(::testing::SizeIs(3)));
  rows.most_rows = 4;
  AllSeries(rows, &status);
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  rows.filter = *RowFilter::Parse("type = \"a\"");
  EXPECT_THAT(AllSeries(rows), ElementsAre(::testing::SizeIs(1)))
      << "only rows that are taken count";

  SeriesPage::Request bytes = Series(10);
  bytes.most_bytes = 50;
  AllSeries(bytes, &status);
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
}

TEST_F(HistoryPagesTest, PagesOfLongSeriesAreBoundedByBytes) {
  for (int start = 0; start < 100; ++start) {
    for (int group = 0; group < 40; ++group) topic_.Row(0, start * 600, absl::StrCat(group), 1);
  }
  Apply(topic_);
  SeriesPage::Request request = Series(1000);
  request.most_bytes = 50'000;
  const auto pages = AllSeries(request);
  EXPECT_GT(pages.size(), 2u);
  size_t series = 0;
  for (const auto& page : pages) {
    series += page.size();
    for (const std::string& text : page) EXPECT_TRUE(absl::EndsWith(text, " 100"));
  }
  EXPECT_EQ(series, 40u);
}

TEST_F(HistoryPagesTest, TotalsAreSumsOfRows) {
  EXPECT_THAT(AllTotals(Totals(10)), ElementsAre(IsEmpty()));
  ApplySample();
  Apply(topic_.Late(0, 3000, 1));
  const std::string first = "0-600 2/3 3";
  const std::string second = "600-1200 1/5 5";
  const std::string third = "1200-1800? 2/11 11";
  EXPECT_THAT(AllTotals(Totals(10)), ElementsAre(ElementsAre(first, second, third)))
      << "a window of late records alone has no total";
  EXPECT_THAT(AllTotals(Totals(1)),
              ElementsAre(ElementsAre(first), ElementsAre(second), ElementsAre(third)));
  TotalPage::Request newest = Totals(2);
  newest.range.newest_first = true;
  EXPECT_THAT(AllTotals(newest), ElementsAre(ElementsAre(third, second), ElementsAre(first)));
  TotalPage::Request range = Totals(2);
  range.range.start_us = 600;
  range.range.end_us = 601;
  EXPECT_THAT(AllTotals(range), ElementsAre(ElementsAre(second)));
  EXPECT_THAT(AllTotals(Totals(10, "type = \"b\"")),
              ElementsAre(ElementsAre("0-600 1/2 2", "1200-1800? 1/7 7")));
}

TEST_F(HistoryPagesTest, TotalThatIsTooLargeIsAnError) {
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  Apply(topic_.Row(0, 0, "a", kMost).Row(0, 600, "a", 1).Row(0, 600, "b", 2));
  EXPECT_THAT(
      AllTotals(Totals(10)),
      ElementsAre(ElementsAre(absl::StrCat("0-600? 1/", kMost, " ", kMost), "600-1200? 2/3 3")));
  EXPECT_THAT(AllSeries(Series(10)),
              ElementsAre(ElementsAre(absl::StrCat("a: 0=", kMost, "? 600=1? VALUE_ERROR_OVERFLOW"),
                                      "b: 600=2? 2")));
}

TEST_F(HistoryPagesTest, SearchForRareRowsGoesOnOverPages) {
  ApplySample();
  TotalPage::Request request = Totals(10, "type = \"c\"");
  request.most_rows_scanned = 2;
  EXPECT_THAT(AllTotals(request), ElementsAre(IsEmpty(), ElementsAre("1200-1800? 1/4 4")));
}

TEST_F(HistoryPagesTest, UnknownNamesAreRefused) {
  ApplySample();
  absl::Status status;
  AllSeries(Series(10, "", "nonsense = 1"), &status);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  AllTotals(Totals(10, "nonsense = 1"), &status);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

// Random rows, any pages: the same as sums of the test.
TEST_F(HistoryPagesTest, AgreeWithAModel) {
  std::mt19937 random(5);
  std::map<int64_t, std::map<std::string, int64_t>> model;
  for (int i = 0; i < 2000; ++i) {
    const int64_t start = static_cast<int64_t>(random() % 40) * 600;
    const std::string group = absl::StrCat("g", random() % 30);
    const auto count = static_cast<int64_t>(random() % 100);
    model[start][group] = count;
    topic_.Row(0, start, group, count);
  }
  Apply(topic_);
  std::map<std::string, int64_t> by_group;
  std::map<int64_t, int64_t> by_window;
  for (const auto& [start, rows] : model) {
    for (const auto& [group, count] : rows) {
      by_group[group] += count;
      by_window[start] += count;
    }
  }
  for (const int page_size : {1, 3, 7, 1000}) {
    std::map<std::string, int64_t> series;
    for (const auto& page : AllSeries(Series(page_size, "count desc"))) {
      for (const std::string& text : page) {
        const std::string group = text.substr(0, text.find(':'));
        EXPECT_TRUE(series.emplace(group, std::stoll(text.substr(text.rfind(' ')))).second);
      }
    }
    EXPECT_EQ(series, by_group);
    std::map<int64_t, int64_t> totals;
    for (const auto& page : AllTotals(Totals(page_size))) {
      for (const std::string& text : page) {
        EXPECT_TRUE(
            totals.emplace(std::stoll(text), std::stoll(text.substr(text.rfind(' ')))).second);
      }
    }
    EXPECT_EQ(totals, by_window);
  }
}

// More rows than are looked at between two questions.
template <typename Page, typename Response>
absl::Status FillForNobody(const StoreView& content, typename Page::Request request,
                           Response* response) {
  request.is_waiting = [] { return false; };
  request.view = std::string(SampleTopic::kView);
  request.page_size = 5000;
  return Page(content, std::move(request), response).Fill("");
}

TEST_F(HistoryPagesTest, NothingIsPutTogetherForNobody) {
  for (int row = 0; row < 1000; ++row) topic_.Row(0, 0, absl::StrCat("group-", row), 1);
  Apply(topic_);
  v1::ListResultsResponse results;
  ResultPage::Request in_order;
  in_order.order = *RowOrder::Parse("count");
  const StoreView& content = *store_->view();
  EXPECT_TRUE(absl::IsCancelled(FillForNobody<ResultPage>(content, in_order, &results)));
  EXPECT_TRUE(absl::IsCancelled(FillForNobody<ResultPage>(content, {}, &results)));
  EXPECT_LT(results.results_size(), CallerWatch::kRowsBetween);
  v1::ListSeriesResponse series;
  EXPECT_TRUE(absl::IsCancelled(FillForNobody<SeriesPage>(content, {}, &series)));
  v1::ListTotalsResponse totals;
  EXPECT_TRUE(absl::IsCancelled(FillForNobody<TotalPage>(content, {}, &totals)));
}

}  // namespace
}  // namespace windrow::query
