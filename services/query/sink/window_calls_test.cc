#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/query/sink/query_service_fixture.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using WindowCallsTest = QueryServiceTest;

TEST_F(WindowCallsTest, ListsViewsInPages) {
  Apply(topic_.CloseThrough(0, 5'000'000).CloseThrough(1, 7'000'000));
  v1::ListViewsRequest request;
  request.set_page_size(1);
  v1::ListViewsResponse first;
  ASSERT_TRUE(Call(request, &first).ok());
  ASSERT_THAT(first.views(), SizeIs(1));
  EXPECT_EQ(first.views(0).name(), "pipelines/p/views/by-disposition");
  EXPECT_EQ(first.views(0).closed_through_time().seconds(), 5);
  request.set_page_token(first.next_page_token());
  v1::ListViewsResponse second;
  ASSERT_TRUE(Call(request, &second).ok());
  ASSERT_THAT(second.views(), SizeIs(1));
  EXPECT_EQ(second.views(0).name(), kParent);
  EXPECT_THAT(second.next_page_token(), IsEmpty());

  request.set_parent("pipelines/p");
  EXPECT_EQ(Reason(Call(request, &second)), "3 BAD_PAGE_TOKEN");
  request.clear_page_token();
  EXPECT_TRUE(Call(request, &second).ok());
}

TEST_F(WindowCallsTest, ReturnsOneWindow) {
  Apply(topic_.Row(0, 0, "a", 2).Row(1, 0, "b", 3).Row(0, 60'000'000, "a", 1));
  v1::GetWindowRequest request;
  v1::GetWindowResponse response;
  request.set_name(absl::StrCat(kParent, "/windows/1970-01-01T00:00:00Z"));
  ASSERT_TRUE(Call(request, &response).ok());
  EXPECT_EQ(response.window().name(), request.name());
  EXPECT_EQ(response.window().accepted(), 5);
  request.set_name(absl::StrCat(kParent, "/windows/1970-01-01T00:00:30Z"));
  EXPECT_EQ(Reason(Call(request, &response)), "5 WINDOW_NOT_FOUND");
  request.set_name(absl::StrCat(kParent, "/windows/today"));
  EXPECT_EQ(Field(Call(request, &response)), "name");
  request.set_name(kParent);
  EXPECT_EQ(Field(Call(request, &response)), "name");
  request.set_name("pipelines/p/views/unknown/windows/1970-01-01T00:00:00Z");
  EXPECT_EQ(Reason(Call(request, &response)), "5 VIEW_NOT_FOUND");
}

TEST_F(WindowCallsTest, ListsWindowsInBothOrders) {
  Apply(topic_.Row(0, 0, "a", 2).Row(1, 0, "b", 3).Row(0, 600, "a", 1).Late(0, 0, 4));
  Apply(topic_.Row(0, 1200, "a", 1).CloseThrough(0, 1200).CloseThrough(1, 600));
  v1::ListWindowsRequest request;
  request.set_parent(kParent);
  request.set_page_size(2);
  v1::ListWindowsResponse first;
  ASSERT_TRUE(Call(request, &first).ok());
  ASSERT_THAT(first.windows(), SizeIs(2));
  EXPECT_EQ(first.windows(0).name(), std::string(kParent) + "/windows/1970-01-01T00:00:00Z");
  EXPECT_EQ(first.windows(0).rows(), 2);
  EXPECT_EQ(first.windows(0).accepted(), 5);
  EXPECT_EQ(first.windows(0).late(), 4);
  EXPECT_TRUE(first.windows(0).final());
  EXPECT_EQ(first.windows(1).start_time().nanos(), 600'000);
  EXPECT_FALSE(first.windows(1).final()) << "closed in one partition of two";
  request.set_page_token(first.next_page_token());
  v1::ListWindowsResponse second;
  ASSERT_TRUE(Call(request, &second).ok());
  ASSERT_THAT(second.windows(), SizeIs(1));
  EXPECT_EQ(second.windows(0).start_time().nanos(), 1'200'000);
  EXPECT_THAT(second.next_page_token(), IsEmpty());

  request.clear_page_token();
  request.set_newest_first(true);
  std::vector<int> starts;
  for (int page = 0; page < 5; ++page) {
    v1::ListWindowsResponse response;
    ASSERT_TRUE(Call(request, &response).ok());
    for (const v1::Window& window : response.windows()) {
      starts.push_back(window.start_time().nanos() / 1000);
    }
    if (response.next_page_token().empty()) break;
    request.set_page_token(response.next_page_token());
  }
  EXPECT_THAT(starts, ElementsAre(1200, 600, 0));
}

TEST_F(WindowCallsTest, WindowsTellTheirRevisionAndTheWatermark) {
  Apply(topic_.Row(0, 0, "a", 1).CorrectedRow(0, 0, "b", 1, 3));
  v1::GetWindowRequest request;
  request.set_name(absl::StrCat(kParent, "/windows/1970-01-01T00:00:00Z"));
  v1::GetWindowResponse response;
  ASSERT_TRUE(Call(request, &response).ok());
  EXPECT_EQ(response.window().revision(), 3);
  EXPECT_FALSE(response.window().has_closed_through_time());
  Apply(topic_.CloseThrough(0, 2'000'000).CloseThrough(1, 3'000'000));
  ASSERT_TRUE(Call(request, &response).ok());
  EXPECT_EQ(response.window().closed_through_time().seconds(), 2);
}

}  // namespace
}  // namespace windrow::query
