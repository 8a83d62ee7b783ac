#include "services/aggregator/progress_report.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/aggregator/proto_time.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/source/pipeline_loader.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::status::v1;

constexpr absl::string_view kRfc3339 = "%Y-%m-%dT%H:%M:%E*SZ";

std::string TimeText(EventTime time) {
  return absl::FormatTime(kRfc3339, absl::FromUnixMicros(time), absl::UTCTimeZone());
}

void KeepLonger(const google::protobuf::Duration& candidate, google::protobuf::Duration* longest) {
  if (ToDuration(candidate) > ToDuration(*longest)) *longest = candidate;
}

// Offsets by partition as Spark writes them.
std::string OffsetsText(const std::string& topic, const std::map<int, int64_t>& offsets) {
  std::string text = absl::StrCat("{\"", topic, "\":{");
  for (const auto& offset : offsets) {
    if (text.back() != '{') text += ',';
    absl::StrAppend(&text, "\"", offset.first, "\":", offset.second);
  }
  return text + "}}";
}

int64_t LagOf(const pb::SourcePartitionStatus& source) {
  // Behind the last record there may be markers of transactions, which nobody reads.
  if (source.position().idle_for_ms() > 0) return 0;
  return std::max<int64_t>(0, source.log_end_offset() - source.position().end_offset());
}

// What the workers say of the source partitions that they read, by partition and together.
struct SourceSummary {
  std::map<int, int64_t> ends;
  std::map<int, int64_t> latest;
  std::map<int, int64_t> lags;
  // The least and the largest.
  EventTime watermark = kNever;
  EventTime max_event_time = kNever;
  int64_t dead_lettered = 0;
  int64_t late = 0;

  int64_t lag() const {
    int64_t sum = 0;
    for (const auto& one : lags) sum += one.second;
    return sum;
  }
};

SourceSummary Summarize(const v1::Progress& progress) {
  SourceSummary summary;
  for (const v1::Worker& worker : progress.workers()) {
    for (const pb::SourcePartitionStatus& part : worker.status().sources()) {
      const auto& position = part.position();
      const int partition = static_cast<int>(position.source_partition());
      const EventTime own = position.has_watermark_us() ? position.watermark_us() : kNever;
      summary.watermark = summary.ends.empty() ? own : std::min(summary.watermark, own);
      if (position.has_max_event_time_us()) {
        summary.max_event_time =
            std::max<EventTime>(summary.max_event_time, position.max_event_time_us());
      }
      summary.ends[partition] = position.end_offset();
      summary.latest[partition] = std::max(part.log_end_offset(), position.end_offset());
      summary.lags[partition] = LagOf(part);
      summary.dead_lettered += static_cast<int64_t>(position.counters().dead_lettered());
      for (const auto& view : position.counters().views()) {
        summary.late += static_cast<int64_t>(view.late_everywhere());
      }
    }
  }
  return summary;
}

void FillLag(const SourceSummary& summary, v1::Progress* progress) {
  const int64_t lag = summary.lag();
  progress->set_lag_records(lag);
  const double rate =
      std::max(progress->input_rows_per_second(), progress->processed_rows_per_second());
  if (lag > 0 && rate > 0) {
    SetDuration(absl::Seconds(static_cast<double>(lag) / rate), progress->mutable_lag_duration());
  }
}

// As Spark names them.
void FillLagMetrics(const SourceSummary& summary, v1::SourceProgress* source) {
  const std::map<int, int64_t>& lags = summary.lags;
  if (lags.empty()) return;
  const auto range = std::minmax_element(
      lags.begin(), lags.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  auto& metrics = *source->mutable_metrics();
  metrics["minOffsetsBehindLatest"] = absl::StrCat(range.first->second);
  metrics["maxOffsetsBehindLatest"] = absl::StrCat(range.second->second);
  metrics["avgOffsetsBehindLatest"] =
      absl::StrCat(static_cast<double>(summary.lag()) / static_cast<double>(lags.size()));
}

}  // namespace

v1::Progress ProgressReport::Make(const ControlledPipeline& pipeline,
                                  const std::vector<pb::ReplicaStatus>& replicas, absl::Time now) {
  v1::Progress progress;
  progress.set_name(name_);
  SetTime(now, progress.mutable_timestamp());
  if (replicas.size() == 1) {
    progress.set_replica(replicas.front().replica());
    progress.set_run_id(replicas.front().run_id());
  }
  incarnation_ = pipeline.served.number;
  for (const pb::ReplicaStatus& replica : replicas) AddReplica(replica, &progress);
  FillSpark(pipeline, &progress);
  reported_ = true;
  last_rows_processed_ = progress.rows_processed();
  last_rows_written_ = progress.rows_written();
  return progress;
}

