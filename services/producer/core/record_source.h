#ifndef SERVICES_PRODUCER_CORE_RECORD_SOURCE_H_
#define SERVICES_PRODUCER_CORE_RECORD_SOURCE_H_

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace windrow::producer {

// A record to send.
struct SourceRecord {
  // Its bytes; valid until the next call of the source.
  absl::string_view value;
  // Microseconds since the epoch, when it has a readable event time (or took over the time of the
  // record before it).
  std::optional<int64_t> event_time_us;
};

// Where the records of a replay come from, in the order of sending. One thread at a time.
class RecordSource {
 public:
  virtual ~RecordSource() = default;

  // What must be done before the first record, such as sorting; may take long. Gives up with
  // CANCELLED soon after `cancelled` says so.
  virtual absl::Status Prepare(absl::FunctionRef<bool()> cancelled) = 0;

  // The next record; false at the end. An error is final.
  virtual absl::StatusOr<bool> Next(SourceRecord* record) = 0;

  // Number of records, 0 while not known.
  virtual int64_t records_total() const = 0;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_RECORD_SOURCE_H_
