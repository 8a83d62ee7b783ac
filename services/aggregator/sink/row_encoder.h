#ifndef SERVICES_AGGREGATOR_SINK_ROW_ENCODER_H_
#define SERVICES_AGGREGATOR_SINK_ROW_ENCODER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/sink/embedded_message.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::aggregator {

// Encodes rows of one view that are written at once, as protobuf would, byte for byte: of a row
// whose key was encoded otherwise, compaction would keep both versions. Protobuf encodes what all
// rows share, once, and what the windows of a group share, once per group; what is left of a row is
// a few numbers between these parts. One thread at a time.
class RowEncoder {
 public:
  // `plan` and `view`, which is one of its views, must outlive the encoder.
  RowEncoder(const PipelinePlan* plan, const ViewPlan* view, const MergeProgress& progress);

  // Goes on with the rows of another group, whose joined columns are looked up.
  void StartGroup(absl::string_view group_key);

  // The encoded ResultKey of the group's row of a window, and the ResultRecord with it. Both are
  // there until the next call of the same function.
  absl::string_view Key(EventTime window_start);
  absl::string_view Value(const RowChange& change);

 private:
  void AppendAggregates(const RowChange& change);

  const PipelinePlan& plan_;
  const ViewPlan& view_;
  // Of the key: before and behind the window.
  std::string key_view_;
  std::string key_group_;
  // Of the row, in the order of its fields: before the windows, between them and the aggregates,
  // and behind all. Of each aggregate: its name.
  std::string row_view_;
  std::string row_group_;
  std::vector<std::string> aggregate_names_;
  std::string row_end_;
  // Of the present row.
  EmbeddedMessage key_;
  EmbeddedMessage value_;
  // Kept for their memory.
  windrow::results::v1::Row group_;
  windrow::results::v1::Field field_;
  std::string encoded_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_ROW_ENCODER_H_
