#ifndef SERVICES_AGGREGATOR_CORE_CALENDAR_H_
#define SERVICES_AGGREGATOR_CORE_CALENDAR_H_

#include <cstdint>

#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// First and last time that parsers take: 0001-01-01T00:00:00Z, 9999-12-31T23:59:59.999999Z.
inline constexpr EventTime kFirstEventTime = -62'135'596'800 * kMicrosPerSecond;
inline constexpr EventTime kLastEventTime = 253'402'300'800 * kMicrosPerSecond - 1;

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Hinnant,
// "chrono-Compatible Low-Level Date Algorithms", days_from_civil). Years 1 to 9999.
inline int64_t DaysFromCivil(int year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int era = year / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<int64_t>(era) * 146097 + day_of_era - 719468;
}

inline bool IsLeapYear(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

inline int DaysInMonth(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[month - 1];
}

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_CALENDAR_H_