void ProgressReport::AddReplica(const pb::ReplicaStatus& replica, v1::Progress* progress) {
  for (const pb::PipelineStatus& status : replica.pipelines()) {
    if (status.pipeline() != name_ || status.incarnation() != incarnation_) continue;
    progress->set_generation(progress->generation() == 0
                                 ? status.generation()
                                 : std::min(progress->generation(), status.generation()));
    progress->set_input_rows_per_second(progress->input_rows_per_second() +
                                        status.input_rows_per_second());
    progress->set_processed_rows_per_second(progress->processed_rows_per_second() +
                                            status.processed_rows_per_second());
    const pb::RunnerCounters& counters = status.counters();
    progress->set_rows_processed(progress->rows_processed() + counters.rows_processed());
    progress->set_rows_written(progress->rows_written() + counters.rows_written());
    progress->set_commits(progress->commits() + counters.commits());
    progress->set_aborts(progress->aborts() + counters.aborts());
    KeepLonger(status.commit_duration(), progress->mutable_commit_duration());
    if (status.has_latency_p50()) {
      KeepLonger(status.latency_p50(), progress->mutable_latency_p50());
      KeepLonger(status.latency_p99(), progress->mutable_latency_p99());
    }
    for (const pb::WorkerStatus& worker : status.workers()) {
      v1::Worker* const added = progress->add_workers();
      added->set_replica(replica.replica());
      *added->mutable_status() = worker;
    }
    progress->mutable_decisions()->MergeFrom(status.decisions());
    if (progress->waiting_for().empty()) progress->set_waiting_for(status.waiting_for());
  }
  progress->set_resident_bytes(progress->resident_bytes() + replica.resident_bytes());
  SetDuration(ToDuration(progress->cpu_time()) + ToDuration(replica.cpu_time()),
              progress->mutable_cpu_time());
}

void ProgressReport::FillSpark(const ControlledPipeline& controlled, v1::Progress* progress) {
  const windrow::pipeline::v1::Pipeline pipeline = PipelineOf(controlled);
  progress->set_id(absl::StrCat(name_, "/incarnations/", incarnation_));
  progress->set_paused(controlled.paused);
  progress->set_batch_id(progress->commits());
  progress->set_num_input_rows(
      reported_ ? std::max<int64_t>(0, progress->rows_processed() - last_rows_processed_)
                : static_cast<int64_t>(progress->processed_rows_per_second()));
  const int64_t commit_ms = absl::ToInt64Milliseconds(ToDuration(progress->commit_duration()));
  (*progress->mutable_duration_ms())["triggerExecution"] = commit_ms;
  (*progress->mutable_duration_ms())["walCommit"] = commit_ms;
  FillSource(pipeline.source_topic(), progress);

  v1::StateOperatorProgress* const state = progress->add_state_operators();
  state->set_operator_name("windows");
  for (const v1::Worker& worker : progress->workers()) {
    for (const pb::MergePartitionStatus& merge : worker.status().merges()) {
      state->set_num_rows_total(state->num_rows_total() + merge.open_cells());
      state->set_memory_used_bytes(state->memory_used_bytes() + merge.state_bytes());
    }
  }
  state->set_num_shuffle_partitions(pipeline.merge_partitions());
  state->set_num_rows_dropped_by_watermark(progress->late_rows());
  const int64_t updated =
      std::max<int64_t>(0, progress->rows_written() - (reported_ ? last_rows_written_ : 0));
  state->set_num_rows_updated(updated);
  progress->mutable_sink()->set_num_output_rows(updated);
  progress->mutable_sink()->set_description(
      absl::StrCat("KafkaTable[", PipelineTopics(PipelineId(name_), incarnation_).results, "]"));
}

void ProgressReport::FillSource(const std::string& topic, v1::Progress* progress) {
  SourceSummary summary = Summarize(*progress);
  progress->set_dead_lettered_rows(progress->dead_lettered_rows() + summary.dead_lettered);
  progress->set_late_rows(progress->late_rows() + summary.late);
  FillLag(summary, progress);
  if (summary.watermark != kNever) {
    SetTime(summary.watermark, progress->mutable_watermark_time());
    (*progress->mutable_event_time())["watermark"] = TimeText(summary.watermark);
  }
  if (summary.max_event_time != kNever) {
    (*progress->mutable_event_time())["max"] = TimeText(summary.max_event_time);
  }
  v1::SourceProgress* const source = progress->add_sources();
  source->set_description(absl::StrCat("KafkaV2[Subscribe[", topic, "]]"));
  source->set_start_offset(OffsetsText(topic, reported_ ? last_end_offsets_ : summary.ends));
  source->set_end_offset(OffsetsText(topic, summary.ends));
  source->set_latest_offset(OffsetsText(topic, summary.latest));
  source->set_num_input_rows(progress->num_input_rows());
  source->set_input_rows_per_second(progress->input_rows_per_second());
  source->set_processed_rows_per_second(progress->processed_rows_per_second());
  FillLagMetrics(summary, source);
  last_end_offsets_ = std::move(summary.ends);
}

}  // namespace windrow::aggregator
