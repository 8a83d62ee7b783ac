#include "clients/cli/exit_code.h"

#include "absl/strings/str_cat.h"
#include "clients/cli/session.h"

namespace windrow::cli {
namespace {

constexpr int kLastStatus = static_cast<int>(absl::StatusCode::kUnauthenticated);

}  // namespace

int ExitCode(const absl::Status& status) {
  if (status.ok()) return kExitDone;
  if (IsUsageError(status)) return kExitUsage;
  if (IsInterrupted(status)) return kExitInterrupted;
  return kExitStatusBase + static_cast<int>(status.code());
}

std::vector<std::pair<int, std::string>> ExitCodes() {
  std::vector<std::pair<int, std::string>> codes = {
      {kExitDone, "done"},
      {kExitError, "an error without a status, such as output that cannot be written"},
      {kExitUsage, "wrong command line, profile or environment; nothing was done"}};
  for (int code = 1; code <= kLastStatus; ++code) {
    codes.emplace_back(kExitStatusBase + code,
                       absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
  }
  codes.emplace_back(kExitInterrupted, "interrupted by SIGINT (Ctrl-C) or SIGTERM");
  codes.emplace_back(kExitPipeClosed, "the reader of the output left (SIGPIPE)");
  return codes;
}

}  // namespace windrow::cli
