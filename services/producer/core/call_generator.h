#ifndef SERVICES_PRODUCER_CORE_CALL_GENERATOR_H_
#define SERVICES_PRODUCER_CORE_CALL_GENERATOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/producer/core/call_vocabulary.h"
#include "services/producer/core/replay_options.h"
#include "services/producer/core/split_mix64.h"

namespace windrow::producer {

// A generated record.
struct GeneratedCall {
  // Compact JSON without a line break, valid until the next call; or a broken record.
  absl::string_view text;
  // Seconds since the epoch, a whole minute: what `call_date_time` says, or would say.
  int64_t event_time_s = 0;
  bool broken = false;
};

// Makes records that look like San Francisco's police calls: the same 14 fields, in the same order,
// with values of the same shapes. The same options give the same bytes for ever, on every machine:
// integers only, and no distribution of the standard library. A record depends on the options and
// its index alone; values other than times do not depend on the rate, the disorder, the fraction of
// late records or the number of broken ones.
//
// Record i lies in [i, i + 1) / events_per_minute minutes after the start, cut to whole minutes as
// in the real data, before it is moved back by disorder or lateness. Broken records, exactly as
// many as asked for, are spread over the stream; their six kinds take turns: no JSON, an object cut
// short, no call_date_time, an unreadable one, a number for it, an array instead of an object.
//
// Not thread-safe; asking in order of the index is fast, any order is allowed.
class CallGenerator {
 public:
  // `options` are valid (CheckReplayOptions).
  explicit CallGenerator(const CallGeneratorOptions& options);

  // Record `index`, from 0 to options.records - 1.
  GeneratedCall Get(int64_t index);

 private:
  // What a record is made of.
  struct Call {
    uint64_t id_bits;
    int64_t nominal_s;
    int64_t event_time_s;
    absl::string_view type;
    absl::string_view disposition;
    uint64_t address_bits;
    uint64_t place_bits;
  };
  // A part of the stream that holds one broken record.
  struct Stratum {
    int64_t number = -1;
    int64_t begin = 0;
    int64_t end = 0;
    int64_t broken_index = -1;
  };
  // The fields that follow from the event time, as JSON; kept likewise.
  struct TimeFields {
    int64_t event_time_s = INT64_MIN;
    std::string dates;
    std::string event_time;
  };
  // "2018-12-31", kept because most records share it with the one before.
  struct Date {
    int64_t days = INT64_MIN;
    char text[10];
    int year_of_century = 0;
    int day_of_year = 0;
  };

  Call MakeCall(int64_t index);
  int64_t NominalTime(int64_t index, uint64_t bits) const;
  bool IsBroken(int64_t index);
  const TimeFields& TimeFieldsOf(int64_t event_time_s);
  static const Date& DateOf(int64_t days, Date* last);

  void AppendCall(int64_t index, const Call& call);
  void AppendBroken(int64_t index, const Call& call);
  void AppendHead(int64_t index, const Call& call);
  void AppendTail(const Call& call);
  void AppendId(int64_t index, const Call& call);
  void AppendAddress(const Call& call);

  const CallGeneratorOptions options_;
  const int64_t start_s_;
  // Distance of records, in 10 ns: fine enough for a million a second, and 2,000 years fit.
  const int64_t interval_ticks_;
  // A record is late when its draw is below this.
  const uint64_t late_threshold_;
  const WordPicker types_;
  const WordPicker dispositions_;
  const WordPicker cities_;
  const std::vector<std::string> lower_streets_;
  Stratum stratum_;
  Date event_date_;
  TimeFields time_fields_;
  Date nominal_date_;
  std::string text_;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_CALL_GENERATOR_H_
