#include "services/aggregator/pipeline_status.h"

#include "services/aggregator/proto_time.h"
#include "services/aggregator/sink/position_encoder.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::status::v1;

pb::WorkerStatus::State ToProto(WorkerState state) {
  switch (state) {
    case WorkerState::kStarting:
      return pb::WorkerStatus::STATE_STARTING;
    case WorkerState::kRestoring:
      return pb::WorkerStatus::STATE_RESTORING;
    case WorkerState::kRunning:
      return pb::WorkerStatus::STATE_RUNNING;
    case WorkerState::kStopping:
      return pb::WorkerStatus::STATE_STOPPING;
    case WorkerState::kBlocked:
      return pb::WorkerStatus::STATE_BLOCKED;
    case WorkerState::kFailed:
      return pb::WorkerStatus::STATE_FAILED;
  }
  return pb::WorkerStatus::STATE_UNSPECIFIED;
}

void EncodeSource(const WorkerStatus::Source& from, pb::SourcePartitionStatus* source) {
  EncodePosition(from.position, source->mutable_position());
  source->set_log_end_offset(from.log_end);
  source->set_limited(from.limited);
  source->set_waiting(from.waiting);
  source->set_error(from.error);
  if (from.commit_time != absl::InfinitePast()) {
    SetTime(from.commit_time, source->mutable_commit_time());
  }
}

void EncodeMerge(const WorkerStatus::Merge& from, pb::MergePartitionStatus* merge) {
  merge->set_partition(from.partition);
  if (from.closed_through != kNever) merge->set_closed_through_us(from.closed_through);
  merge->set_drain_generation(from.drain_generation);
  merge->set_open_cells(from.open_cells);
  merge->set_state_bytes(from.state_bytes);
  merge->set_blocked(from.blocked);
  merge->set_next_offset(from.next_offset);
  merge->set_log_end_offset(from.log_end);
}

void EncodeWorker(const WorkerStatus& from, pb::WorkerStatus* worker) {
  worker->set_slot(from.slot);
  worker->set_state(ToProto(from.state));
  worker->set_error(from.error);
  if (from.start_time != absl::InfinitePast()) {
    SetTime(from.start_time, worker->mutable_start_time());
  }
  worker->set_processed_rows_per_second(from.records_per_second);
  worker->set_cpu_load(from.cpu_load);
  for (const WorkerStatus::Source& source : from.sources) {
    EncodeSource(source, worker->add_sources());
  }
  for (const WorkerStatus::Merge& merge : from.merges) EncodeMerge(merge, worker->add_merges());
}

}  // namespace

void EncodePipelineStatus(const std::string& pipeline_name, int incarnation,
                          const RunnerProgress& progress, pb::PipelineStatus* status) {
  status->set_pipeline(pipeline_name);
  status->set_incarnation(incarnation);
  status->set_generation(progress.generation);
  if (progress.generation > 0) {
    SetDuration(progress.pause, status->mutable_pause());
    SetTime(progress.apply_time, status->mutable_apply_time());
  }
  status->set_waiting_for(progress.waiting_for);
  status->mutable_counters()->set_rows_processed(progress.counts.records_processed);
  status->mutable_counters()->set_rows_written(progress.counts.rows_written);
  status->mutable_counters()->set_commits(progress.counts.commits);
  status->mutable_counters()->set_aborts(progress.counts.aborts);
  status->set_input_rows_per_second(progress.input_rows_per_second);
  status->set_processed_rows_per_second(progress.processed_rows_per_second);
  SetDuration(progress.commit_duration, status->mutable_commit_duration());
  if (progress.latency_p50.has_value()) {
    SetDuration(*progress.latency_p50, status->mutable_latency_p50());
    SetDuration(*progress.latency_p99, status->mutable_latency_p99());
  }
  for (const ParallelismDecision& from : progress.decisions) {
    pb::ParallelismDecision* const decision = status->add_decisions();
    SetTime(from.time, decision->mutable_decide_time());
    decision->set_from_workers(from.from_workers);
    decision->set_to_workers(from.to_workers);
    decision->set_reason(from.reason);
  }
  for (const WorkerStatus& worker : progress.workers) EncodeWorker(worker, status->add_workers());
}

}  // namespace windrow::aggregator
