#ifndef SERVICES_PRODUCER_CORE_LOOPED_SOURCE_H_
#define SERVICES_PRODUCER_CORE_LOOPED_SOURCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "services/producer/core/record_source.h"

namespace windrow::producer {

// A source that begins again at its end, and so has none, unless it is empty. The records' bytes
// are the same in each pass; the event times that it tells, by which a replay is paced, go on where
// the pass before ended.
class LoopedSource : public RecordSource {
 public:
  // `open` makes the source anew; `cancelled` says whether to give up.
  LoopedSource(std::function<absl::StatusOr<std::unique_ptr<RecordSource>>()> open,
               std::unique_ptr<RecordSource> first, std::function<bool()> cancelled)
      : open_(std::move(open)), pass_(std::move(first)), cancelled_(std::move(cancelled)) {}

  absl::Status Prepare(absl::FunctionRef<bool()> cancelled) override {
    return pass_->Prepare(cancelled);
  }
  absl::StatusOr<bool> Next(SourceRecord* record) override;
  // Of one pass.
  int64_t records_total() const override { return pass_->records_total(); }

 private:
  absl::Status BeginAgain();

  const std::function<absl::StatusOr<std::unique_ptr<RecordSource>>()> open_;
  std::unique_ptr<RecordSource> pass_;
  const std::function<bool()> cancelled_;
  bool pass_is_empty_ = true;
  // Of the present pass, as the source tells them.
  std::optional<int64_t> first_us_;
  int64_t largest_us_ = 0;
  // What is added to them.
  int64_t shift_us_ = 0;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_LOOPED_SOURCE_H_
