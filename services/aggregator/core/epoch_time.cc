#include "services/aggregator/core/epoch_time.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "services/aggregator/core/calendar.h"

namespace windrow::aggregator {
namespace {

// Takes up to `most` digits from the front of `rest`; returns how many there were.
size_t TakeDigits(absl::string_view* rest, size_t most, int64_t* value) {
  size_t digits = 0;
  *value = 0;
  while (digits < most && digits < rest->size() &&
         absl::ascii_isdigit(static_cast<unsigned char>((*rest)[digits]))) {
    *value = *value * 10 + ((*rest)[digits++] - '0');
  }
  rest->remove_prefix(digits);
  return digits;
}

}  // namespace

absl::optional<EventTime> ReadEpochTime(absl::string_view text, EventSpan unit) {
  // No time of the years 1 to 9999 has more, even in microseconds.
  constexpr size_t kMaxWholeDigits = 18;
  constexpr size_t kMaxFractionDigits = 9;
  absl::string_view rest = text;
  const bool negative = !rest.empty() && rest[0] == '-';
  if (negative) rest.remove_prefix(1);
  int64_t whole = 0;
  const bool leading_zero = rest.size() > 1 && rest[0] == '0' && rest[1] != '.';
  if (TakeDigits(&rest, kMaxWholeDigits, &whole) == 0 || leading_zero) return absl::nullopt;
  if (whole > kLastEventTime / unit + 1) return absl::nullopt;
  int64_t fraction = 0;
  int64_t scale = 1;
  if (!rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    const size_t digits = TakeDigits(&rest, kMaxFractionDigits, &fraction);
    if (digits == 0) return absl::nullopt;
    for (size_t i = 0; i < digits; ++i) scale *= 10;
  }
  if (!rest.empty()) return absl::nullopt;
  // Below 10^9 × 10^6.
  const int64_t fine = fraction * unit;
  EventTime time = whole * unit + fine / scale;
  if (negative) time = -time - (fine % scale > 0 ? 1 : 0);
  if (time < kFirstEventTime || time > kLastEventTime) return absl::nullopt;
  return time;
}

}  // namespace windrow::aggregator
