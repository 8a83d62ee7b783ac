#ifndef SERVICES_AGGREGATOR_PROGRESS_REPORT_H_
#define SERVICES_AGGREGATOR_PROGRESS_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/aggregator/core/control_state.h"
#include "windrow/aggregator/v1/pipeline_service.pb.h"
#include "windrow/status/v1/status.pb.h"

namespace windrow::aggregator {

// Puts together what replicas tell of one pipeline, in the terms of Spark's StreamingQueryProgress
// (org.apache.spark.sql.streaming, Spark 4.0) and beyond. A stream keeps one, so that each of its
// reports tells what has happened since the one before. A value of one thread.
class ProgressReport {
 public:
  explicit ProgressReport(std::string pipeline_name) : name_(std::move(pipeline_name)) {}

  // Of the pipeline.
  const std::string& name() const { return name_; }

  // `replicas` are those to report on.
  v1::Progress Make(const ControlledPipeline& pipeline,
                    const std::vector<windrow::status::v1::ReplicaStatus>& replicas,
                    absl::Time now);

 private:
  void AddReplica(const windrow::status::v1::ReplicaStatus& replica, v1::Progress* progress);
  void FillSpark(const ControlledPipeline& pipeline, v1::Progress* progress);
  void FillSource(const std::string& topic, v1::Progress* progress);

  const std::string name_;
  // The one that is served.
  int incarnation_ = 1;
  bool reported_ = false;
  int64_t last_rows_processed_ = 0;
  int64_t last_rows_written_ = 0;
  std::map<int, int64_t> last_end_offsets_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_PROGRESS_REPORT_H_
