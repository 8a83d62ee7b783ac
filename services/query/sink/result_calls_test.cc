#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/query/sink/query_service_fixture.h"

namespace windrow::query {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

using ResultCallsTest = QueryServiceTest;

TEST_F(ResultCallsTest, ListsRowsInBothOrdersInPagesOfAnySize) {
  for (int window = 0; window < 4; ++window) {
    for (const char* group : {"c", "a", "b"}) topic_.Row(window % 2, window * 600, group, window);
  }
  Apply(topic_.Late(0, 9000, 1));
  const std::vector<std::string> oldest_first = {"0/a=0",    "0/b=0",    "0/c=0",    "600/a=1",
                                                 "600/b=1",  "600/c=1",  "1200/a=2", "1200/b=2",
                                                 "1200/c=2", "1800/a=3", "1800/b=3", "1800/c=3"};
  const std::vector<std::string> newest_first = {"1800/a=3", "1800/b=3", "1800/c=3", "1200/a=2",
                                                 "1200/b=2", "1200/c=2", "600/a=1",  "600/b=1",
                                                 "600/c=1",  "0/a=0",    "0/b=0",    "0/c=0"};
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  for (const int page_size : {0, 1, 2, 3, 4, 5, 12, 100'000}) {
    request.set_page_size(page_size);
    request.set_newest_first(false);
    EXPECT_EQ(AllRows(request), oldest_first) << page_size;
    request.set_newest_first(true);
    EXPECT_EQ(AllRows(request), newest_first) << page_size;
  }
  int pages = 0;
  request.set_page_size(4);
  AllRows(request, &pages);
  EXPECT_EQ(pages, 3) << "no empty page at the end";

  request.mutable_start_time()->set_nanos(600'000);
  request.mutable_end_time()->set_nanos(1'800'000);
  EXPECT_THAT(AllRows(request),
              ElementsAre("1200/a=2", "1200/b=2", "1200/c=2", "600/a=1", "600/b=1", "600/c=1"));
  request.set_newest_first(false);
  request.set_page_size(5);
  EXPECT_THAT(AllRows(request),
              ElementsAre("600/a=1", "600/b=1", "600/c=1", "1200/a=2", "1200/b=2", "1200/c=2"));
  request.mutable_end_time()->set_nanos(0);
  EXPECT_THAT(AllRows(request), IsEmpty());
}

TEST_F(ResultCallsTest, ListsTheRowsOfAFilter) {
  for (int window = 0; window < 4; ++window) {
    for (const char* group : {"c", "a", "b"}) topic_.Row(window % 2, window * 600, group, window);
  }
  Apply(topic_.CloseThrough(0, 600).CloseThrough(1, 600));
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  for (const int page_size : {0, 1, 2}) {
    request.set_page_size(page_size);
    request.set_newest_first(false);
    request.set_filter("type = b");
    EXPECT_THAT(AllRows(request), ElementsAre("0/b=0", "600/b=1", "1200/b=2", "1800/b=3"));
    request.set_filter("type = b AND count >= 2 OR final = true");
    EXPECT_THAT(AllRows(request), ElementsAre("0/b=0", "1200/b=2", "1800/b=3"));
    request.set_newest_first(true);
    EXPECT_THAT(AllRows(request), ElementsAre("1800/b=3", "1200/b=2", "0/b=0"));
    request.set_filter("count > 100");
    EXPECT_THAT(AllRows(request), IsEmpty());
  }
}

TEST_F(ResultCallsTest, ListsTheTopOfTheRows) {
  int count = 0;
  for (int window = 0; window < 4; ++window) {
    for (const char* group : {"c", "a", "b"}) {
      topic_.Row(window % 2, window * 600, group, ++count % 5);
    }
  }
  Apply(topic_);
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  request.set_order_by("count desc, type");
  const std::vector<std::string> all = AllRows(request);
  ASSERT_THAT(all, SizeIs(12));
  const auto value = [](const std::string& row) { return row.substr(row.find('/') + 1); };
  for (size_t i = 1; i < all.size(); ++i) {
    const std::string& before = all[i - 1];
    EXPECT_TRUE(before.back() > all[i].back() ||
                (before.back() == all[i].back() && value(before) <= value(all[i])))
        << before << " before " << all[i];
  }
  for (const int page_size : {1, 2, 5, 12, 13}) {
    request.set_page_size(page_size);
    EXPECT_EQ(AllRows(request), all) << page_size;
  }
  request.set_filter("type != c");
  request.mutable_start_time()->set_nanos(600'000);
  request.mutable_end_time()->set_nanos(1'200'000);
  EXPECT_THAT(AllRows(request), ElementsAre("600/b=1", "600/a=0"));
}

TEST_F(ResultCallsTest, TheTopIsThatOfTheNewestContentWhoeverAskedBefore) {
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  request.set_order_by("count desc");
  request.set_page_size(2);
  std::string last_token;
  for (int version = 1; version <= 3; ++version) {
    Apply(topic_.Row(0, 0, "a", 10 * version).Row(1, 0, "b", 5).Row(1, 0, "c", 7));
    for (int again = 0; again < 2; ++again) {
      v1::ListResultsResponse response;
      ASSERT_TRUE(Call(request, &response).ok());
      EXPECT_THAT(Rows(response.results()),
                  ElementsAre(absl::StrCat("0/a=", 10 * version), "0/c=7"));
      EXPECT_EQ(response.resume_token() == last_token, again == 1);
      last_token = response.resume_token();
      v1::ListResultsRequest next = request;
      next.set_page_token(response.next_page_token());
      ASSERT_TRUE(Call(next, &response).ok());
      EXPECT_THAT(Rows(response.results()), ElementsAre("0/b=5"));
    }
    v1::ListResultsRequest other = request;
    other.set_filter("count < 6");
    v1::ListResultsResponse response;
    ASSERT_TRUE(Call(other, &response).ok());
    EXPECT_THAT(Rows(response.results()), ElementsAre("0/b=5"));
  }
  Apply(topic_.CloseThrough(0, 600).CloseThrough(1, 600));
  v1::ListResultsResponse response;
  ASSERT_TRUE(Call(request, &response).ok());
  EXPECT_TRUE(response.results(0).final());
  service_->Withdraw("p");
  EXPECT_EQ(Reason(Call(request, &response)), "5 VIEW_NOT_FOUND");
}

TEST_F(ResultCallsTest, PagesStayBelowTheLimitOfAMessage) {
  for (int i = 0; i < 20; ++i) topic_.Row(0, i * 600, std::string(400'000, 'x'), 1);
  Apply(topic_);
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  int pages = 0;
  EXPECT_THAT(AllRows(request, &pages), SizeIs(20));
  EXPECT_GE(pages, 3);
}

TEST_F(ResultCallsTest, PagesInAnOrderMissNothingWhenRowsAreLarge) {
  // Neither from the smallest to the largest, nor the other way.
  for (int i = 0; i < 20; ++i) {
    topic_.Row(0, i * 600, std::string(400'000, 'x'), static_cast<uint64_t>(i * 7 % 20));
  }
  Apply(topic_);
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  request.set_order_by("count desc");
  std::vector<int64_t> counts;
  do {
    v1::ListResultsResponse response;
    ASSERT_TRUE(Call(request, &response).ok());
    EXPECT_THAT(response.results(), SizeIs(AllOf(Ge(1), Le(15))));
    for (const v1::Result& result : response.results()) counts.push_back(result.accepted());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  ASSERT_THAT(counts, SizeIs(20));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(counts[i], 19 - i);
}

TEST_F(ResultCallsTest, NamesWhatIsWrongWithAList) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 600, "a", 1));
  v1::ListResultsResponse response;
  v1::ListResultsRequest request;
  EXPECT_EQ(Reason(Call(request, &response)), "3 INVALID_FIELD");
  EXPECT_EQ(Field(Call(request, &response)), "parent");
  request.set_parent("pipelines/p/views/unknown");
  EXPECT_EQ(Reason(Call(request, &response)), "5 VIEW_NOT_FOUND");
  request.set_parent("pipelines/unknown/views/by-type");
  EXPECT_EQ(Reason(Call(request, &response)), "5 VIEW_NOT_FOUND");
  request.set_parent(kParent);
  request.set_page_size(-1);
  EXPECT_EQ(Field(Call(request, &response)), "page_size");
  request.set_page_size(1);
  request.mutable_start_time()->set_nanos(-1);
  EXPECT_EQ(Field(Call(request, &response)), "start_time");
  request.clear_start_time();
  request.set_page_token("nonsense");
  EXPECT_EQ(Reason(Call(request, &response)), "3 BAD_PAGE_TOKEN");
  request.clear_page_token();
  request.set_filter("count >");
  EXPECT_EQ(Field(Call(request, &response)), "filter");
  request.set_filter("cuont > 1");
  EXPECT_EQ(Field(Call(request, &response)), "filter");
  request.clear_filter();
  request.set_order_by("count down");
  EXPECT_EQ(Field(Call(request, &response)), "order_by");
  request.set_order_by("cuont");
  EXPECT_EQ(Field(Call(request, &response)), "order_by");
  request.clear_order_by();
  ASSERT_TRUE(Call(request, &response).ok());
  request.set_page_token(response.next_page_token());
  request.set_filter("count > 0");
  EXPECT_EQ(Reason(Call(request, &response)), "3 BAD_PAGE_TOKEN") << "of another filter";
  request.clear_filter();
  request.set_newest_first(true);
  EXPECT_EQ(Reason(Call(request, &response)), "3 BAD_PAGE_TOKEN") << "of another list";
  request.set_newest_first(false);
  request.set_page_size(10);
  EXPECT_TRUE(Call(request, &response).ok()) << "the size of a page may change";

  v1::ListViewsResponse views;
  v1::ListViewsRequest list_views;
  list_views.set_parent("pipelines/unknown");
  EXPECT_EQ(Reason(Call(list_views, &views)), "5 PIPELINE_NOT_FOUND");
  list_views.set_parent("unknown");
  EXPECT_EQ(Field(Call(list_views, &views)), "parent");
}

TEST_F(ResultCallsTest, ListsSeriesAndTotalsOnceItKnowsWhatIsComputed) {
  Apply(topic_.Row(0, 0, "a", 1).Row(1, 0, "b", 2).Row(0, 600, "a", 5).CloseThrough(0, 0));
  v1::ListSeriesRequest series;
  v1::ListTotalsRequest totals;
  series.set_parent(kParent);
  totals.set_parent(kParent);
  v1::ListSeriesResponse found;
  v1::ListTotalsResponse sums;
  EXPECT_EQ(Reason(Call(series, &found)), "14 DEFINITION_UNKNOWN");
  EXPECT_EQ(Reason(Call(totals, &sums)), "14 DEFINITION_UNKNOWN");
  auto definition = std::make_shared<PipelineDefinition>();
  definition->views["by-type"].aggregates = {{"count", TotalRule::kSum},
                                             {"mean", TotalRule::kNone}};
  store_->SetDefinition(definition);

  series.set_page_size(1);
  ASSERT_TRUE(Call(series, &found).ok());
  ASSERT_THAT(found.series(), SizeIs(1));
  EXPECT_EQ(found.series(0).group(0).string_value(), "a");
  EXPECT_THAT(found.series(0).points(), SizeIs(2));
  EXPECT_EQ(found.series(0).totals(0).int_value(), 6);
  series.set_page_token(found.next_page_token());
  series.set_page_size(7);
  ASSERT_TRUE(Call(series, &found).ok());
  ASSERT_THAT(found.series(), SizeIs(1));
  EXPECT_EQ(found.series(0).group(0).string_value(), "b");
  EXPECT_EQ(found.next_page_token(), "");
  series.set_filter("type = \"a\"");
  EXPECT_EQ(Reason(Call(series, &found)), "3 BAD_PAGE_TOKEN") << "of another filter";
  series.clear_page_token();
  series.set_order_by("mean");
  EXPECT_EQ(Field(Call(series, &found)), "order_by");

  totals.set_page_size(1);
  totals.set_newest_first(true);
  ASSERT_TRUE(Call(totals, &sums).ok());
  ASSERT_THAT(sums.totals(), SizeIs(1));
  EXPECT_EQ(sums.totals(0).values(0).int_value(), 5);
  totals.set_page_token(sums.next_page_token());
  ASSERT_TRUE(Call(totals, &sums).ok());
  ASSERT_THAT(sums.totals(), SizeIs(1));
  EXPECT_EQ(sums.totals(0).rows(), 2);
  EXPECT_EQ(sums.totals(0).accepted(), 3);
  EXPECT_EQ(sums.next_page_token(), "");
  totals.clear_page_token();
  totals.set_filter("nonsense > 1");
  EXPECT_EQ(Field(Call(totals, &sums)), "filter");
}

}  // namespace
}  // namespace windrow::query
