#include "services/aggregator/core/time_pattern.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/aggregator/core/calendar.h"

namespace windrow::aggregator {
namespace {

constexpr absl::string_view kMonths[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
constexpr absl::string_view kWeekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                           "Thursday", "Friday", "Saturday"};

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

}  // namespace

// ---- The pattern

class TimePattern::Parser {
 public:
  absl::StatusOr<TimePattern> Parse(absl::string_view pattern) {
    if (pattern.empty()) return absl::InvalidArgumentError("is required");
    if (pattern.size() > kMaxBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("is longer than ", kMaxBytes, " bytes: ", pattern.size()));
    }
    absl::Status status = AddAll(pattern);
    if (status.ok()) status = CheckDate();
    if (status.ok()) status = CheckTimeOfDay();
    if (!status.ok()) return status;
    return std::move(made_);
  }

 private:
  absl::Status AddAll(absl::string_view pattern) {
    for (size_t at = 0; at < pattern.size();) {
      if (pattern[at] != '%') {
        AddLiteral(pattern[at++]);
        continue;
      }
      absl::string_view directive = pattern.substr(at, 2);
      for (const absl::string_view longer : {"%E*S", "%Ez"}) {
        if (absl::StartsWith(pattern.substr(at), longer)) directive = longer;
      }
      const absl::Status status = AddDirective(directive);
      if (!status.ok()) return status;
      at += directive.size();
    }
    return absl::OkStatus();
  }

  void AddLiteral(char c) {
    if (made_.steps_.empty() || made_.steps_.back().part != Part::kLiteral) {
      made_.steps_.emplace_back();
    }
    made_.steps_.back().literal += c;
  }

  absl::Status AddDirective(absl::string_view directive) {
    if (directive == "%%") {
      AddLiteral('%');
      return absl::OkStatus();
    }
    static constexpr std::pair<absl::string_view, absl::string_view> kShort[] = {
        {"%T", "%H:%M:%S"}, {"%D", "%m/%d/%y"}, {"%F", "%Y-%m-%d"}, {"%R", "%H:%M"}};
    for (const auto& entry : kShort) {
      if (directive == entry.first) return AddAll(entry.second);
    }
    // What each directive tells; two that tell the same could contradict each other.
    struct Directive {
      absl::string_view text;
      Part part;
      absl::string_view told;
    };
    static constexpr Directive kDirectives[] = {
        {"%Y", Part::kYear, "year"},
        {"%y", Part::kYearOfCentury, "year"},
        {"%m", Part::kMonth, "month"},
        {"%b", Part::kMonthName, "month"},
        {"%B", Part::kMonthName, "month"},
        {"%d", Part::kDay, "day"},
        {"%e", Part::kPaddedDay, "day"},
        {"%j", Part::kDayOfYear, "day of the year"},
        {"%a", Part::kWeekday, "day of the week"},
        {"%A", Part::kWeekday, "day of the week"},
        {"%H", Part::kHour, "hour"},
        {"%I", Part::kHour12, "hour"},
        {"%M", Part::kMinute, "minute"},
        {"%S", Part::kSecond, "second"},
        {"%E*S", Part::kFineSecond, "second"},
        {"%p", Part::kHalfDay, "AM or PM"},
        {"%z", Part::kOffset, "offset"},
        {"%Ez", Part::kColonOffset, "offset"},
    };
    for (const Directive& known : kDirectives) {
      if (directive != known.text) continue;
      if (!told_.insert(known.told).second) {
        return absl::InvalidArgumentError(absl::StrCat("tells the ", known.told, " twice"));
      }
      parts_.insert(known.part);
      made_.steps_.push_back(Step{known.part, ""});
      return absl::OkStatus();
    }
    // Only what can be shown, since the rest of a character may follow.
    const bool shown = directive.size() == 2 && absl::ascii_isgraph(directive[1]);
    return absl::InvalidArgumentError(absl::StrCat(
        "has ", shown ? absl::StrCat("\"", directive, "\"") : "a \"%", shown ? "" : "\"",
        ", which is none of %Y %m %d %e %b %B %y %j %a %A %H %I %M %S %p %T %D %F %R "
        "%z %% %E*S %Ez"));
  }

