#include "clients/cli/time_text.h"

#include "absl/strings/str_cat.h"
#include "clients/cli/session.h"

namespace windrow::cli {

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp result;
  const int64_t seconds = absl::ToUnixSeconds(time);
  result.set_seconds(seconds);
  result.set_nanos(
      static_cast<int>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return result;
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

google::protobuf::Duration ToProtoDuration(absl::Duration duration) {
  google::protobuf::Duration result;
  result.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  result.set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(duration)));
  return result;
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

std::string TimeText(const google::protobuf::Timestamp& time) { return TimeText(ToTime(time)); }

std::string ShortTimeText(absl::Time time) {
  const bool whole_minute = absl::ToUnixMicros(time) % 60'000'000 == 0;
  return absl::FormatTime(whole_minute ? "%Y-%m-%d %H:%M" : "%Y-%m-%d %H:%M:%E*S", time,
                          absl::UTCTimeZone());
}

absl::StatusOr<absl::Time> ParseTimeText(absl::string_view text) {
  for (const char* format :
       {"%Y-%m-%d%ET%H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S%Ez", "%Y-%m-%d%ET%H:%M:%E*S",
        "%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d%ET%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    absl::Time time;
    std::string ignored;
    if (absl::ParseTime(format, text, absl::UTCTimeZone(), &time, &ignored)) return time;
  }
  return UsageError(absl::StrCat(
      "\"", text,
      "\" is not a time: write it as 2018-12-31T23:50:00Z, or 2018-12-31 23:50 for UTC"));
}

}  // namespace windrow::cli
