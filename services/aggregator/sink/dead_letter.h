#ifndef SERVICES_AGGREGATOR_SINK_DEAD_LETTER_H_
#define SERVICES_AGGREGATOR_SINK_DEAD_LETTER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/aggregator/core/combiner.h"

namespace windrow::aggregator {

// A record that could not be counted, with its origin. Key and value are cut to what fits into a
// record of the dead-letter topic together.
struct DeadLetter {
  static constexpr size_t kMaxKeyBytes = 100'000;
  static constexpr size_t kMaxValueBytes = 500'000;

  DeadLetter(DeadLetterReason reason, int partition, int64_t offset, int64_t timestamp_ms,
             absl::string_view key, absl::string_view value)
      : reason(reason),
        partition(partition),
        offset(offset),
        timestamp_ms(timestamp_ms),
        key(key.substr(0, kMaxKeyBytes)),
        value(value.substr(0, kMaxValueBytes)),
        size(value.size()) {}

  // Headers of the record in the dead-letter topic, by name.
  std::vector<std::pair<std::string, std::string>> Headers(const std::string& source_topic) const;

  DeadLetterReason reason;
  int partition;
  int64_t offset;
  int64_t timestamp_ms;
  std::string key;
  std::string value;
  // Of the value before it was cut.
  size_t size;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_DEAD_LETTER_H_
