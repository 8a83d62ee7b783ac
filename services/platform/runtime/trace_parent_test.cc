#include "services/platform/runtime/trace_parent.h"

#include <gtest/gtest.h>

namespace windrow::runtime {
namespace {

// The example of the specification.
constexpr char kExample[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceParentTest, TakesWhatIsValid) {
  EXPECT_EQ(ValidTraceParent(kExample), kExample);
  EXPECT_EQ(TraceIdOf(ValidTraceParent(kExample)), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(TraceIdOf(""), "");
}

TEST(TraceParentTest, TakesOfALaterVersionWhatItKnows) {
  EXPECT_EQ(ValidTraceParent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"),
            kExample);
  EXPECT_EQ(ValidTraceParent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), kExample);
}

TEST(TraceParentTest, RefusesWhatIsNot) {
  for (const char* const wrong : {
           "",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
       }) {
    EXPECT_EQ(ValidTraceParent(wrong), "") << wrong;
  }
}

TEST(TraceParentTest, GoesIntoHeadersAndOut) {
  EXPECT_EQ(FindTraceParent(TraceHeaders(kExample)), kExample);
  EXPECT_TRUE(TraceHeaders("").empty());
  EXPECT_EQ(FindTraceParent({{"other", kExample}}), "");
  EXPECT_EQ(FindTraceParent({{"traceparent", "nonsense"}, {"Traceparent", kExample}}), kExample);
}

}  // namespace
}  // namespace windrow::runtime