  bool Tells(absl::string_view what) const { return told_.count(what) > 0; }

  absl::Status CheckDate() const {
    if (!Tells("year")) return absl::InvalidArgumentError("has no year: %Y, %y, %F or %D");
    if (Tells("day of the year")) {
      if (!Tells("month") && !Tells("day")) return absl::OkStatus();
      return absl::InvalidArgumentError("tells the day twice: by %j, and by month or day");
    }
    if (!Tells("month")) return absl::InvalidArgumentError("has no month: %m, %b, %F or %D");
    if (!Tells("day")) return absl::InvalidArgumentError("has no day: %d, %e, %F or %D");
    return absl::OkStatus();
  }

  absl::Status CheckTimeOfDay() const {
    if (!Tells("hour")) return absl::InvalidArgumentError("has no hour: %H, %I, %T or %R");
    if (parts_.count(Part::kHour12) != parts_.count(Part::kHalfDay)) {
      return absl::InvalidArgumentError("must have %I and %p together");
    }
    if (Tells("second") && !Tells("minute")) {
      return absl::InvalidArgumentError("has seconds but no minute: %M");
    }
    return absl::OkStatus();
  }

  TimePattern made_;
  std::set<absl::string_view> told_;
  std::set<Part> parts_;
};

absl::StatusOr<TimePattern> TimePattern::Parse(absl::string_view pattern) {
  return Parser().Parse(pattern);
}

// ---- The text

// Functions that return bool return false when the text is not of the form.
class TimePattern::Reader {
 public:
  explicit Reader(absl::string_view text) : rest_(text) {}

  bool Take(const Step& step) {
    switch (step.part) {
      case Part::kLiteral:
        if (!absl::StartsWith(rest_, step.literal)) return false;
        rest_.remove_prefix(step.literal.size());
        return true;
      case Part::kYear:
        return TakeExactly(4, &year_);
      case Part::kYearOfCentury:
        if (!TakeExactly(2, &year_)) return false;
        year_ += year_ < 69 ? 2000 : 1900;
        return true;
      case Part::kMonth:
        return TakeNumber(1, 12, &month_);
      case Part::kMonthName:
        return TakeName(kMonths, 12, &month_);
      case Part::kPaddedDay:
        // " 5", but not " 15".
        if (rest_.size() > 1 && rest_[0] == ' ') {
          rest_.remove_prefix(1);
          return TakeExactly(1, &day_) && day_ > 0;
        }
        return TakeNumber(1, 31, &day_);
      case Part::kDay:
        return TakeNumber(1, 31, &day_);
      case Part::kDayOfYear:
        return TakeNumber(1, 366, &day_of_year_);
      case Part::kWeekday: {
        int ignored = 0;
        return TakeName(kWeekdays, 7, &ignored);
      }
      case Part::kHour:
        return TakeNumber(0, 23, &hour_);
      case Part::kHour12:
        if (!TakeNumber(1, 12, &hour_)) return false;
        hour_ %= 12;
        return true;
      case Part::kMinute:
        return TakeNumber(0, 59, &minute_);
      case Part::kSecond:
        return TakeNumber(0, 59, &second_);
      case Part::kFineSecond:
        return TakeNumber(0, 59, &second_) && TakeFraction();
      case Part::kHalfDay:
        return TakeHalfDay();
      case Part::kOffset:
        return TakeOffset(false);
      case Part::kColonOffset:
        return TakeOffset(true);
    }
    return false;
  }

