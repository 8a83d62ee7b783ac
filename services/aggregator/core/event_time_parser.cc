#include "services/aggregator/core/event_time_parser.h"

#include <algorithm>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "services/aggregator/core/calendar.h"
#include "services/aggregator/core/epoch_time.h"

namespace windrow::aggregator {
namespace {

// Reads exactly `digits` decimal digits at `text`; -1 when one of them is not a digit.
int ReadDigits(const char* text, int digits) {
  int value = 0;
  for (int i = 0; i < digits; ++i) {
    const unsigned digit = static_cast<unsigned char>(text[i]) - '0';
    if (digit > 9) return -1;
    value = value * 10 + static_cast<int>(digit);
  }
  return value;
}

// Consumes ".digits" at the front of `rest`; false when a dot is not followed by 1 to 9 digits.
bool ConsumeFraction(absl::string_view* rest, EventSpan* micros) {
  *micros = 0;
  if (rest->empty() || rest->front() != '.') return true;
  rest->remove_prefix(1);
  EventSpan unit = kMicrosPerSecond / 10;
  size_t digits = 0;
  for (; digits < rest->size(); ++digits) {
    const unsigned digit = static_cast<unsigned char>((*rest)[digits]) - '0';
    if (digit > 9) break;
    *micros += unit * digit;
    unit /= 10;
  }
  rest->remove_prefix(digits);
  return digits >= 1 && digits <= 9;
}

// Reads "Z" or "+hh:mm" / "-hh:mm", the whole of `text`.
absl::optional<EventSpan> ReadOffset(absl::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
    return absl::nullopt;
  }
  const int hours = ReadDigits(text.data() + 1, 2);
  const int minutes = ReadDigits(text.data() + 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return absl::nullopt;
  const EventSpan offset = hours * kMicrosPerHour + minutes * kMicrosPerMinute;
  return text[0] == '-' ? -offset : offset;
}

// Reads "YYYY-MM-DDThh:mm:ss" at the front of `text` as if it were UTC.
absl::optional<EventTime> ReadDateTime(absl::string_view text) {
  constexpr size_t kLength = 19;
  if (text.size() < kLength || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':') {
    return absl::nullopt;
  }
  const int year = ReadDigits(text.data(), 4);
  const int month = ReadDigits(text.data() + 5, 2);
  const int day = ReadDigits(text.data() + 8, 2);
  const int hour = ReadDigits(text.data() + 11, 2);
  const int minute = ReadDigits(text.data() + 14, 2);
  const int second = ReadDigits(text.data() + 17, 2);
  const bool is_date =
      year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= DaysInMonth(year, month);
  const bool is_time =
      hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59;
  // After so many conditions GCC takes what follows for a rare case, and makes it slow.
  if (ABSL_PREDICT_FALSE(!is_date || !is_time)) return absl::nullopt;
  return DaysFromCivil(year, month, day) * kMicrosPerDay + hour * kMicrosPerHour +
         minute * kMicrosPerMinute + second * kMicrosPerSecond;
}

// Abseil also takes "localtime" and names of files, which differ from machine to machine.
bool IsZoneName(absl::string_view name) {
  return name != "localtime" && !absl::StartsWith(name, "/") &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' ||
                  c == '-' || c == '+';
         });
}

absl::StatusOr<absl::TimeZone> LoadZone(absl::string_view name) {
  absl::TimeZone zone;
  if (IsZoneName(name) && absl::LoadTimeZone(name, &zone)) return zone;
  return absl::InvalidArgumentError(absl::StrCat("unknown time zone \"", name,
                                                 "\"; use an IANA name such as "
                                                 "\"America/Los_Angeles\" or \"UTC\""));
}

}  // namespace

absl::Status EventTimeParser::CheckZone(absl::string_view name) { return LoadZone(name).status(); }

absl::StatusOr<EventTimeParser> EventTimeParser::Create(const EventTimeFormat& format) {
  const absl::StatusOr<absl::TimeZone> zone = LoadZone(format.time_zone);
  if (!zone.ok()) return zone.status();
  absl::optional<TimePattern> pattern;
  if (format.kind == EventTimeFormat::Kind::kPattern) {
    absl::StatusOr<TimePattern> parsed = TimePattern::Parse(format.pattern);
    if (!parsed.ok()) return parsed.status();
    pattern = *std::move(parsed);
  }
  return EventTimeParser(format.kind, std::move(pattern), *zone);
}

absl::optional<EventTime> EventTimeParser::Parse(absl::string_view text) {
  switch (kind_) {
    case EventTimeFormat::Kind::kIso8601:
      return ParseIso8601(text);
    case EventTimeFormat::Kind::kEpochSeconds:
      return ReadEpochTime(text, kMicrosPerSecond);
    case EventTimeFormat::Kind::kEpochMilliseconds:
      return ReadEpochTime(text, kMicrosPerSecond / 1000);
    case EventTimeFormat::Kind::kEpochMicroseconds:
      return ReadEpochTime(text, 1);
    case EventTimeFormat::Kind::kPattern:
      return ParsePattern(text);
  }
  return absl::nullopt;
}

absl::optional<EventTime> EventTimeParser::ParsePattern(absl::string_view text) {
  const absl::optional<TimePattern::Reading> reading = pattern_->Read(text);
  if (!reading.has_value()) return absl::nullopt;
  if (reading->offset.has_value()) return reading->local - *reading->offset;
  // Zones know whole seconds.
  const EventTime seconds = FloorDivide(reading->local, kMicrosPerSecond) * kMicrosPerSecond;
  return ToUtc(seconds) + (reading->local - seconds);
}

absl::optional<EventTime> EventTimeParser::ParseIso8601(absl::string_view text) {
  const absl::optional<EventTime> seconds = ReadDateTime(text);
  if (!seconds.has_value()) return absl::nullopt;
  absl::string_view rest = text.substr(19);
  EventSpan fraction;
  if (!ConsumeFraction(&rest, &fraction)) return absl::nullopt;
  if (rest.empty()) return ToUtc(*seconds) + fraction;
  const absl::optional<EventSpan> offset = ReadOffset(rest);
  if (!offset.has_value()) return absl::nullopt;
  return *seconds + fraction - *offset;
}

EventTime EventTimeParser::ToUtc(EventTime local) {
  if (local >= cached_begin_ && local < cached_end_) return local - cached_offset_;
  const absl::CivilSecond civil =
      absl::CivilSecond(1970, 1, 1) + FloorDivide(local, kMicrosPerSecond);
  const absl::TimeZone::TimeInfo info = zone_.At(civil);
  const EventTime utc = absl::ToUnixMicros(info.pre);
  // Zones change at most at whole quarters of an hour; a quarter around a change is not cached.
  constexpr EventSpan kQuarter = 15 * kMicrosPerMinute;
  const EventTime quarter = FloorDivide(local, kQuarter) * kQuarter;
  const absl::CivilSecond last =
      absl::CivilSecond(1970, 1, 1) + (quarter + kQuarter) / kMicrosPerSecond - 1;
  const absl::CivilSecond first = absl::CivilSecond(1970, 1, 1) + quarter / kMicrosPerSecond;
  const EventTime first_utc = absl::ToUnixMicros(zone_.At(first).pre);
  const EventTime last_utc = absl::ToUnixMicros(zone_.At(last).pre);
  if (quarter - first_utc == local - utc &&
      quarter + kQuarter - kMicrosPerSecond - last_utc == local - utc) {
    cached_begin_ = quarter;
    cached_end_ = quarter + kQuarter;
    cached_offset_ = local - utc;
  }
  return utc;
}

}  // namespace windrow::aggregator
