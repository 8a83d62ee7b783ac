#include "services/producer/core/event_time.h"

#include "absl/strings/ascii.h"

namespace windrow::producer {
namespace {

constexpr int64_t kMicros = 1'000'000;

bool IsLeap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int DaysInMonth(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[month - 1];
}

// Reads the parts of a time from left to right.
class Scanner {
 public:
  explicit Scanner(absl::string_view text) : text_(text) {}

  bool AtEnd() const { return position_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }

  bool Skip(char c) {
    if (AtEnd() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  // Exactly `digits` digits whose value is from `low` to `high`.
  bool Number(int digits, int low, int high, int* value) {
    *value = 0;
    for (int i = 0; i < digits; ++i, ++position_) {
      if (!absl::ascii_isdigit(Peek())) return false;
      *value = *value * 10 + (text_[position_] - '0');
    }
    return *value >= low && *value <= high;
  }

  // One digit or more; what is finer than a microsecond is cut off.
  bool Fraction(int64_t* micros) {
    *micros = 0;
    int64_t unit = kMicros;
    const size_t begin = position_;
    for (; absl::ascii_isdigit(Peek()); ++position_) {
      unit /= 10;
      *micros += unit * (text_[position_] - '0');
    }
    return position_ > begin;
  }

 private:
  const absl::string_view text_;
  size_t position_ = 0;
};

bool ScanDays(Scanner* scanner, int64_t* days) {
  int year, month, day;
  if (!scanner->Number(4, 0, 9999, &year) || !scanner->Skip('-') ||
      !scanner->Number(2, 1, 12, &month) || !scanner->Skip('-') ||
      !scanner->Number(2, 1, DaysInMonth(year, month), &day)) {
    return false;
  }
  *days = DaysFromCivil(year, month, day);
  return true;
}

bool ScanTimeOfDay(Scanner* scanner, int64_t* micros) {
  int hour, minute, second = 0;
  int64_t fraction = 0;
  if (!scanner->Number(2, 0, 23, &hour) || !scanner->Skip(':') ||
      !scanner->Number(2, 0, 59, &minute)) {
    return false;
  }
  if (scanner->Skip(':')) {
    if (!scanner->Number(2, 0, 59, &second)) return false;
    if ((scanner->Skip('.') || scanner->Skip(',')) && !scanner->Fraction(&fraction)) return false;
  }
  *micros = (hour * 3600 + minute * 60 + second) * kMicros + fraction;
  return true;
}

bool ScanOffset(Scanner* scanner, int64_t* micros) {
  *micros = 0;
  if (scanner->AtEnd() || scanner->Skip('Z')) return true;
  const int sign = scanner->Peek() == '-' ? -1 : 1;
  if (!scanner->Skip('+') && !scanner->Skip('-')) return false;
  int hours, minutes = 0;
  if (!scanner->Number(2, 0, 23, &hours)) return false;
  const bool colon = scanner->Skip(':');
  if ((colon || !scanner->AtEnd()) && !scanner->Number(2, 0, 59, &minutes)) return false;
  *micros = sign * (hours * 3600 + minutes * 60) * kMicros;
  return true;
}

}  // namespace

// Both after Howard Hinnant's "chrono-compatible low-level date algorithms": years begin in March,
// and repeat every 400 years (an era of 146,097 days).
int64_t DaysFromCivil(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

void CivilFromDays(int64_t days, int64_t* year, int* month, int* day) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  *day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  *month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  *year = year_of_era + era * 400 + (*month <= 2);
}

std::optional<int64_t> ParseEventTime(absl::string_view text) {
  Scanner scanner(text);
  int64_t days, time_of_day, offset;
  if (!ScanDays(&scanner, &days) || !(scanner.Skip('T') || scanner.Skip(' ')) ||
      !ScanTimeOfDay(&scanner, &time_of_day) || !ScanOffset(&scanner, &offset) ||
      !scanner.AtEnd()) {
    return std::nullopt;
  }
  return days * 86400 * kMicros + time_of_day - offset;
}

}  // namespace windrow::producer
