#include "bench/stream/stream_records.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace windrow::bench {
namespace {

constexpr absl::Time kBegin = absl::FromUnixSeconds(1'546'214'400);
// As long as a field of a police call is on average.
constexpr size_t kFieldBytes = 29;

// The finalizer of SplitMix64 (Steele, Lea and Flood 2014): neighbours give numbers of no pattern.
uint64_t Mix(uint64_t number) {
  number += 0x9E3779B97F4A7C15;
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
  return number ^ (number >> 31);
}

// Fields of `bytes` bytes in all, each with a comma before it.
std::string Padding(int64_t bytes) {
  std::string fields;
  for (int number = 0; static_cast<int64_t>(fields.size()) < bytes; ++number) {
    const std::string name = absl::StrCat(",\"field_", number, "\":\"");
    const int64_t rest = bytes - static_cast<int64_t>(fields.size() + name.size()) - 1;
    if (rest < 0) break;
    const int64_t usual = std::max<int64_t>(0, static_cast<int64_t>(kFieldBytes - name.size()) - 1);
    // The last one takes what would not make another.
    const int64_t letters = rest < usual + static_cast<int64_t>(kFieldBytes) ? rest : usual;
    absl::StrAppend(&fields, name, std::string(static_cast<size_t>(letters), 'x'), "\"");
  }
  return fields;
}

int64_t BareBytes() {
  return absl::StrCat(R"({"time":"2018-12-31T00:00:00.000","group":"group-0000000"})").size();
}

}  // namespace

StreamRecords::StreamRecords(const Options& options)
    : options_(options), padding_(Padding(options.bytes - BareBytes())) {}

absl::string_view StreamRecords::Next() {
  const absl::Time time = kBegin + absl::Milliseconds(next_ * 1'000 / options_.events_per_second);
  const uint64_t group = Mix(static_cast<uint64_t>(next_)) % static_cast<uint64_t>(options_.groups);
  ++next_;
  record_ = absl::StrFormat(R"({"time":"%s","group":"group-%07d"%s})",
                            absl::FormatTime("%Y-%m-%dT%H:%M:%E3S", time, absl::UTCTimeZone()),
                            group, padding_);
  return record_;
}

}  // namespace windrow::bench
