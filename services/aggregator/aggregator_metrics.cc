#include "services/aggregator/aggregator_metrics.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/aggregator/core/combiner.h"

namespace windrow::aggregator {
namespace {

using metrics::Labels;
using metrics::MetricFamilies;

constexpr std::array<std::pair<WorkerState, const char*>, 6> kStates = {{
    {WorkerState::kStarting, "starting"},
    {WorkerState::kRestoring, "restoring"},
    {WorkerState::kRunning, "running"},
    {WorkerState::kStopping, "stopping"},
    {WorkerState::kFailed, "failed"},
    {WorkerState::kBlocked, "blocked"},
}};

Labels With(Labels labels, const std::string& name, const std::string& value) {
  labels.emplace_back(name, value);
  return labels;
}

double Seconds(EventTime time) { return static_cast<double>(time) / 1e6; }

// Once for each partition of the source topic.
void WriteSource(const PipelinePlan& plan, const WorkerStatus::Source& source, const Labels& base,
                 MetricFamilies* out) {
  const SourcePosition& position = source.position;
  const Labels labels =
      With(With(base, "topic", plan.source_topic), "partition", absl::StrCat(position.partition));
  out->AddCounter("windrow_records_consumed_total", "Records of the source topic read.",
                  static_cast<double>(position.counters.read), labels);
  out->AddCounter("windrow_records_redelivered_total", "Records dropped that had been read before.",
                  static_cast<double>(position.counters.redelivered), labels);
  out->AddGauge("windrow_consumer_lag_records", "Records of the source topic not read yet.",
                static_cast<double>(std::max<int64_t>(0, source.log_end - position.end_offset)),
                labels);
  out->AddGauge("windrow_source_partition_failed", "1 while the partition cannot be read on.",
                source.error.empty() ? 0 : 1, labels);
  out->AddGauge("windrow_source_partition_limited",
                "1 while a limit keeps records from being read.", source.limited ? 1 : 0, labels);
  if (position.watermark != kNever) {
    out->AddGauge("windrow_watermark_timestamp_seconds", "Watermark of the source partition.",
                  Seconds(position.watermark), labels);
  }
  if (position.max_event_time != kNever) {
    out->AddGauge("windrow_event_time_timestamp_seconds",
                  "Largest event time accepted from the source partition.",
                  Seconds(position.max_event_time), labels);
  }
  for (size_t i = 0; i < position.counters.views.size() && i < plan.views.size(); ++i) {
    const ViewCounters& counters = position.counters.views[i];
    const Labels of_view =
        With(With(base, "view", plan.views[i].id), "partition", absl::StrCat(position.partition));
    out->AddCounter("windrow_records_accepted_total", "Records counted in a view.",
                    static_cast<double>(counters.accepted), of_view);
    out->AddCounter("windrow_records_filtered_total", "Records that a view's filter left out.",
                    static_cast<double>(counters.filtered), of_view);
    out->AddCounter("windrow_records_unmatched_total",
                    "Records without a row in a view's joined table.",
                    static_cast<double>(counters.unmatched_join), of_view);
    out->AddCounter("windrow_records_late_total", "Records late for all windows of a view.",
                    static_cast<double>(counters.late_everywhere), of_view);
  }
}

void WriteMerge(const PipelinePlan& plan, const WorkerStatus::Merge& merge, const Labels& base,
                MetricFamilies* out) {
  const Labels labels = With(base, "partition", absl::StrCat(merge.partition));
  out->AddGauge("windrow_state_cells", "Cells and sessions held in memory.",
                static_cast<double>(merge.open_cells), labels);
  out->AddGauge("windrow_state_bytes", "Memory that they take, about.",
                static_cast<double>(merge.state_bytes), labels);
  out->AddGauge("windrow_state_blocked", "1 while the limit of state is used up.",
                merge.blocked ? 1 : 0, labels);
  out->AddGauge("windrow_partials_lag_records", "Records of partials not merged yet.",
                static_cast<double>(std::max<int64_t>(0, merge.log_end - merge.next_offset)),
                labels);
  for (size_t i = 0; i < merge.windows_closed.size() && i < plan.views.size(); ++i) {
    out->AddCounter(
        "windrow_windows_closed_total", "Windows that held records when they closed.",
        static_cast<double>(merge.windows_closed[i]),
        With(With(base, "view", plan.views[i].id), "partition", absl::StrCat(merge.partition)));
  }
  if (merge.closed_through != kNever) {
    out->AddGauge("windrow_closed_through_timestamp_seconds",
                  "Windows that end at or before this time are closed.",
                  Seconds(merge.closed_through), labels);
  }
}

// How far closing is behind the newest event, in event time; the clock has no part in it, so it
// means the same for a replay of old records.
void WriteEventTimeLag(const RunnerProgress& progress, const Labels& base, MetricFamilies* out) {
  EventTime newest = kNever;
  EventTime closed = kNever;
  bool any_merge = false;
  for (const WorkerStatus& worker : progress.workers) {
    for (const WorkerStatus::Source& source : worker.sources) {
      newest = std::max(newest, source.position.max_event_time);
    }
    for (const WorkerStatus::Merge& merge : worker.merges) {
      closed = any_merge ? std::min(closed, merge.closed_through) : merge.closed_through;
      any_merge = true;
    }
  }
  if (newest == kNever || closed == kNever) return;
  out->AddGauge("windrow_event_time_lag_seconds",
                "From the newest event time read here to where windows are closed here.",
                std::max(0.0, Seconds(newest) - Seconds(closed)), base);
}

void WriteWorkers(const RunnerProgress& progress, const Labels& base, MetricFamilies* out) {
  for (const auto& [state, name] : kStates) {
    const auto workers =
        std::count_if(progress.workers.begin(), progress.workers.end(),
                      [state = state](const WorkerStatus& one) { return one.state == state; });
    out->AddGauge("windrow_workers", "Workers of this replica, by what they do.",
                  static_cast<double>(workers), With(base, "state", name));
  }
}

void WriteCounts(const RunnerProgress& progress, const Labels& base, MetricFamilies* out) {
  out->AddCounter("windrow_rows_written_total", "Rows written to results.",
                  static_cast<double>(progress.counts.rows_written), base);
  out->AddCounter("windrow_transactions_total", "Kafka transactions, by how they ended.",
                  static_cast<double>(progress.counts.commits), With(base, "result", "committed"));
  out->AddCounter("windrow_transactions_total", "Kafka transactions, by how they ended.",
                  static_cast<double>(progress.counts.aborts), With(base, "result", "aborted"));
  out->AddHistogram("windrow_transaction_duration_seconds",
                    "Time that committed transactions took.", progress.counts.transaction_durations,
                    base);
  out->AddCounter("windrow_rebalances_total", "Times that a worker was given partitions.",
                  static_cast<double>(progress.counts.rebalances), base);
  for (size_t i = 0; i < progress.counts.dead_letters.size(); ++i) {
    const auto reason = static_cast<DeadLetterReason>(i);
    out->AddCounter("windrow_records_invalid_total", "Records that could not be counted.",
                    static_cast<double>(progress.counts.dead_letters[i]),
                    With(base, "reason", std::string(DeadLetterReasonName(reason))));
  }
  if (!progress.latency_p99.has_value()) return;
  out->AddGauge("windrow_result_latency_seconds",
                "From a record's Kafka timestamp to the commit of its row, of the last records.",
                absl::ToDoubleSeconds(*progress.latency_p50), With(base, "quantile", "0.5"));
  out->AddGauge("windrow_result_latency_seconds",
                "From a record's Kafka timestamp to the commit of its row, of the last records.",
                absl::ToDoubleSeconds(*progress.latency_p99), With(base, "quantile", "0.99"));
}

}  // namespace

void WriteMetrics(const PipelinePlan& plan, const RunnerProgress& progress, MetricFamilies* out) {
  const Labels base = {{"pipeline", plan.id}, {"incarnation", absl::StrCat(plan.incarnation)}};
  for (const WorkerStatus& worker : progress.workers) {
    for (const WorkerStatus::Source& source : worker.sources) WriteSource(plan, source, base, out);
    for (const WorkerStatus::Merge& merge : worker.merges) WriteMerge(plan, merge, base, out);
  }
  WriteWorkers(progress, base, out);
  WriteCounts(progress, base, out);
  WriteEventTimeLag(progress, base, out);
}

void WriteLimits(const std::string& pipeline_id, const ControlledPipeline& pipeline,
                 MetricFamilies* out) {
  const Labels base = {{"pipeline", pipeline_id}};
  const PipelineSettings& settings = pipeline.settings;
  out->AddGauge("windrow_parallelism", "Workers that each replica is to have.",
                settings.parallelism, base);
  out->AddGauge("windrow_paused", "1 while the pipeline is paused.", pipeline.paused ? 1 : 0, base);
  out->AddGauge("windrow_generation", "Number of changes of the pipeline.",
                static_cast<double>(pipeline.generation), base);
  out->AddGauge("windrow_rate_limit_records_per_second",
                "Limit of the whole source topic; 0 is none.",
                static_cast<double>(settings.records_per_second), base);
  out->AddGauge("windrow_rate_limit_bytes_per_second",
                "Limit of the whole source topic; 0 is none.",
                static_cast<double>(settings.bytes_per_second), base);
  out->AddGauge("windrow_partition_rate_limit_records_per_second",
                "Limit of each source partition; 0 is none.",
                static_cast<double>(settings.records_per_second_per_partition), base);
  out->AddGauge("windrow_state_limit_bytes", "Limit of state over all merge partitions.",
                static_cast<double>(settings.state_limit_bytes), base);
}

}  // namespace windrow::aggregator
