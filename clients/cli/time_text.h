#ifndef CLIENTS_CLI_TIME_TEXT_H_
#define CLIENTS_CLI_TIME_TEXT_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace windrow::cli {

absl::Time ToTime(const google::protobuf::Timestamp& time);
google::protobuf::Timestamp ToTimestamp(absl::Time time);
absl::Duration ToDuration(const google::protobuf::Duration& duration);
google::protobuf::Duration ToProtoDuration(absl::Duration duration);

// RFC 3339 in UTC, "2018-12-31T23:50:00Z", with fractional digits only where there are any.
std::string TimeText(absl::Time time);
std::string TimeText(const google::protobuf::Timestamp& time);

// "2018-12-31 23:50", for tables; with seconds where they are not 0.
std::string ShortTimeText(absl::Time time);

// Reads what users type, in UTC unless it names a zone: RFC 3339, "2018-12-31T23:50[:00]" (or with
// a space), "2018-12-31". A usage error otherwise.
absl::StatusOr<absl::Time> ParseTimeText(absl::string_view text);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_TIME_TEXT_H_
