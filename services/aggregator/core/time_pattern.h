#ifndef SERVICES_AGGREGATOR_CORE_TIME_PATTERN_H_
#define SERVICES_AGGREGATOR_CORE_TIME_PATTERN_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// The form of a time's text, in the manner of strptime but the same on every machine: names are
// English in either case, and every other character of the pattern, a space too, stands for itself.
//   %Y           year, exactly 4 digits             %y  2 digits: 69 to 99 are 1969 to 1999
//   %m %d %e     month, day, 1 or 2 digits; for %e, a space may stand for the first of two
//   %b %B        month by name, full or its first 3 letters
//   %j           day of the year, 1 to 3 digits
//   %a %A        day of the week by name; read, not compared with the date
//   %H %M %S     1 or 2 digits; no leap second      %I with %p  1 to 12 with AM or PM
//   %E*S         %S, optionally with a dot and any number of digits
//   %z           +hhmm or -hhmm                     %Ez  +hh:mm, -hh:mm or Z
//   %T %D %F %R  %H:%M:%S  %m/%d/%y  %Y-%m-%d  %H:%M
//   %%           %
// Of a number that may have fewer digits, as many are taken as can still make one in its range.
// Immutable, hence thread-safe.
class TimePattern {
 public:
  static constexpr size_t kMaxBytes = 200;

  // INVALID_ARGUMENT with what is wrong: a directive that there is not, one thing asked for twice,
  // no date (year and day), no time of day (at least the hour), hours of 12 without AM or PM.
  static absl::StatusOr<TimePattern> Parse(absl::string_view pattern);

  // A time as it was written.
  struct Reading {
    // As if the text were UTC.
    EventTime local = 0;
    // How far the text says that it is ahead of UTC; nullopt when it does not say.
    absl::optional<EventSpan> offset;
  };

  // nullopt unless the whole text is of this form and a time that exists, in the years 1 to 9999.
  // What is finer than a microsecond is cut off. Does not allocate.
  absl::optional<Reading> Read(absl::string_view text) const;

 private:
  class Parser;
  class Reader;

  enum class Part {
    kLiteral,
    kYear,
    kYearOfCentury,
    kMonth,
    kMonthName,
    kDay,
    kPaddedDay,
    kDayOfYear,
    kWeekday,
    kHour,
    kHour12,
    kMinute,
    kSecond,
    kFineSecond,
    kHalfDay,
    kOffset,
    kColonOffset,
  };
  struct Step {
    Part part = Part::kLiteral;
    // For kLiteral.
    std::string literal;
  };

  TimePattern() = default;

  std::vector<Step> steps_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_TIME_PATTERN_H_
