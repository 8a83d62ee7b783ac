#include "services/aggregator/core/event_time_parser.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

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

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Hinnant,
// "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
int64_t DaysFromCivil(int year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int era = year / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<int64_t>(era) * 146097 + day_of_era - 719468;
}

int DaysInMonth(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
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
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month) ||
      hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return absl::nullopt;
  }
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

}  // namespace

absl::StatusOr<EventTimeParser> EventTimeParser::Create(absl::string_view zone_name) {
  absl::TimeZone zone;
  if (!IsZoneName(zone_name) || !absl::LoadTimeZone(zone_name, &zone)) {
    return absl::InvalidArgumentError(absl::StrCat("unknown time zone \"", zone_name,
                                                   "\"; use an IANA name such as "
                                                   "\"America/Los_Angeles\" or \"UTC\""));
  }
  return EventTimeParser(zone);
}

absl::optional<EventTime> EventTimeParser::Parse(absl::string_view text) {
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
