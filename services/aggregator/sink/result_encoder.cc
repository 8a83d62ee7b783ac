#include "services/aggregator/sink/result_encoder.h"

#include <string>

#include "services/aggregator/sink/position_encoder.h"
#include "services/aggregator/sink/row_encoder.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::results::v1;

}  // namespace

void ResultEncoder::Encode(int merge_partition, const MergeChanges& changes, int64_t write_time_ms,
                           Emit emit) {
  for (size_t view = 0; view < changes.views.size(); ++view) {
    EncodeRows(static_cast<int>(view), changes, emit);
    for (const LateCount& late : changes.views[view].late) {
      pb::ResultKey key;
      key.mutable_ledger()->set_view(plan_->views[view].id);
      key.mutable_ledger()->set_window_start_us(late.window_start);
      key.mutable_ledger()->set_merge_partition(merge_partition);
      pb::ResultRecord record;
      record.mutable_ledger()->set_view(plan_->views[view].id);
      record.mutable_ledger()->set_window_start_us(late.window_start);
      record.mutable_ledger()->set_late(late.records);
      emit(key.SerializeAsString(), absl::string_view(record.SerializeAsString()));
    }
  }
  EncodeProgress(merge_partition, changes.progress, write_time_ms, emit);
}

void ResultEncoder::EncodeRows(int view_index, const MergeChanges& all, Emit emit) {
  const ViewChanges& changes = all.views[view_index];
  RowEncoder encoder(plan_.get(), &plan_->views[view_index], all.progress);
  auto group = static_cast<uint32_t>(changes.groups.size());
  // A group's rows follow each other.
  for (const RowChange& change : changes.rows) {
    if (change.group != group) {
      group = change.group;
      encoder.StartGroup(changes.groups[group]);
    }
    const absl::string_view key = encoder.Key(change.window_start);
    if (change.deleted) {
      emit(key, absl::nullopt);
    } else {
      emit(key, encoder.Value(change));
    }
  }
}

void ResultEncoder::EncodeProgress(int merge_partition, const MergeProgress& progress,
                                   int64_t write_time_ms, Emit emit) {
  pb::ResultKey key;
  key.mutable_progress()->set_merge_partition(merge_partition);
  pb::ResultRecord record;
  pb::Progress& out = *record.mutable_progress();
  out.set_merge_partition(merge_partition);
  out.set_merge_partitions(plan_->merge_partitions);
  if (progress.closed_through != kNever) out.set_closed_through_us(progress.closed_through);
  out.set_drain_generation(progress.drain_generation);
  for (const SourcePosition& source : progress.sources) {
    if (source.partition % plan_->merge_partitions == merge_partition) {
      EncodePosition(source, out.add_sources());
    }
  }
  out.set_expired(progress.expired);
  out.set_discontinuities(progress.discontinuities);
  for (const ViewPlan& view : plan_->views) out.add_views(view.id);
  out.set_write_time_ms(write_time_ms);
  emit(key.SerializeAsString(), absl::string_view(record.SerializeAsString()));
}

}  // namespace windrow::aggregator
