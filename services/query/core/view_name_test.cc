#include "services/query/core/view_name.h"

#include <string>

#include "gtest/gtest.h"

namespace windrow::query {
namespace {

TEST(ViewNameTest, ParsesWhatItWrites) {
  const auto view = ParseViewName(ViewResourceName("sf-calls", "calls-by-type"));
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->pipeline, "sf-calls");
  EXPECT_EQ(view->view, "calls-by-type");
  EXPECT_EQ(ParsePipelineName(PipelineResourceName("sf-calls")), "sf-calls");
}

TEST(ViewNameTest, RefusesOtherForms) {
  for (const char* name :
       {"", "pipelines", "pipelines/", "pipelines/a", "pipelines/a/views", "pipelines/a/views/",
        "pipelines/a/views/b/", "pipelines/a/views/b/windows/c", "/pipelines/a/views/b",
        "pipelines/A/views/b", "pipelines/a b/views/b", "views/a/pipelines/b"}) {
    EXPECT_FALSE(ParseViewName(name).has_value()) << name;
  }
  for (const char* name : {"", "pipelines", "pipelines/", "pipelines/a/", "pipeline/a"}) {
    EXPECT_FALSE(ParsePipelineName(name).has_value()) << name;
  }
}

TEST(ViewNameTest, IdsCannotLeaveTheirDirectory) {
  EXPECT_FALSE(IsResourceId(".."));
  EXPECT_FALSE(IsResourceId("a/b"));
  EXPECT_FALSE(IsResourceId(std::string(64, 'a')));
  EXPECT_TRUE(IsResourceId(std::string(63, 'a')));
}

}  // namespace
}  // namespace windrow::query
