#include "clients/cli/progress_bar.h"

#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

TEST(AdvanceTextTest, ForATerminal) {
  EXPECT_EQ(AdvanceText({"sent", 1000, 4000, "records", 500}, 100),
            "sent [#####               ] 25 %, 1,000 of 4,000 records, 500/s, 6s left");
  EXPECT_EQ(AdvanceText({"sent", 1000, 4000, "records", 500}, 30),
            "sent [#####               ] 25");
}

TEST(AdvanceTextTest, ForALog) {
  EXPECT_EQ(AdvanceText({"sent", 1000, 4000, "records", 500}, 0),
            "sent 25 %, 1,000 of 4,000 records, 500/s, 6s left");
}

TEST(AdvanceTextTest, WithoutWhatIsNotKnown) {
  EXPECT_EQ(AdvanceText({"sent", 1000, 0, "records", 500}, 80), "sent 1,000 records, 500/s");
  EXPECT_EQ(AdvanceText({"trial 1", 3, 15, "", 1}, 0), "trial 1 20 %, 12s left");
  EXPECT_EQ(AdvanceText({"waiting", 0, 0, "", 0}, 80), "waiting");
}

TEST(AdvanceTextTest, MoreThanAllIsAll) {
  EXPECT_EQ(AdvanceText({"sent", 5, 4, "records", 0}, 80),
            "sent [####################] 100 %, 5 of 4 records");
}

}  // namespace
}  // namespace windrow::cli
