#ifndef SERVICES_AGGREGATOR_SINK_DEAD_LETTER_H_
#define SERVICES_AGGREGATOR_SINK_DEAD_LETTER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "services/aggregator/core/combiner.h"
#include "services/platform/record_log/record.h"

namespace windrow::aggregator {

// A record that could not be counted, with its origin. Key, value and headers are cut to what fits
// into a record of the dead-letter topic together.
struct DeadLetter {
  static constexpr size_t kMaxKeyBytes = 100'000;
  static constexpr size_t kMaxValueBytes = 500'000;
  // Of the record's own headers: those that fit, in their order.
  static constexpr size_t kMaxHeaderBytes = 100'000;

  DeadLetter(DeadLetterReason reason, int partition, int64_t offset, int64_t timestamp_ms,
             absl::string_view key, absl::string_view value, record_log::RecordHeaders own = {})
      : reason(reason),
        partition(partition),
        offset(offset),
        timestamp_ms(timestamp_ms),
        key(key.substr(0, kMaxKeyBytes)),
        value(value.substr(0, kMaxValueBytes)),
        own_headers(Fitting(std::move(own))),
        size(value.size()) {}

  // Headers of the record in the dead-letter topic: where it is from, then its own.
  record_log::RecordHeaders Headers(const std::string& source_topic) const;

  // What is kept in memory until it is written.
  size_t bytes() const;

  DeadLetterReason reason;
  int partition;
  int64_t offset;
  int64_t timestamp_ms;
  std::string key;
  std::string value;
  record_log::RecordHeaders own_headers;
  // Of the value before it was cut.
  size_t size;

 private:
  static record_log::RecordHeaders Fitting(record_log::RecordHeaders headers);
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_DEAD_LETTER_H_
