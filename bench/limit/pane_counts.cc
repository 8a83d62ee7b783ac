#include "bench/limit/pane_counts.h"

#include <string_view>

#include "absl/hash/hash.h"

namespace windrow::bench {
namespace {

constexpr int64_t kPaneSeconds = 300;
constexpr size_t kPageBytes = 4096;

// Two or more digits; any other character makes `ok` false.
int64_t Digits(absl::string_view text, size_t begin, size_t length, bool& ok) {
  int64_t value = 0;
  for (size_t i = begin; i < begin + length; ++i) {
    const unsigned digit = static_cast<unsigned char>(text[i]) - '0';
    ok &= digit <= 9;
    value = value * 10 + digit;
  }
  return value;
}

// Days since 1970 of a date of the proleptic Gregorian calendar; years begin in March.
int64_t DaysFromCivil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  const int64_t era = year / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

// Whether `padding` bytes behind the text can be read without leaving its last page.
bool PaddedByItsPage(absl::string_view text) {
  const auto end = reinterpret_cast<uintptr_t>(text.data() + text.size());
  return end % kPageBytes != 0 && end % kPageBytes + simdjson::SIMDJSON_PADDING <= kPageBytes;
}

}  // namespace

int64_t ParseSeconds(absl::string_view text) {
  if (text.size() < 19) return -1;
  bool ok = text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == ' ') &&
            text[13] == ':' && text[16] == ':';
  const int64_t days =
      DaysFromCivil(Digits(text, 0, 4, ok), Digits(text, 5, 2, ok), Digits(text, 8, 2, ok));
  const int64_t seconds =
      Digits(text, 11, 2, ok) * 3600 + Digits(text, 14, 2, ok) * 60 + Digits(text, 17, 2, ok);
  return ok ? days * 86400 + seconds : -1;
}

size_t PaneCounts::Hash::operator()(const KeyView& key) const {
  return absl::HashOf(key.pane, key.type);
}

void PaneCounts::Add(absl::string_view record) {
  KeyView key;
  if (!Parse(record, key)) {
    ++refused_;
    return;
  }
  ++counts_[key];
  ++counted_;
}

bool PaneCounts::Parse(absl::string_view record, KeyView& key) {
  const char* data = record.data();
  if (!PaddedByItsPage(record)) {
    padded_.reserve(record.size() + simdjson::SIMDJSON_PADDING);
    padded_.assign(record.data(), record.size());
    data = padded_.data();
  }
  simdjson::ondemand::document document;
  const simdjson::padded_string_view json(data, record.size(),
                                          record.size() + simdjson::SIMDJSON_PADDING);
  if (parser_.iterate(json).get(document)) return false;

  // In the order in which the records have them, so that one pass finds both.
  std::string_view type;
  std::string_view time;
  if (document.find_field_unordered("original_crime_type_name").get_string().get(type) ||
      document.find_field_unordered("call_date_time").get_string().get(time)) {
    return false;
  }
  const int64_t seconds = ParseSeconds(absl::string_view(time.data(), time.size()));
  if (seconds < 0) return false;
  key = {seconds / kPaneSeconds, absl::string_view(type.data(), type.size())};
  return true;
}

}  // namespace windrow::bench
