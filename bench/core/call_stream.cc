#include "bench/core/call_stream.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace windrow::bench {

std::vector<Call> MakeCalls(int64_t count, aggregator::EventSpan apart, int types) {
  std::mt19937_64 random(1);
  std::vector<Call> calls;
  calls.reserve(count);
  for (int64_t i = 0; i < count; ++i) {
    const absl::Time time = absl::FromUnixMicros(kStreamBegin + i * apart);
    // The lesser of two draws: the first types are the most frequent.
    const uint64_t type = std::min(random() % types, random() % types);
    calls.push_back({absl::FormatTime("%Y-%m-%dT%H:%M:%E3S", time, absl::UTCTimeZone()),
                     absl::StrCat("Crime Type ", type)});
  }
  return calls;
}

std::string ToJson(const Call& call) {
  return absl::StrCat(
      R"({"crime_id":"183653763","original_crime_type_name":")", call.type,
      R"(","report_date":"2018-12-31T00:00:00.000","call_date":"2018-12-31T00:00:00.000",)",
      R"("offense_date":"2018-12-31T00:00:00.000","call_time":"23:57","call_date_time":")",
      call.time, R"(","disposition":"ADM","address":"Geary Bl/divisadero St","city":)",
      R"("San Francisco","state":"CA","agency_id":"1","address_type":"Intersection",)",
      R"("common_location":""})");
}

}  // namespace windrow::bench
