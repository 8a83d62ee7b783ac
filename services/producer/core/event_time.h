#ifndef SERVICES_PRODUCER_CORE_EVENT_TIME_H_
#define SERVICES_PRODUCER_CORE_EVENT_TIME_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace windrow::producer {

// Microseconds since 1970-01-01T00:00:00Z of an ISO 8601 time such as "2018-12-31T23:57:00.000":
// date, 'T' or a blank, hours and minutes, and optionally seconds, a fraction, and 'Z' or an offset
// (a time without one is taken as UTC). Nothing when `text` is anything else.
std::optional<int64_t> ParseEventTime(absl::string_view text);

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back.
int64_t DaysFromCivil(int64_t year, int month, int day);
void CivilFromDays(int64_t days, int64_t* year, int* month, int* day);

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_EVENT_TIME_H_
