#ifndef SERVICES_PRODUCER_SOURCE_GENERATED_CALLS_H_
#define SERVICES_PRODUCER_SOURCE_GENERATED_CALLS_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/producer/core/call_generator.h"
#include "services/producer/core/record_source.h"
#include "services/producer/core/replay_options.h"

namespace windrow::producer {

// Generated calls as a source, in the order of their index. One thread at a time.
class GeneratedCalls : public RecordSource {
 public:
  explicit GeneratedCalls(const CallGeneratorOptions& options)
      : records_(options.records), generator_(options) {}

  absl::Status Prepare(absl::FunctionRef<bool()>) override { return absl::OkStatus(); }

  absl::StatusOr<bool> Next(SourceRecord* record) override {
    if (index_ == records_) return false;
    const GeneratedCall call = generator_.Get(index_++);
    *record = {call.text, call.event_time_s * 1'000'000};
    return true;
  }

  int64_t records_total() const override { return records_; }

 private:
  const int64_t records_;
  CallGenerator generator_;
  int64_t index_ = 0;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_SOURCE_GENERATED_CALLS_H_
