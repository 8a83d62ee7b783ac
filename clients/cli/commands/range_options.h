#ifndef CLIENTS_CLI_COMMANDS_RANGE_OPTIONS_H_
#define CLIENTS_CLI_COMMANDS_RANGE_OPTIONS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "clients/cli/command_line.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {

// Fills start_time and end_time, which several requests have, from what was typed.
template <typename Request>
absl::Status FillTimes(const std::string& from, const std::string& until, Request* request) {
  if (!from.empty()) {
    const absl::StatusOr<absl::Time> time = ParseTimeText(from);
    if (!time.ok()) return time.status();
    *request->mutable_start_time() = ToTimestamp(*time);
  }
  if (!until.empty()) {
    const absl::StatusOr<absl::Time> time = ParseTimeText(until);
    if (!time.ok()) return time.status();
    *request->mutable_end_time() = ToTimestamp(*time);
  }
  return absl::OkStatus();
}

// The options that the listings of a view share.
struct RangeOptions {
  std::string view;
  std::string from;
  std::string until;
  bool newest = false;
  int64_t limit = 100;
  std::string format = "table";

  void Define(Command* command, const std::string& what) {
    command->Argument("VIEW", &view, "View, such as calls-by-type");
    command->Option("--from", &from, "Only windows that start at or after this time (UTC)");
    command->Option("--until", &until, "Only windows that start before this time (UTC)");
    command->Flag("--newest", &newest, "Newest window first");
    command->Option("--limit", &limit, "Most " + what + " to list; 0 lists all");
    command->Output(&format);
  }

  // Fills the fields that ListWindowsRequest and ListResultsRequest share.
  template <typename Request>
  absl::Status Fill(const Session& session, Request* request) const {
    if (limit < 0) return UsageError("--limit must not be negative");
    request->set_parent(session.ViewName(view));
    request->set_newest_first(newest);
    return FillTimes(from, until, request);
  }
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMANDS_RANGE_OPTIONS_H_
