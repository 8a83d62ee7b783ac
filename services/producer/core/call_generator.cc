#include "services/producer/core/call_generator.h"

#include <algorithm>
#include <cmath>

#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/producer/core/event_time.h"

namespace windrow::producer {
namespace {

constexpr int64_t kSecondsPerDay = 86400;
constexpr int64_t kTicksPerSecond = 100'000'000;
constexpr uint64_t kMinLateSeconds = 2 * 3600;
constexpr uint64_t kMaxLateSeconds = 48 * 3600;
constexpr size_t kUsualRecordBytes = 512;

int64_t FloorTo(int64_t value, int64_t unit) {
  const int64_t rest = value % unit;
  return value - (rest < 0 ? rest + unit : rest);
}

// fraction * 2^64, exactly where a double can hold it.
uint64_t Threshold(double fraction) {
  return fraction >= 1 ? UINT64_MAX : static_cast<uint64_t>(std::ldexp(fraction, 64));
}

// As the real data writes the second street of a crossing: "pewter St".
std::vector<std::string> LowerStreets() {
  std::vector<std::string> lower;
  for (absl::string_view street : Streets()) {
    lower.emplace_back(street);
    lower.back()[0] = absl::ascii_tolower(lower.back()[0]);
  }
  return lower;
}

void PutTwoDigits(char* to, int value) {
  to[0] = static_cast<char>('0' + value / 10);
  to[1] = static_cast<char>('0' + value % 10);
}

// floor(number * records / broken): where a stratum begins.
int64_t StratumBegin(int64_t number, const CallGeneratorOptions& options) {
  return static_cast<int64_t>(absl::uint128(number) * absl::uint128(options.records) /
                              absl::uint128(options.broken_records));
}

// Six bits of `bits`, from bit 6 * place on: for choices of low resolution.
int Bits(uint64_t bits, int place) { return static_cast<int>(bits >> (6 * place)) & 63; }

absl::string_view Of(uint64_t bits, absl::Span<const absl::string_view> words) {
  return words[SplitMix64::Scale(bits, words.size())];
}

}  // namespace

CallGenerator::CallGenerator(const CallGeneratorOptions& options)
    : options_(options),
      start_s_(absl::ToUnixSeconds(options.start_time)),
      interval_ticks_(
          std::max<int64_t>(1, std::llround(60.0 * kTicksPerSecond / options.events_per_minute))),
      late_threshold_(Threshold(options.late_fraction)),
      types_(CrimeTypes()),
      dispositions_(Dispositions()),
      cities_(Cities()),
      lower_streets_(LowerStreets()) {
  text_.reserve(kUsualRecordBytes);
}

GeneratedCall CallGenerator::Get(int64_t index) {
  const Call call = MakeCall(index);
  const bool broken = IsBroken(index);
  text_.clear();
  if (broken) {
    AppendBroken(index, call);
  } else {
    AppendCall(index, call);
  }
  return {text_, call.event_time_s, broken};
}

CallGenerator::Call CallGenerator::MakeCall(int64_t index) {
  SplitMix64 random(SplitMix64::Mix(options_.seed) ^
                    SplitMix64::Mix(static_cast<uint64_t>(index) + 0x632be59bd9b4e019u));
  // Everything is drawn, wanted or not, so that an option does not change the others' values.
  Call call;
  call.nominal_s = NominalTime(index, random.Next());
  int64_t time = call.nominal_s;
  time -=
      static_cast<int64_t>(random.Below(static_cast<uint64_t>(options_.max_disorder_seconds) + 1));
  const bool late = random.Next() < late_threshold_;
  const uint64_t late_seconds =
      kMinLateSeconds + random.Below(kMaxLateSeconds - kMinLateSeconds + 1);
  if (late) time -= static_cast<int64_t>(late_seconds);
  call.event_time_s = FloorTo(time, 60);
  const uint64_t words = random.Next();
  call.type = types_.Pick(words);
  call.disposition = dispositions_.Pick(words >> 16);
  call.place_bits = random.Next();
  call.address_bits = random.Next();
  return call;
}

int64_t CallGenerator::NominalTime(int64_t index, uint64_t bits) const {
  const int64_t jitter =
      static_cast<int64_t>(SplitMix64::Scale(bits, static_cast<uint64_t>(interval_ticks_)));
  return start_s_ + (index * interval_ticks_ + jitter) / kTicksPerSecond;
}

// One broken record in each of `broken_records` equal parts of the stream.
bool CallGenerator::IsBroken(int64_t index) {
  if (options_.broken_records == 0) return false;
  if (index < stratum_.begin || index >= stratum_.end) {
    Stratum& s = stratum_;
    s.number = static_cast<int64_t>(absl::uint128(index) * absl::uint128(options_.broken_records) /
                                    absl::uint128(options_.records));
    while (StratumBegin(s.number + 1, options_) <= index) ++s.number;
    s.begin = StratumBegin(s.number, options_);
    s.end = StratumBegin(s.number + 1, options_);
    SplitMix64 random(SplitMix64::Mix(~options_.seed) ^ static_cast<uint64_t>(s.number));
    s.broken_index =
        s.begin + static_cast<int64_t>(random.Below(static_cast<uint64_t>(s.end - s.begin)));
  }
  return index == stratum_.broken_index;
}

const CallGenerator::Date& CallGenerator::DateOf(int64_t days, Date* last) {
  if (last->days == days) return *last;
  int64_t year;
  int month, day;
  CivilFromDays(days, &year, &month, &day);
  last->days = days;
  PutTwoDigits(last->text, static_cast<int>(year / 100));
  PutTwoDigits(last->text + 2, static_cast<int>(year % 100));
  last->text[4] = last->text[7] = '-';
  PutTwoDigits(last->text + 5, month);
  PutTwoDigits(last->text + 8, day);
  last->year_of_century = static_cast<int>(year % 100);
  last->day_of_year = static_cast<int>(days - DaysFromCivil(year, 1, 1) + 1);
  return *last;
}

void CallGenerator::AppendCall(int64_t index, const Call& call) {
  AppendHead(index, call);
  const TimeFields& time_fields = TimeFieldsOf(call.event_time_s);
  absl::StrAppend(&text_, time_fields.dates, time_fields.event_time);
  AppendTail(call);
}

void CallGenerator::AppendHead(int64_t index, const Call& call) {
  text_.append("{\"crime_id\":\"");
  AppendId(index, call);
  absl::StrAppend(&text_, "\",\"original_crime_type_name\":\"", call.type, "\"");
}

// Like the real ids: year, day of the year, number within the day.
void CallGenerator::AppendId(int64_t index, const Call& call) {
  const int64_t days = FloorTo(call.nominal_s, kSecondsPerDay) / kSecondsPerDay;
  const Date& date = DateOf(days, &nominal_date_);
  const int64_t since_start_s = std::max<int64_t>(0, days * kSecondsPerDay - start_s_);
  const int64_t number = index - since_start_s * kTicksPerSecond / interval_ticks_;
  char day[5];
  PutTwoDigits(day, date.year_of_century);
  day[2] = static_cast<char>('0' + date.day_of_year / 100);
  PutTwoDigits(day + 3, date.day_of_year % 100);
  absl::StrAppend(&text_, absl::string_view(day, sizeof(day)), absl::Dec(number, absl::kZeroPad4));
}

const CallGenerator::TimeFields& CallGenerator::TimeFieldsOf(int64_t event_time_s) {
  TimeFields& fields = time_fields_;
  if (fields.event_time_s == event_time_s) return fields;
  const int64_t days = FloorTo(event_time_s, kSecondsPerDay) / kSecondsPerDay;
  const Date& date = DateOf(days, &event_date_);
  const absl::string_view day(date.text, sizeof(date.text));
  const int minute_of_day = static_cast<int>(event_time_s - days * kSecondsPerDay) / 60;
  const std::string clock = absl::StrCat(absl::Dec(minute_of_day / 60, absl::kZeroPad2), ":",
                                         absl::Dec(minute_of_day % 60, absl::kZeroPad2));
  const std::string midnight = absl::StrCat(day, "T00:00:00.000\"");
  fields.event_time_s = event_time_s;
  fields.dates = absl::StrCat(",\"report_date\":\"", midnight, ",\"call_date\":\"", midnight,
                              ",\"offense_date\":\"", midnight, ",\"call_time\":\"", clock, "\"");
  fields.event_time = absl::StrCat(",\"call_date_time\":\"", day, "T", clock, ":00.000\"");
  return fields;
}

void CallGenerator::AppendTail(const Call& call) {
  absl::StrAppend(&text_, ",\"disposition\":\"", call.disposition, "\",\"address\":\"");
  AppendAddress(call);
}

// The address and what follows from it. Of 64 calls 31 are at a house, 21 at a crossing, 9 at a
// known place, 3 somewhere on a street.
void CallGenerator::AppendAddress(const Call& call) {
  const uint64_t second_bits = SplitMix64::Mix(call.address_bits);
  const absl::string_view street = Of(call.address_bits, Streets());
  const int block = Bits(call.place_bits, 1) * Bits(call.place_bits, 2) * 39 / (63 * 63) * 100;
  const int kind = Bits(call.place_bits, 0);
  absl::string_view type = "Premise Address";
  absl::string_view place;
  if (kind < 21) {
    type = "Intersection";
    absl::StrAppend(&text_, street, "\\/",
                    lower_streets_[SplitMix64::Scale(second_bits, lower_streets_.size())]);
  } else if (kind < 24) {
    type = "Geo-Override";
    absl::StrAppend(&text_, block, " Blk ", street);
  } else {
    absl::StrAppend(&text_, block, " Block Of ", street);
  }
  if (kind >= 55) {
    type = "Common Location";
    place = Of(second_bits, CommonLocations());
  }
  absl::StrAppend(&text_, "\",\"city\":\"", cities_.Pick(call.place_bits >> 32),
                  "\",\"state\":\"CA\",\"agency_id\":\"1\"");
  absl::StrAppend(&text_, ",\"address_type\":\"", type, "\",\"common_location\":\"", place, "\"}");
}

// Broken beyond argument: no parser, however lenient, can read type and time out of one of these.
void CallGenerator::AppendBroken(int64_t index, const Call& call) {
  switch (stratum_.number % 6) {
    case 0:
      absl::StrAppend(&text_, "*** no record: line noise ", call.place_bits, " ***");
      return;
    case 1:  // Ends inside the name of the type.
      AppendHead(index, call);
      text_.resize(text_.size() - 3);
      return;
    case 2:
      AppendHead(index, call);
      text_.append(TimeFieldsOf(call.event_time_s).dates);
      AppendTail(call);
      return;
    case 3:
      AppendHead(index, call);
      text_.append(TimeFieldsOf(call.event_time_s).dates);
      absl::StrAppend(&text_, ",\"call_date_time\":",
                      call.place_bits % 2 == 0 ? "\"unknown\"" : "\"2018-13-45T99:99:00.000\"");
      AppendTail(call);
      return;
    case 4:
      AppendHead(index, call);
      text_.append(TimeFieldsOf(call.event_time_s).dates);
      text_.append(",\"call_date_time\":20181231");
      AppendTail(call);
      return;
    default:
      text_.append("[\"");
      AppendId(index, call);
      absl::StrAppend(&text_, "\",\"", call.type, "\",\"", call.disposition, "\"]");
      return;
  }
}

}  // namespace windrow::producer
