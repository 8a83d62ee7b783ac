#ifndef CLIENTS_CLI_COMMANDS_FEED_RANGE_H_
#define CLIENTS_CLI_COMMANDS_FEED_RANGE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "clients/cli/command_line.h"
#include "clients/cli/result_feed.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {

// The options of commands that follow a view.
struct FeedRange {
  std::string filter;
  std::string from;
  std::string until;
  std::string end_time;

  void Define(Command* command) {
    command->Option("--filter", &filter,
                    "Only rows such as 'original_crime_type_name = \"Traffic*\"', by names of the "
                    "group's fields");
    command->Option("--from", &from, "Only windows that start at or after this time (UTC)");
    command->Option("--until", &until, "Only windows that start before this time (UTC)");
    command->Option("--end-time", &end_time,
                    "Ends when every window that ends at or before this time (UTC) is final");
  }

  absl::Status Fill(ResultFeedOptions* options) const {
    options->filter = filter;
    absl::Status status = Time(from, &options->from);
    if (status.ok()) status = Time(until, &options->until);
    if (status.ok()) status = Time(end_time, &options->end_time);
    return status;
  }

 private:
  static absl::Status Time(const std::string& text, std::optional<absl::Time>* time) {
    if (text.empty()) return absl::OkStatus();
    const absl::StatusOr<absl::Time> parsed = ParseTimeText(text);
    if (!parsed.ok()) return parsed.status();
    *time = *parsed;
    return absl::OkStatus();
  }
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMANDS_FEED_RANGE_H_
