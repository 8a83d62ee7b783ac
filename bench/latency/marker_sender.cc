#include "bench/latency/marker_sender.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace windrow::bench {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(30);

std::string MarkerRecord(const std::string& marker, absl::Time now) {
  return absl::StrCat(R"({"crime_id":"0","original_crime_type_name":")", marker,
                      R"(","call_date_time":")",
                      absl::FormatTime("%Y-%m-%dT%H:%M:%E3S", now, absl::UTCTimeZone()),
                      R"(","disposition":"ADM"})");
}

}  // namespace

absl::Status SendMarkers(const MarkerLoad& load, MarkerClock* clock,
                         kafka::RecordProducer* producer) {
  const absl::Duration distance = absl::Seconds(1) / load.markers_per_second;
  const absl::Time begin = absl::Now();
  const absl::Time end = begin + load.duration;
  int64_t number = 0;
  for (absl::Time due = begin; due < end; due += distance) {
    absl::SleepFor(due - absl::Now());
    const absl::Time now = absl::Now();
    const absl::Status sent =
        producer->Send(load.topic, static_cast<int>(number++ % load.partitions), "",
                       MarkerRecord(clock->Send(now), now), kDeadline);
    if (!sent.ok()) return sent;
  }
  return producer->Flush(kDeadline);
}

std::string LatenciesAsJson(const MarkerClock& clock) {
  const auto latencies = clock.Latencies();
  const auto ms = [&](double share) {
    return absl::ToDoubleMilliseconds(Percentile(latencies, share));
  };
  return absl::StrFormat(R"({"sent":%d,"missing":%d,"p50_ms":%.1f,"p90_ms":%.1f,"p99_ms":%.1f,)"
                         R"("max_ms":%.1f})",
                         clock.sent(), clock.missing(), ms(0.5), ms(0.9), ms(0.99), ms(1));
}

}  // namespace windrow::bench
