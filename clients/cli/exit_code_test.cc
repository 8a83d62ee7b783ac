#include "clients/cli/exit_code.h"

#include "clients/cli/session.h"
#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

TEST(ExitCodeTest, ScriptsRelyOnThese) {
  EXPECT_EQ(ExitCode(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCode(UsageError("wrong")), 2);
  // A service's INVALID_ARGUMENT is not our command line's fault.
  EXPECT_EQ(ExitCode(absl::InvalidArgumentError("wrong")), 67);
  EXPECT_EQ(ExitCode(absl::DeadlineExceededError("late")), 68);
  EXPECT_EQ(ExitCode(absl::NotFoundError("none")), 69);
  EXPECT_EQ(ExitCode(absl::FailedPreconditionError("not now")), 73);
  EXPECT_EQ(ExitCode(absl::AbortedError("changed")), 74);
  EXPECT_EQ(ExitCode(absl::UnavailableError("gone")), 78);
  EXPECT_EQ(ExitCode(Interrupted()), 130);
  EXPECT_EQ(ExitCode(absl::CancelledError("by the server")), 65);
}

TEST(ExitCodeTest, EachIsExplainedOnce) {
  int last = -1;
  for (const auto& [code, meaning] : ExitCodes()) {
    EXPECT_GT(code, last);
    EXPECT_FALSE(meaning.empty());
    last = code;
  }
}

}  // namespace
}  // namespace windrow::cli
