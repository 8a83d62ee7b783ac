#ifndef SERVICES_PRODUCER_CORE_REPLAY_OPTIONS_H_
#define SERVICES_PRODUCER_CORE_REPLAY_OPTIONS_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace windrow::producer {

// What to replay and how: ReplaySpec of the contract as plain values, defaults filled in.

// How fast to send.
struct Pace {
  enum class Kind {
    // As fast as possible.
    kUnlimited,
    // `value` records per second.
    kRecordsPerSecond,
    // `value` seconds of event time per second.
    kSpeedup,
  };
  Kind kind = Kind::kUnlimited;
  double value = 0;
};

// A file of records.
struct DatasetOptions {
  std::string path;
  std::string event_time_field = "call_date_time";
};

// Look-alike calls.
struct CallGeneratorOptions {
  int64_t records = 0;
  uint64_t seed = 0;
  double events_per_minute = 60;
  // Whole seconds count.
  absl::Time start_time = absl::FromUnixSeconds(1543622400);  // 2018-12-01T00:00:00Z
  int64_t max_disorder_seconds = 0;
  double late_fraction = 0;
  int64_t broken_records = 0;
};

// Order in which the records of a dataset are sent.
enum class Order { kEventTime, kFile };

struct ReplayOptions {
  std::string topic = "calls";
  std::variant<std::monostate, DatasetOptions, CallGeneratorOptions> source;
  Order order = Order::kEventTime;
  Pace pace;
  // Begin again at the end.
  bool loop = false;
  // The trace that the replay belongs to, for its records' headers (W3C); empty for none.
  std::string trace_parent;
};

// A wrong value: its path in the contract's message ("generator.records") and what is wrong.
struct OptionProblem {
  std::string field;
  std::string description;
};

// All that is wrong with `options`; empty when nothing is.
std::vector<OptionProblem> CheckReplayOptions(const ReplayOptions& options);

// The same for a pace alone; fields begin with "pace.".
std::vector<OptionProblem> CheckPace(const Pace& pace);

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_REPLAY_OPTIONS_H_
