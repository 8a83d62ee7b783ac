#ifndef SERVICES_AGGREGATOR_SIMULATION_CLOSING_RECOUNT_H_
#define SERVICES_AGGREGATOR_SIMULATION_CLOSING_RECOUNT_H_

#include <cstdint>
#include <map>

#include "absl/types/optional.h"
#include "windrow/partials/v1/frame.pb.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::aggregator {

// How far one merge partition may have closed windows, by the words of docs/semantics.md, from what
// the frames in its log say of the sources. Shares nothing with the product. A value of one thread.
class ClosingRecount {
 public:
  // The pipeline outlives it.
  explicit ClosingRecount(const windrow::pipeline::v1::Pipeline* pipeline) : pipeline_(pipeline) {}

  // Takes in the next frame.
  void Add(const windrow::partials::v1::Frame& frame);

  // nullopt before the first close.
  const absl::optional<int64_t>& closed_through_us() const { return closed_us_; }

 private:
  void NotePolicy(const windrow::partials::v1::SourcePosition& position);
  void Close(absl::optional<int64_t> through_us);
  // The end of the last window that holds the largest event time.
  absl::optional<int64_t> LastEnd() const;

  const windrow::pipeline::v1::Pipeline* pipeline_;
  std::map<uint32_t, windrow::partials::v1::SourcePosition> sources_;
  uint32_t source_partitions_ = 0;
  // What was last set, and its generation.
  windrow::partials::v1::IdlePolicy policy_;
  int64_t policy_generation_ = -1;
  int64_t drained_ = 0;
  absl::optional<int64_t> closed_us_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SIMULATION_CLOSING_RECOUNT_H_
