#ifndef SERVICES_AGGREGATOR_SINK_SNAPSHOT_ENCODER_H_
#define SERVICES_AGGREGATOR_SINK_SNAPSHOT_ENCODER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/sink/delta_splitter.h"
#include "windrow/snapshots/v1/snapshot.pb.h"

namespace windrow::aggregator {

// Writes a snapshot as records of `snapshots`, each below 500 kB, a few at a time: the state is
// that of one moment, but is written with as many commits as it takes, so that none of them stalls.
// Used by the merger's thread alone.
class SnapshotEncoder {
 public:
  // The state as of offset `through` of partials.
  SnapshotEncoder(std::shared_ptr<const PipelinePlan> plan, MergeImage image, int64_t through);
  SnapshotEncoder(const SnapshotEncoder&) = delete;
  SnapshotEncoder& operator=(const SnapshotEncoder&) = delete;

  // The next records, of about `max_bytes` together; none once it is done. The last one is marked.
  std::vector<std::string> Encode(size_t max_bytes = std::numeric_limits<size_t>::max());
  bool done() const { return done_; }

  int64_t through() const { return through_; }

 private:
  void StartRecord();
  void EndRecord();
  void EncodeHeader();
  // Writes the next cell, late count, revision or end.
  void Step();

  const std::shared_ptr<const PipelinePlan> plan_;
  MergeImage image_;
  const int64_t through_;
  windrow::snapshots::v1::SnapshotRecord record_;
  uint32_t next_index_ = 0;
  DeltaSplitter splitter_;
  // Where to go on: view, and within it.
  size_t view_ = 0;
  bool opened_ = false;
  size_t late_ = 0;
  bool done_ = false;
  // Ended and not yet handed out.
  std::vector<std::string> ready_;
  size_t ready_bytes_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_SNAPSHOT_ENCODER_H_
