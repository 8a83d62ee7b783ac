#ifndef SERVICES_PRODUCER_CORE_RECORD_SINK_H_
#define SERVICES_PRODUCER_CORE_RECORD_SINK_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace windrow::producer {

// Where the records of one replay go, in order. Write and Flush are called by one thread; the
// counts may be read by any.
class RecordSink {
 public:
  virtual ~RecordSink() = default;

  // Takes a copy of the record. DEADLINE_EXCEEDED when there was no room within `timeout`: the same
  // record may be tried again. Every other error is final.
  virtual absl::Status Write(absl::string_view value, absl::Duration timeout) = 0;

  // Waits until everything written is acknowledged; DEADLINE_EXCEEDED after `timeout`. Every other
  // error is final.
  virtual absl::Status Flush(absl::Duration timeout) = 0;

  virtual int64_t records_acknowledged() const = 0;
  virtual int64_t bytes_acknowledged() const = 0;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_RECORD_SINK_H_
