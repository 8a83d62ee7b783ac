#include "services/aggregator/others_report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::status::v1;

bool IsRunning(const pb::WorkerStatus& worker) {
  return worker.state() == pb::WorkerStatus::STATE_RUNNING ||
         worker.state() == pb::WorkerStatus::STATE_BLOCKED ||
         worker.state() == pb::WorkerStatus::STATE_FAILED;
}

void AddSource(const std::string& replica, bool running, const pb::SourcePartitionStatus& source,
               OthersReport* report) {
  const auto& position = source.position();
  const int partition = static_cast<int>(position.source_partition());
  const EventSpan idle_for = static_cast<EventSpan>(position.idle_for_ms()) * 1000;
  SourceFacts& facts = report->facts[partition];
  facts.replica = replica;
  facts.running = running;
  facts.limited = source.limited();
  // Behind the last record there may be markers of transactions, which nobody reads.
  facts.lag_records = idle_for > 0
                          ? 0
                          : std::max<int64_t>(0, source.log_end_offset() -
                                                     static_cast<int64_t>(position.end_offset()));
  facts.error = source.error();
  report->waiting = report->waiting || source.waiting();
  const EventTime max_event_time =
      position.has_max_event_time_us() ? position.max_event_time_us() : kNever;
  report->sources[partition] = {partition, max_event_time,
                                running && facts.error.empty() && facts.lag_records > 0,
                                static_cast<int64_t>(position.end_offset())};
  report->marks[partition] = {position.has_watermark_us() ? position.watermark_us() : kNever,
                              idle_for};
  report->partitions =
      std::max({report->partitions, partition + 1, static_cast<int>(position.source_partitions())});
}

void AddWorker(const std::string& replica, const pb::WorkerStatus& worker, OthersReport* report) {
  for (const pb::SourcePartitionStatus& source : worker.sources()) {
    AddSource(replica, IsRunning(worker), source, report);
  }
  for (const pb::MergePartitionStatus& merge : worker.merges()) {
    const EventTime closed = merge.has_closed_through_us() ? merge.closed_through_us() : kNever;
    report->closed_through = std::min(report->closed_through.value_or(closed), closed);
  }
}

}  // namespace

OthersReport ReportOthers(const PipelinePlan& plan, const std::vector<pb::ReplicaStatus>& others) {
  OthersReport report;
  const std::string name = absl::StrCat("pipelines/", plan.id);
  for (const pb::ReplicaStatus& replica : others) {
    for (const pb::PipelineStatus& status : replica.pipelines()) {
      if (status.pipeline() != name || status.incarnation() != plan.incarnation) continue;
      for (const pb::WorkerStatus& worker : status.workers()) {
        AddWorker(replica.replica(), worker, &report);
      }
    }
  }
  return report;
}

absl::optional<MergeWait> OthersReport::WaitWith(const std::vector<WorkerStatus>& own,
                                                 EventSpan idle_timeout) const {
  if (!closed_through.has_value()) return absl::nullopt;
  std::map<int, Mark> all = marks;
  int count = partitions;
  for (const WorkerStatus& worker : own) {
    for (const WorkerStatus::Source& source : worker.sources) {
      const SourcePosition& position = source.position;
      all[position.partition] = {position.watermark, position.idle_for};
      count = std::max({count, position.partition + 1, position.partitions});
    }
  }
  MergeWait wait;
  wait.closed_through = *closed_through;
  wait.sources.resize(static_cast<size_t>(count));
  for (const auto& entry : all) {
    const Mark& mark = entry.second;
    wait.sources[static_cast<size_t>(entry.first)] =
        SourceMark{mark.watermark, WindowCloser::IsIdleFor(mark.idle_for, idle_timeout)};
  }
  return wait;
}

}  // namespace windrow::aggregator
