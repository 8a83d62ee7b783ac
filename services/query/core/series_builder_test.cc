#include "services/query/core/series_builder.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

SeriesBuilder::Options WithOrder(const std::string& order, int page_size, std::string after = "") {
  SeriesBuilder::Options options;
  options.order = *RowOrder::Parse(order);
  options.view.aggregates = {{"count", TotalRule::kSum}, {"least", TotalRule::kLeast}};
  options.after = std::move(after);
  options.page_size = page_size;
  options.most_rows = 1000;
  options.most_bytes = 1000;
  return options;
}

struct Row {
  std::string group;
  int64_t count;
};

absl::StatusOr<SeriesBuilder::Choice> Choose(const SeriesBuilder::Options& options,
                                             const std::vector<Row>& rows, size_t point_bytes = 1) {
  SeriesBuilder builder(options);
  for (const Row& row : rows) {
    const absl::Status added = builder.Add(
        row.group, point_bytes, 0,
        [&row](absl::string_view /*name*/) { return absl::optional<RowValue>(row.count); });
    if (!added.ok()) return added;
  }
  return builder.Choose();
}

std::vector<std::vector<std::string>> AllPages(const std::string& order, int page_size,
                                               const std::vector<Row>& rows,
                                               size_t point_bytes = 1) {
  std::vector<std::vector<std::string>> pages;
  std::string after;
  do {
    const auto choice = Choose(WithOrder(order, page_size, after), rows, point_bytes);
    EXPECT_TRUE(choice.ok()) << choice.status();
    if (!choice.ok()) return pages;
    pages.push_back(choice->groups);
    after = choice->next_item;
  } while (!after.empty());
  return pages;
}

const std::vector<Row>& Sample() {
  static const auto* const rows =
      new std::vector<Row>{{"c", 1}, {"a", 2}, {"d", 9}, {"b", 4}, {"a", 3}, {"c", 1}, {"e", -1}};
  return *rows;
}

TEST(SeriesBuilderTest, ByGroup) {
  EXPECT_THAT(AllPages("", 10, Sample()), ElementsAre(ElementsAre("a", "b", "c", "d", "e")));
  EXPECT_THAT(AllPages("", 2, Sample()),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d"), ElementsAre("e")));
  EXPECT_THAT(AllPages("", 5, {}), ElementsAre(IsEmpty()));
}

TEST(SeriesBuilderTest, ByWhatRowsAddUpTo) {
  EXPECT_THAT(AllPages("count desc", 2, Sample()),
              ElementsAre(ElementsAre("d", "a"), ElementsAre("b", "c"), ElementsAre("e")));
  EXPECT_THAT(AllPages("least", 4, Sample()),
              ElementsAre(ElementsAre("e", "c", "a", "b"), ElementsAre("d")));
}

TEST(SeriesBuilderTest, EqualOnesByGroupOnce) {
  const std::vector<Row> rows = {{"b", 1}, {"a", 1}, {"c", 1}};
  EXPECT_THAT(AllPages("count", 1, rows),
              ElementsAre(ElementsAre("a"), ElementsAre("b"), ElementsAre("c")));
}

TEST(SeriesBuilderTest, PagesAreBoundedByBytes) {
  // Two points of 400 bytes for a and c; 1,000 at most on a page.
  EXPECT_THAT(
      AllPages("", 10, Sample(), 400),
      ElementsAre(ElementsAre("a"), ElementsAre("b"), ElementsAre("c"), ElementsAre("d", "e")));
}

TEST(SeriesBuilderTest, SeriesThatDoesNotFitIsRefused) {
  EXPECT_EQ(Choose(WithOrder("", 10), {{"b", 1}, {"a", 1}}, 1001).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(Choose(WithOrder("", 10), {{"b", 1}, {"a", 1}}, 1000).ok());
}

TEST(SeriesBuilderTest, TooManyRowsAreRefused) {
  EXPECT_TRUE(Choose(WithOrder("", 1), std::vector<Row>(1000, {"a", 1}), 1).ok());
  EXPECT_EQ(Choose(WithOrder("", 1), std::vector<Row>(1001, {"a", 1}), 0).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST(SeriesBuilderTest, AnyPageSizeListsTheSame) {
  std::mt19937 random(11);
  std::vector<Row> rows;
  for (int i = 0; i < 500; ++i) {
    rows.push_back({std::to_string(random() % 60), static_cast<int64_t>(random() % 5)});
  }
  for (const char* const order : {"", "count desc", "least, count"}) {
    const auto all = AllPages(order, 1000, rows, 0);
    ASSERT_EQ(all.size(), 1u);
    for (const int page_size : {1, 7, 59, 60}) {
      std::vector<std::string> joined;
      for (const auto& page : AllPages(order, page_size, rows, 0)) {
        joined.insert(joined.end(), page.begin(), page.end());
      }
      EXPECT_EQ(joined, all[0]) << order << " " << page_size;
    }
  }
}

}  // namespace
}  // namespace windrow::query