  absl::optional<Reading> Finish() const {
    if (!rest_.empty() || year_ < 1) return absl::nullopt;
    int64_t days = 0;
    if (day_of_year_ > 0) {
      if (day_of_year_ == 366 && !IsLeapYear(year_)) return absl::nullopt;
      days = DaysFromCivil(year_, 1, 1) + day_of_year_ - 1;
    } else {
      if (day_ > DaysInMonth(year_, month_)) return absl::nullopt;
      days = DaysFromCivil(year_, month_, day_);
    }
    Reading reading;
    reading.local = days * kMicrosPerDay + (hour_ + half_day_) * kMicrosPerHour +
                    minute_ * kMicrosPerMinute + second_ * kMicrosPerSecond + micros_;
    reading.offset = offset_;
    return reading;
  }

 private:
  bool TakeExactly(size_t digits, int* value) {
    if (rest_.size() < digits) return false;
    *value = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (!IsDigit(rest_[i])) return false;
      *value = *value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }

  // No more digits than the largest value has, and none that could only lead beyond it.
  bool TakeNumber(int least, int most, int* value) {
    size_t digits = 0;
    int bound = most;
    *value = 0;
    for (; bound > 0 && digits < rest_.size() && IsDigit(rest_[digits]); bound /= 10) {
      if (digits > 0 && *value * 10 > most) break;
      *value = *value * 10 + (rest_[digits++] - '0');
    }
    rest_.remove_prefix(digits);
    return digits > 0 && *value >= least && *value <= most;
  }

  // The full name or its first three letters; its number from 1.
  bool TakeName(const absl::string_view* names, int count, int* number) {
    constexpr size_t kShort = 3;
    for (int i = 0; i < count; ++i) {
      for (const size_t size : {names[i].size(), kShort}) {
        if (!absl::StartsWithIgnoreCase(rest_, names[i].substr(0, size))) continue;
        rest_.remove_prefix(size);
        *number = i + 1;
        return true;
      }
    }
    return false;
  }

  bool TakeFraction() {
    if (rest_.empty() || rest_[0] != '.') return true;
    size_t end = 1;
    EventSpan unit = kMicrosPerSecond / 10;
    for (; end < rest_.size() && IsDigit(rest_[end]); ++end) {
      micros_ += unit * (rest_[end] - '0');
      unit /= 10;
    }
    rest_.remove_prefix(end);
    return end > 1;
  }

  bool TakeHalfDay() {
    const bool afternoon = absl::StartsWithIgnoreCase(rest_, "PM");
    if (!afternoon && !absl::StartsWithIgnoreCase(rest_, "AM")) return false;
    half_day_ = afternoon ? 12 : 0;
    rest_.remove_prefix(2);
    return true;
  }

  bool TakeOffset(bool colon) {
    if (colon && absl::StartsWith(rest_, "Z")) {
      rest_.remove_prefix(1);
      offset_ = 0;
      return true;
    }
    if (rest_.empty() || (rest_[0] != '+' && rest_[0] != '-')) return false;
    const bool behind = rest_[0] == '-';
    rest_.remove_prefix(1);
    int hours = 0;
    int minutes = 0;
    if (!TakeExactly(2, &hours) || hours > 23) return false;
    if (colon) {
      if (!absl::StartsWith(rest_, ":")) return false;
      rest_.remove_prefix(1);
    }
    if (!TakeExactly(2, &minutes) || minutes > 59) return false;
    const EventSpan offset = hours * kMicrosPerHour + minutes * kMicrosPerMinute;
    offset_ = behind ? -offset : offset;
    return true;
  }

  absl::string_view rest_;
  int year_ = 0;
  int month_ = 0;
  int day_ = 0;
  int day_of_year_ = 0;
  int hour_ = 0;
  int half_day_ = 0;
  int minute_ = 0;
  int second_ = 0;
  EventSpan micros_ = 0;
  absl::optional<EventSpan> offset_;
};

absl::optional<TimePattern::Reading> TimePattern::Read(absl::string_view text) const {
  Reader reader(text);
  for (const Step& step : steps_) {
    if (!reader.Take(step)) return absl::nullopt;
  }
  return reader.Finish();
}

}  // namespace windrow::aggregator
